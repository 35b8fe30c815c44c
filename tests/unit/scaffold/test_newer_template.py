"""Folders whose built-in template has changed since they were made."""

from pathlib import Path

import pytest

from toolkit.errors import Severity
from toolkit.scaffold.folder import NewFolder, staged
from toolkit.scaffold.newer_template import newer_template
from toolkit.scaffold.record import RECORD
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


def test_a_fresh_folder_has_the_newest_template(folder: Path) -> None:
    assert newer_template(folder) == ()


def test_another_revision_is_found_until_it_is_applied(folder: Path, tmp_path: Path) -> None:
    _change(folder, revision_of("container"), "0123456789ab")
    (found,) = newer_template(folder)
    assert (found.rule, found.severity, found.where.path) == ("S003", Severity.INFO, folder / RECORD)
    assert found.message == "the template container changed since this folder was made"
    trust = Trust.of({"COMP_STATE_DIR": str(tmp_path / "state")})
    sync(folder, trust=trust, check=True)
    assert newer_template(folder) == (found,)
    sync(folder, trust=trust)
    assert newer_template(folder) == ()


def test_what_cannot_be_compared_is_no_finding(folder: Path, tmp_path: Path) -> None:
    assert newer_template(tmp_path) == ()
    _change(folder, '"revision"', '"another"')
    assert newer_template(folder) == ()
    _change(folder, '"another"', '"revision"')
    _change(folder, '"template": "container"', '"template": "git+https://git.example.com/t"')
    assert newer_template(folder) == ()
    (folder / RECORD).write_text("{")
    assert newer_template(folder) == ()


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
