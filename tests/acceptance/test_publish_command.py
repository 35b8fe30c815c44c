"""`comp publish` and `comp import`, as users run them."""

import json
import os
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.components import small_base, write_component
from tests.contracts import contract
from tests.fake_remote import FakeRemote, serving
from tests.repositories import make_repository

CONTRACT = contract().replace("name: n", "name: Count things")
SETTINGS = '[project]\nname = "count"\nversion = "1.0.0"\n\n[tool.comp]\ncommand = ["run"]\nnamespace = "ml"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "count"
    (folder / "examples").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS)
    (folder / "component.yaml").write_text(CONTRACT)
    (folder / "README.md").write_text("# Count\n")
    (folder / "examples" / "run.py").write_text("print(1)\n")
    return folder


def test_a_dry_run_says_what_would_be_published(folder: Path, tmp_path: Path) -> None:
    words = ("publish", folder, "--registry", "shared", "--no-image-check")
    dry = comp(*words, "--dry-run", folder=tmp_path)
    image = f"a/b@sha256:{'0' * 64}"
    described = f"ml/count@1.0.0 (component.yaml, README.md, examples/run.py; image {image})"
    assert (dry.code, dry.err) == (0, f"would publish {described} in shared\n")
    assert not (tmp_path / "shared").exists()
    done = comp(*words, folder=tmp_path)
    assert (done.code, done.out) == (0, dry.out)
    shown = json.loads(ok("show", "ml/count", "--registry", "shared", "--format", "json", folder=tmp_path))
    assert {*shown["files"]} == {"README.md", "examples/run.py"}
    again = comp(*words, "--dry-run", folder=tmp_path)
    assert (again.code, again.err) == (0, "ml/count@1.0.0 was there already\n")


def test_everything_that_is_wrong_is_listed_at_once(folder: Path, tmp_path: Path) -> None:
    (folder / "pyproject.toml").write_text(SETTINGS.replace("1.0.0", "1.0").replace('namespace = "ml"\n', ""))
    (folder / "component.yaml").write_text(CONTRACT.replace("@sha256:" + "0" * 64, ":1"))
    (folder / "LICENSE").symlink_to("/etc/hostname")
    result = comp("publish", "count", "--registry", "shared", "--dry-run", folder=tmp_path)
    assert result.code == 1
    first, *lines = result.err.splitlines()
    assert first == "error: 4 problems:"
    assert [line.partition(": ")[0].strip() for line in lines] == [
        *("count/pyproject.toml", "count/pyproject.toml", "count/component.yaml:7:12", "count/LICENSE")
    ]


def test_build_and_publish_in_one_command(tmp_path: Path) -> None:
    folder = write_component(tmp_path / "count", small_base(tmp_path / "base"), settings="bytecode = false")
    with serving(FakeRemote()) as remote:
        environ = {**os.environ, "COMP_IMAGE_PREFIX": f"{remote.host}/ml", "COMP_CACHE_DIR": str(tmp_path / "cache")}
        words = ("publish", folder, "--registry", "shared", "--namespace", "ml")
        refused = comp(*words, folder=tmp_path, env=environ)
        assert refused.code == 1
        assert "\nhint: --build builds, pushes and pins it first" in refused.err
        dry = comp(*words, "--build", "--dry-run", folder=tmp_path, env=environ)
        assert (dry.code, remote.manifests) == (0, {})
        assert "would build and push the image of count-words, and pin it" in dry.err
        done = comp(*words, "--build", folder=tmp_path, env=environ)
        assert (done.code, done.out.split()[0]) == (0, "ml/count-words@1.2.0"), done.err
        assert f"pushed {remote.host}/ml/count-words@sha256:" in done.err
        remote.manifests.clear()
        gone = comp(*words, folder=tmp_path, env=environ)
    assert gone.code == 1
    assert "is not on its remote" in gone.err
    offline = comp(*words, folder=tmp_path, env=environ)
    assert offline.code == 3
    assert "cannot see whether" in offline.err
    assert "--no-image-check publishes without asking" in offline.err


