"""A new folder appears at its place when it is complete, or not at all."""

from pathlib import Path

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.scaffold.folder import NewFolder, staged
from toolkit.scaffold.record import RECORD, ScaffoldRecord
from toolkit.scaffold.template import Template

ANSWERS = {"folder": "my_step"}


@pytest.fixture
def template(tmp_path: Path) -> Template:
    folder = tmp_path / "template"
    inner = folder / "{{cookiecutter.folder}}"
    inner.mkdir(parents=True)
    (inner / "README.md").write_text("# {{cookiecutter.folder}}\n")
    return Template(folder=folder, name=str(folder), questions=ANSWERS)


@pytest.mark.parametrize("name", ["", "My-Step", "a--b", "-a", "a b", "../a"])
def test_an_invalid_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not a component name"):
        NewFolder.checked(name, into=tmp_path)


def test_an_existing_folder_needs_force(tmp_path: Path) -> None:
    (tmp_path / "my_step").mkdir()
    with pytest.raises(InputError, match="my_step exists already"):
        NewFolder.checked("my_step", into=tmp_path)
    assert NewFolder.checked("my_step", into=tmp_path, force=True).name == "my-step"


def test_the_folder_has_the_templates_files_those_of_the_block_and_the_record(
    template: Template, tmp_path: Path
) -> None:
    new = NewFolder(name="my-step", into=tmp_path / "steps")
    with staged(new, template, ANSWERS) as folder:
        (folder / "component.yaml").write_text("name: n\n")
        assert not new.folder.exists()
    assert {path.name for path in new.folder.iterdir()} == {".comp", "README.md", "component.yaml"}
    record = ScaffoldRecord.read(new.folder)
    assert (record.template, list(record.files)) == ("../../template", ["README.md"])
    assert [path.name for path in (tmp_path / "steps").iterdir()] == ["my_step"]


def test_a_block_that_fails_leaves_nothing(template: Template, tmp_path: Path) -> None:
    new = NewFolder(name="my-step", into=tmp_path / "steps")
    with pytest.raises(InputError, match="broken"), staged(new, template, ANSWERS):
        raise InputError("broken")
    assert not (tmp_path / "steps").exists()


def test_the_files_replace_those_of_an_existing_folder(template: Template, tmp_path: Path) -> None:
    new = NewFolder(name="my-step", into=tmp_path, force=True)
    new.folder.mkdir()
    (new.folder / "README.md").write_text("old")
    (new.folder / "notes.txt").write_text("mine")
    with staged(new, template, ANSWERS):
        pass
    assert (new.folder / "README.md").read_text() == "# my_step\n"
    assert (new.folder / "notes.txt").read_text() == "mine"
    assert (new.folder / RECORD).is_file()
