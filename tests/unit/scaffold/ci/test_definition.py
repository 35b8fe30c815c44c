"""Definitions for CI platforms: values arrive as they are, whatever they are called."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit import __version__
from toolkit.errors import InputError
from toolkit.scaffold.ci.definition import PLATFORMS, Subject, difference, login_host, render

HOSTILE = (
    "services/ml",
    "ser vices/m'l",
    'a"b',
    "- a: b #c",
    "über/日本",
    "a\\b",
    "true",
    "1.0",
    "*",
    "&x",
    "~",
    "a;b|c",
)


def subject(platform: str, **values: Any) -> Subject:  # noqa: ANN401 (fields of a record)
    given = {"directory": "", "branch": "main", "repository": "https://git.example.com/team/c.git", **values}
    return Subject(platform=platform, path=PLATFORMS[platform].path, **given)


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that occurs twice, as kubectl does; PyYAML takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 (PyYAML's)
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return super().construct_mapping(node, deep)


def documents(text: str) -> list[Any]:
    return list(yaml.load_all(text, StrictLoader))


@pytest.mark.parametrize("directory", HOSTILE)
def test_a_folder_arrives_as_it_is(directory: str) -> None:
    github = documents(render(subject("github", directory=directory)))[0]
    assert github["defaults"]["run"]["working-directory"] == directory
    argo = documents(render(subject("argo", directory=directory)))[0]
    assert argo["spec"]["templates"][0]["container"]["workingDir"] == f"/source/{directory}"


@pytest.mark.parametrize("prefix", [None, "reg.example.com:5000/team/a_b", "ghcr.io/me"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_word_of_the_template_language_is_left(platform: str, prefix: str | None) -> None:
    for directory in ("", "a/b"):
        text = render(subject(platform, prefix=prefix, directory=directory))
        assert not re.search(r"<[{%#]|[}%#]>|\n\n\n|[ \t]\n", text)
        assert text.endswith("\n")
        assert f"comp-toolkit=={__version__}\n" in text


@pytest.mark.parametrize("branch", ["main", "release/1.x", "a+b", "!x", "1", "on"])
def test_the_branch(branch: str) -> None:
    # PyYAML reads the key `on` as a boolean, as YAML 1.1 does.
    (pattern,) = documents(render(subject("github", branch=branch)))[0][True]["push"]["branches"]
    assert re.sub(r"\\(.)", r"\1", pattern) == branch
    assert not re.search(r"(?<!\\)[*?+!\[\]]", pattern)
    argo = documents(render(subject("argo", branch=branch)))[0]
    assert argo["spec"]["arguments"]["parameters"][1]["value"] == branch


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "directory", ["${{ secrets.X }}", "$HOME", "$(id)", "`id`", "{{workflow.name}}", "a\nb", "a\x1b"]
)
def test_a_folder_that_a_platform_would_replace(platform: str, directory: str) -> None:
    with pytest.raises(InputError) as refused:
        render(subject(platform, directory=directory))
    assert refused.value.hint == "change the folder"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_address_counts_where_the_definition_clones(platform: str) -> None:
    odd = subject(platform, repository="https://git.example.com/$x.git")
    if platform in {"argo", "tekton"}:
        with pytest.raises(InputError, match="address"):
            render(odd)
    else:
        assert "$x.git" not in render(odd)


@pytest.mark.parametrize(
    ("platform", "prefix", "host"),
    [
        ("github", None, "ghcr.io"),
        ("github", "reg.example.com:5000/x", "reg.example.com:5000"),
        ("github", "me/x", "docker.io"),
        ("gitlab", None, "$CI_REGISTRY"),
        ("argo", None, None),
    ],
)
def test_the_server_of_the_login(platform: str, prefix: str | None, host: str | None) -> None:
    assert login_host(subject(platform, prefix=prefix)) == host


def test_the_token_of_github_goes_to_its_own_server_alone() -> None:
    for prefix, token in (
        (None, True),
        ("ghcr.io/me", True),
        ("reg.example.com/x", False),
        ("ghcr.io.evil.com/x", False),
    ):
        text = render(subject("github", prefix=prefix))
        assert ("github.token" in text) is token
        assert ("packages: write" in text) is token
        assert ("secrets.REGISTRY_PASSWORD" in text) is not token


def test_actions_are_pinned_by_commit() -> None:
    text = render(subject("github"))
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) == 5
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one) for one in uses)


def test_pull_requests_have_no_rights_beyond_reading() -> None:
    workflow = documents(render(subject("github")))[0]
    assert workflow["permissions"] == {}
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert rights == {
        "check": {"contents": "read"},
        "push": {"contents": "read", "packages": "write"},
        "publish": {"contents": "write", "packages": "write"},
    }
    assert workflow["jobs"]["push"]["if"] == "github.event_name == 'push'"
    assert workflow["jobs"]["publish"]["needs"] == "push"
    steps = workflow["jobs"]["check"]["steps"]
    assert not [step for step in steps if "secrets" in str(step) or "token" in str(step) or "--push" in str(step)]


def test_the_difference(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    assert difference(path, "a\n") is None
    path.write_bytes(b"a\r\n\xff")
    assert difference(path, "a\n") == "--- x.yaml\n+++ x.yaml (new)\n@@ -1,2 +1 @@\n-a\r\n-\ufffd+a\n"
    path.write_text("a\n")
    assert difference(path, "a\n") == ""
