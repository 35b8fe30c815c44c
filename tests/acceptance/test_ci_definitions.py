"""`comp ci init`: definitions that the platforms' own schemas and actionlint accept, and files that it leaves alone."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import comp, ok, run_program
from tests.daemons import require

PREFIX = "registry.example.com:5000/ml"
SETTINGS = """[project]
name = "{name}"
version = "1.0.0"
requires-python = ">=3.11"

[tool.comp]
entrypoint = "code:f"
"""
CHOICES = {
    "plain": (),
    "prefix": ("--image-prefix", PREFIX),
    "folder": ("--image-prefix", PREFIX, "--root", "ser vices/m'l; #"),
}


def component(folder: Path, more: str = "") -> None:
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS.format(name=re.sub(r"\W", "-", folder.name)) + more)
    (folder / "src" / "code.py").write_text("def f(x: int) -> int:\n    return x\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two components, one in a folder with a name that shells and YAML take apart."""
    folder = tmp_path / "repository"
    component(folder / "one")
    component(folder / "ser vices" / "m'l; #" / "two")
    run_program("git", "init", "-q", "-b", "trunk", folder)
    return folder


def written(repository: Path, platform: str, *options: str) -> Path:
    result = comp("ci", "init", platform, *options, folder=repository)
    assert result.code == 0, result.err
    assert result.out == ""
    return repository / result.err.splitlines()[0].removeprefix("wrote ")


@pytest.mark.parametrize("options", CHOICES.values(), ids=CHOICES)
def test_github(repository: Path, options: tuple[str, ...]) -> None:
    path = written(repository, "github", *options)
    assert path == repository / ".github/workflows/components.yaml"
    # It runs shellcheck on every script.
    run_program(require("actionlint"), "-shellcheck", require("shellcheck"), path)
    check_schema("vendor.github-workflows", path)


@pytest.mark.parametrize("options", CHOICES.values(), ids=CHOICES)
def test_gitlab(repository: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    path = written(repository, "gitlab", *options)
    assert path == repository / ".gitlab-ci.yml"
    check_schema("vendor.gitlab-ci", path)
    document = yaml.safe_load(path.read_text())
    before = document[".components"]["before_script"]
    for name in ("components-check", "components-push"):
        check_script("sh", "\n".join([*before, *document[name]["script"]]), tmp_path)


def test_argo(repository: Path, tmp_path: Path) -> None:
    """The cluster's tests compare it with Argo's schema."""
    path = written(repository, "argo", *CHOICES["folder"])
    template, *volumes = yaml.safe_load_all(path.read_text())
    container = template["spec"]["templates"][0]["container"]
    check_script("bash", container["args"][0], tmp_path)
    used = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in template["spec"]["volumes"]
        if "tmp" not in str(volume) and "secret" not in volume
    }
    assert used == {volume["metadata"]["name"] for volume in volumes}
    named = {volume["name"] for volume in template["spec"]["volumes"]}
    assert named == {mount["name"] for mount in container["volumeMounts"]}
    texts = re.findall(r"\{\{workflow\.parameters\.(\w+)\}\}", path.read_text())
    assert set(texts) == {parameter["name"] for parameter in template["spec"]["arguments"]["parameters"]}
    assert_restricted(container["securityContext"] | template["spec"]["securityContext"])


