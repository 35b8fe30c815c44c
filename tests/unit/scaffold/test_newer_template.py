"""Folders whose built-in template has changed since they were made."""

import json
from pathlib import Path

import pytest

from toolkit.errors import Severity
from toolkit.scaffold.folder import NewFolder, staged
from toolkit.scaffold.newer_template import newer_template
from toolkit.scaffold.record import RECORD, digests
from toolkit.scaffold.sync import sync
from toolkit.scaffold.template import opened, revision_of
from toolkit.scaffold.trust import Trust


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of a built-in template."""
    new = NewFolder(name="step", into=tmp_path)
    with opened("container") as template, staged(new, template, template.answers("step", "step", {})):
        pass
    return new.folder


def _change(folder: Path, old: str, new: str) -> None:
    record = folder / RECORD
    text = record.read_text()
    assert old in text
    record.write_text(text.replace(old, new))


def _age(folder: Path) -> None:
    """Let a folder be as an older template made it, with another README."""
    (folder / "README.md").write_text("as an older template wrote it\n")
    record = json.loads((folder / RECORD).read_text())
    record["files"] |= digests(folder, ["README.md"])
    (folder / RECORD).write_text(json.dumps({**record, "revision": "0123456789ab"}))


def _found(folder: Path) -> list[str]:
    return [finding.message for finding in newer_template(folder, {})]


def test_a_fresh_folder_has_the_newest_template(folder: Path) -> None:
    assert _found(folder) == []


def test_changes_are_found_until_they_are_applied(folder: Path, tmp_path: Path) -> None:
    _change(folder, revision_of("container"), "0123456789ab")
    # The template was another one, and gives the same files.
    assert _found(folder) == []
    _age(folder)
    (found,) = newer_template(folder, {})
    assert (found.rule, found.severity, found.where.path) == ("S003", Severity.INFO, folder / RECORD)
    assert found.message == "the template container has changes for README.md"
    trust = Trust.of({"COMP_STATE_DIR": str(tmp_path / "state")})
    sync(folder, trust=trust)
    assert _found(folder) == []
    assert "older" not in (folder / "README.md").read_text()


def test_the_same_revision_is_not_rendered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "README.md").unlink()
    monkeypatch.delattr("toolkit.scaffold.newer_template.sync")
    assert _found(folder) == []


def test_what_cannot_be_compared_is_no_finding(folder: Path, tmp_path: Path) -> None:
    _age(folder)
    assert len(_found(folder)) == 1
    assert _found(tmp_path) == []
    text = (folder / RECORD).read_text()
    for broken in (
        text.replace('"revision"', '"another"'),
        text.replace('"container"', '"git+https://git.example.com/t"'),
        text.replace('"container"', '"../elsewhere"'),
        "{",
    ):
        (folder / RECORD).write_text(broken)
        assert _found(folder) == []


def test_a_revision_changes_with_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "templates" / "container").mkdir(parents=True)
    (tmp_path / "templates" / "container" / "a").write_text("1")
    monkeypatch.setattr("toolkit.scaffold.template.resource", tmp_path.joinpath)
    revision = revision_of.__wrapped__
    first = revision("container")
    (tmp_path / "templates" / "container" / "a").write_text("2")
    second = revision("container")
    (tmp_path / "templates" / "container" / "a").rename(tmp_path / "templates" / "container" / "b")
    assert len({first, second, revision("container")}) == 3
    assert revision("git+https://git.example.com/t") == ""