def test_a_contract_alone(folder: Path, tmp_path: Path) -> None:
    words = ("publish", "count/component.yaml", "--registry", "shared", "--namespace", "others", "--no-image-check")
    refused = comp(*words, folder=tmp_path)
    assert (refused.code, refused.err) == (
        1,
        "error: count/component.yaml: the contract names no version\n\nhint: give one: --version 0.1.0\n",
    )
    done = comp(*words, "--version", "0.1.0", folder=tmp_path)
    assert (done.code, done.out.split()[0]) == (0, "others/count@0.1.0")
    (folder / "component.yaml").write_text(CONTRACT.replace("@sha256:" + "0" * 64, ":1"))
    tagged = comp(*words, "--version", "0.2.0", folder=tmp_path)
    assert tagged.code == 1
    assert "the image a/b:1 is not pinned by digest" in tagged.err
    assert "--pin takes the digest that the tag names now" in tagged.err
    assert ok(*words, "--version", "0.2.0", "--allow-tags", "--name", "n", folder=tmp_path).startswith("others/n@0.2.0")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["count", "--name", "x"], "are for a FILE or URL"),
        (["count/component.yaml", "--build"], "is published alone"),
        (["count/component.yaml", "https://h/x.yaml"], "is published alone"),
    ],
)
def test_options_that_do_not_go_together(folder: Path, tmp_path: Path, words: list[str], message: str) -> None:
    assert folder.is_dir()
    result = comp("publish", *words, "--registry", "shared", folder=tmp_path)
    assert (result.code, message in result.err) == (2, True)


def test_a_folder_that_is_only_a_contract_leads_to_publishing_that(folder: Path, tmp_path: Path) -> None:
    (folder / "pyproject.toml").unlink()
    refused = comp("publish", "count", "--registry", "shared", "--namespace", "others", folder=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("error: count has component.yaml and no pyproject.toml\n")
    assert "comp publish count/component.yaml publishes the contract as it is" in refused.err


def test_an_import_says_once_what_helps(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "work" / name).mkdir(parents=True)
        (tmp_path / "work" / name / "component.yaml").write_text(CONTRACT.replace("@sha256:" + "0" * 64, ":1"))
    refused = comp("import", "work", "--namespace", "others", "--registry", "shared", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines()[-2:] == [
        "hint for 2 of these: --pin takes the digest that each tag names now, and --allow-tags leaves the tags",
        "2 contracts: 0 published, 0 there already, 2 refused",
    ]


def test_import_a_folder_and_a_history(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "work")
    repository.commit({"train/component.yaml": CONTRACT, "LICENSE": "free", "bad/component.yaml": "name: ["})
    repository.commit({"train/component.yaml": CONTRACT.replace("description: d", "description: e")})
    words = ("import", "work", "--namespace", "others", "--registry", "shared")
    dry = comp(*words, "--dry-run", folder=tmp_path)
    assert dry.code == 1
    assert dry.err.endswith("2 contracts: 1 to publish, 0 there already, 1 refused (C001 1)\n")
    assert dry.err.startswith("work/bad/component.yaml:2:1: ")
    assert "[C001]" in dry.err
    assert not (tmp_path / "shared").exists()
    history = comp(*words, "--history", folder=tmp_path)
    assert [line.split()[0] for line in history.out.splitlines()] == ["others/train@0.0.1", "others/train@0.0.2"]
    again = comp(*words, "--history", "--format", "json", folder=tmp_path)
    contracts = json.loads(again.out)["contracts"]
    assert [(each["release"], each["new"], each["rule"]) for each in contracts] == [
        (None, False, "C001"),
        ("others/train@0.0.1", False, None),
        ("others/train@0.0.2", False, None),
    ]


def test_hostile_words_reach_no_terminal(folder: Path, tmp_path: Path) -> None:
    """What a stranger's contract says is published as it is, and printed without what steers a terminal."""
    text = CONTRACT.replace("name: Count things", 'name: "\\e]0;owned\\a<script>alert(1)</script>"')
    (folder / "component.yaml").write_text(text)
    (folder / "README.md").write_text("\x1b[2J<script>alert(1)</script>")
    words = ("publish", "count", "--registry", "shared", "--no-image-check")
    for each in (comp(*words, "--dry-run", folder=tmp_path), comp(*words, folder=tmp_path)):
        assert each.code == 0, each.err
        assert "\x1b" not in each.out + each.err
    (folder / "examples" / "a\x1bb").write_text("x")
    refused = comp(*words, folder=tmp_path)
    assert refused.code == 1
    assert "cannot be a file of a release" in refused.err
    assert "\x1b" not in refused.err