def test_tekton(repository: Path, tmp_path: Path) -> None:
    """Tekton publishes no schema of its resources, so this is what its documentation of tasks demands."""
    path = written(repository, "tekton", *CHOICES["folder"])
    task, *volumes = yaml.safe_load_all(path.read_text())
    assert (task["apiVersion"], task["kind"]) == ("tekton.dev/v1", "Task")
    assert all(volume["kind"] == "PersistentVolumeClaim" for volume in volumes)
    spec = task["spec"]
    assert spec.keys() == {"params", "workspaces", "volumes", "stepTemplate", "steps"}
    assert all(param.keys() <= {"name", "type", "description", "default"} for param in spec["params"])
    assert all(one.keys() <= {"name", "description", "optional", "readOnly"} for one in spec["workspaces"])
    assert spec["stepTemplate"].keys() == {"image", "env", "securityContext", "volumeMounts"}
    variables = set()
    for step in spec["steps"]:
        # With a script there can be no command; a folder to work in would be made before the clone, which wants none.
        assert step.keys() == {"name", "env", "script"}
        assert step["script"].startswith("#!/usr/bin/env bash\nset -euo pipefail\n")
        # Values reach a script as variables: in its text, they would be code.
        assert "$(params" not in step["script"]
        assert "$(workspaces" not in step["script"]
        check_script("bash", step["script"], tmp_path)
        variables |= {name for one in step["env"] for name in re.findall(r"\$\((.*?)\)", one["value"])}
    declared = {f"params.{param['name']}" for param in spec["params"]}
    assert variables == declared | {f"workspaces.{one['name']}.path" for one in spec["workspaces"]}
    assert_restricted(spec["stepTemplate"]["securityContext"])


def assert_restricted(context: dict[str, Any]) -> None:
    """Assert what the restricted Pod Security Standard demands."""
    assert context["runAsNonRoot"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert context["readOnlyRootFilesystem"] is True


def check_schema(schema: str, path: Path) -> None:
    """Check a file with a schema that check-jsonschema brings."""
    run_program(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path)


def check_script(shell: str, script: str, folder: Path) -> None:
    """Check a script with shellcheck, every remark an error."""
    path = folder / "script"
    path.write_text(f"set -e\n{script}\n")
    run_program(require("shellcheck"), "--shell", shell, "--exclude", "SC2148,SC1128", path)


def test_what_it_prints(repository: Path) -> None:
    result = comp("ci", "init", "github", folder=repository)
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "wrote .github/workflows/components.yaml\n"
        "components: one, two\n"
        "default branch: trunk\n"
        "note: without a lock, so that CI may install other versions than you: one, two\n"
        "note: `comp lock --all` writes locks; commit them, delete the file, and run this command again\n"
        "note: no namespace in [tool.comp], which publishing needs: one, two\n"
    )


def test_builds_keep_to_the_locks_that_are_there(repository: Path) -> None:
    for path in repository.rglob("pyproject.toml"):
        (path.parent / "requirements.lock").write_text("")
    result = comp("ci", "init", "gitlab", folder=repository)
    assert "note: no lock" not in result.err
    text = (repository / ".gitlab-ci.yml").read_text()
    assert '    - comp build --all --locked --since "$SINCE"\n' in text
    assert "    - comp build --all --locked --push\n" in text
    # One lock for all of them.
    for path in repository.rglob("requirements.lock"):
        path.unlink()
    (repository / "pyproject.toml").write_text('[tool.comp.workspace]\nlock = "shared"\n')
    written(repository, "github")
    text = (repository / ".github/workflows/components.yaml").read_text()
    assert "comp build --all --push\n" in text
    (repository / "comp.lock").write_text("")
    written(repository, "argo", "--image-prefix", PREFIX)
    assert "comp build --all --locked --push\n" in (repository / "ci" / "argo.yaml").read_text()


def test_a_file_of_the_users_stays(repository: Path) -> None:
    path = written(repository, "github")
    again = comp("ci", "init", "github", folder=repository)
    assert (again.code, again.err.splitlines()[0]) == (0, ".github/workflows/components.yaml is fresh")
    path.write_text(path.read_text().replace("timeout-minutes: 60", "timeout-minutes: 90", 1))
    before = path.read_bytes()
    result = comp("ci", "init", "github", folder=repository)
    assert result.code == 1
    assert "-    timeout-minutes: 90\n+    timeout-minutes: 60\n" in result.out
    assert result.err == (
        "error: .github/workflows/components.yaml exists with other content, and stays as it is\n\n"
        "hint: take over the lines that you want, or write another file with --output\n"
    )
    assert path.read_bytes() == before
    ok("ci", "init", "github", "--output", "x/other.yaml", folder=repository)
    assert (repository / "x" / "other.yaml").is_file()


