"""Applying a newer template: the user's changes stay."""

from pathlib import Path

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.scaffold.folder import NewFolder, staged
from toolkit.scaffold.sync import Change, managed, sync
from toolkit.scaffold.template import opened
from toolkit.scaffold.trust import Trust


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Write a template of four files."""
    folder = tmp_path / "template"
    inner = folder / "{{cookiecutter.folder}}"
    inner.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text('{"folder": "step"}')
    for name in ("same", "old", "both", "deleted"):
        (inner / name).write_text("1\n")
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """Make a folder of the template, change it, and change the template."""
    new = NewFolder(name="step", into=tmp_path)
    with opened(str(template)) as found, staged(new, found, {"folder": "step"}):
        pass
    (new.folder / "both").write_text("mine\n")
    (new.folder / "deleted").unlink()
    for name in ("old", "both", "deleted", "added"):
        (template / "{{cookiecutter.folder}}" / name).write_text("2\n")
    return new.folder


def _trust(tmp_path: Path) -> Trust:
    return Trust.of({"COMP_STATE_DIR": str(tmp_path / "state")})


CHANGES = {("added", "add"), ("old", "replace"), ("both", "conflict"), ("deleted", "gone")}


def _pairs(changes: tuple[Change, ...]) -> set[tuple[str, str]]:
    return {(change.path, change.what) for change in changes}


def test_a_check_changes_nothing(template: Path, folder: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert _pairs(sync(folder, trust=_trust(tmp_path), named=str(template), check=True)) == CHANGES
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_only_files_that_the_user_left_alone_are_replaced(template: Path, folder: Path, tmp_path: Path) -> None:
    assert _pairs(sync(folder, trust=_trust(tmp_path), named=str(template))) == CHANGES
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    assert texts == {"same": "1\n", "old": "2\n", "added": "2\n", "both": "mine\n", "both.rej": "2\n"}
    # The record has the new version, so the next sync has nothing to apply.
    assert sync(folder, trust=_trust(tmp_path)) == ()


def test_markers_in_the_file(template: Path, folder: Path, tmp_path: Path) -> None:
    sync(folder, trust=_trust(tmp_path), named=str(template), inline=True)
    assert (folder / "both").read_text() == "<<<<<<< yours\nmine\n=======\n2\n>>>>>>> template\n"


def test_a_header_that_names_a_schema_is_no_change_and_stays(template: Path, folder: Path, tmp_path: Path) -> None:
    header = "#:schema ../.comp/schemas/pyproject.schema.json\n"
    for name in ("same", "old"):
        (folder / name).write_text(f"{header}1\n")
    assert _pairs(sync(folder, trust=_trust(tmp_path), named=str(template))) == CHANGES
    assert (folder / "same").read_text() == f"{header}1\n"
    assert (folder / "old").read_text() == f"{header}2\n"


def test_a_template_that_the_user_has_not_named_is_not_used(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which you have not used on this machine"):
        sync(folder, trust=_trust(tmp_path))
    with pytest.raises(UsageError, match="was made from the template"):
        sync(folder, trust=_trust(tmp_path), named="other")


def test_the_contract_and_the_users_code_are_not_the_templates(tmp_path: Path) -> None:
    for name in ("component.yaml", "README.md", "src/a.py", ".comp/scaffold.json", "components/b.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert managed(tmp_path, "function") == ["README.md"]
    assert managed(tmp_path, "own") == ["README.md", "src/a.py"]
