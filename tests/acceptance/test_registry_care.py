"""`comp registry`, as those who keep a registry run it."""

import json
from pathlib import Path

from tests.commands import comp, ok
from tests.releases import publish, release
from toolkit.registry.directory import Directory


def test_a_registry_is_made_and_what_to_do_next_is_printed(tmp_path: Path) -> None:
    made = comp("registry", "init", "shared", folder=tmp_path)
    assert (made.code, made.out) == (0, "shared\n")
    assert made.err == (
        "made the registry shared\n"
        "publish in it: comp publish COMPONENT --registry shared\n"
        "or name it in pyproject.toml, for --registry shared:\n"
        "  [tool.comp.registries]\n"
        '  shared = "shared"\n'
    )
    assert json.loads((tmp_path / "shared" / "config.json").read_text()) == {
        "api": 1,
        "name": "shared",
        "immutable": True,
    }
    assert comp("search", "--registry", "shared", folder=tmp_path).err == "0 components\n"


def test_a_registry_that_is_there_stays(tmp_path: Path) -> None:
    publish(Directory.create(tmp_path / "shared"), release())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "shared").rglob("*")}
    again = comp("registry", "init", "shared", "--name", "other", folder=tmp_path)
    assert (again.code, again.out) == (0, "shared\n")
    assert again.err.startswith("shared is a registry already\n")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    refused = comp("registry", "init", ".", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "error: . has files in it and is not a registry\n\nhint: name a new or empty folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_name_that_no_setting_could_have_is_refused(tmp_path: Path) -> None:
    refused = comp("registry", "init", "shared", "--name", "My Team", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: 'My Team' is not a name of a registry\n\nhint: ")
    assert not (tmp_path / "shared").exists()
    odd = comp("registry", "init", "My Team", folder=tmp_path)
    assert (odd.code, odd.out) == (0, "My Team\n")
    assert "comp publish COMPONENT --registry 'My Team'\n" in odd.err


def test_indexes_are_made_again(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    publish(Directory.create(shared), release())
    before = (shared / "catalog.jsonl.gz").read_bytes()
    (shared / "catalog.jsonl.gz").write_text("broken")
    warned = comp("search", "--registry", "shared", folder=tmp_path)
    assert (warned.code, warned.out) == (0, "ml/train@1.0.0  Fit a model\n")
    assert "comp registry reindex" in warned.err
    assert comp("registry", "reindex", "--registry", "shared", folder=tmp_path).err == (
        "made the indexes of 1 component again\n"
    )
    assert (shared / "catalog.jsonl.gz").read_bytes() == before
    assert ok("search", "--registry", "shared", folder=tmp_path) == "ml/train@1.0.0  Fit a model"