def test_a_folder_below_the_top(repository: Path) -> None:
    """The file belongs to the top of the repository, wherever the command runs."""
    written(repository / "one", "gitlab")
    text = (repository / ".gitlab-ci.yml").read_text()
    assert '    - "cd one"\n' in text
    component(repository / ".hidden")
    text = written(repository / ".hidden", "github").read_text()
    assert '    working-directory: ".hidden"\n' in text


def test_a_folder_of_a_collection_stands_for_all_of_it(repository: Path) -> None:
    (repository / "pyproject.toml").write_text("[tool.comp.workspace]\n")
    result = comp("ci", "init", "github", folder=repository / "one")
    assert "wrote ../.github/workflows/components.yaml\ncomponents: one, two\n" in result.err
    assert "working-directory" not in (repository / ".github/workflows/components.yaml").read_text()


def test_the_default_branch_of_the_remote(repository: Path, tmp_path: Path) -> None:
    git = ("git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@b")
    run_program(*git, "add", ".")
    run_program(*git, "commit", "-q", "-m", "x")
    clone = tmp_path / "clone"
    run_program("git", "clone", "-q", repository, clone)
    run_program("git", "-C", clone, "checkout", "-q", "-b", "feature")
    assert "branches: [trunk]" in written(clone, "github").read_text()
    text = written(clone, "argo", "--image-prefix", PREFIX, "--branch", "other").read_text()
    assert "value: other\n" in text
    assert f"value: {repository}\n" in text


def test_a_login_of_the_remote_is_not_written(repository: Path) -> None:
    run_program("git", "-C", repository, "remote", "add", "origin", "https://ann:s3cr3t-word@git.example.com/x.git")
    text = written(repository, "argo", "--image-prefix", PREFIX).read_text()
    assert "value: https://git.example.com/x.git\n" in text


def test_images_on_another_server_are_named(repository: Path) -> None:
    component(repository / "three", 'image = "other.example.com/three"\n')
    result = comp("ci", "init", "github", folder=repository)
    assert "note: the definition logs in to ghcr.io alone; other servers have the images of three\n" in result.err


def test_a_broken_component_is_named(repository: Path) -> None:
    component(repository / "three", "imagee = 1\n")
    result = comp("ci", "init", "github", folder=repository)
    assert result.code == 0
    assert "warning: three: " in result.err


def _no_repository(repository: Path) -> None:
    (repository / ".git").rename(repository.parent / "moved")


def _no_component(repository: Path) -> None:
    for path in repository.rglob("pyproject.toml"):
        path.unlink()


@pytest.mark.parametrize(
    ("words", "code", "message", "prepare"),
    [
        (("travis",), 2, "'travis' is not one of 'github', 'gitlab', 'argo', 'tekton'", None),
        ((), 2, "missing argument", None),
        (("github",), 2, "is not in a git repository", _no_repository),
        (("github",), 1, "no component below", _no_component),
        (("github", "--root", "none"), 1, "none does not exist", None),
        (("argo",), 2, "no image name for one, two, and argo has no registry of its own", None),
        (("github", "--image-prefix", "x y"), 2, "invalid --image-prefix x y", None),
        (("github", "--image-prefix", "ghcr.io/me:1"), 2, "invalid --image-prefix ghcr.io/me:1", None),
        (("github", "--output", "one"), 2, "is a directory", None),
        (("github", "--output", "one/src/code.py/x.yaml"), 3, "cannot write", None),
    ],
)
def test_bad_input(
    repository: Path, words: tuple[str, ...], code: int, message: str, prepare: Callable[[Path], None] | None
) -> None:
    if prepare:
        prepare(repository)
    result = comp("ci", "init", *words, folder=repository)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert not (repository / ".github").exists()
