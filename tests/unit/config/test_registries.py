"""Component registries by name: where they are read, and which are invalid."""

import os
import re
from pathlib import Path

import pytest

from toolkit.config.registries import check_registries, own_file, read_registries
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError

NONE = {"COMP_REGISTRIES_FILE": os.devnull}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_nearest_table_of_the_repository_counts(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.comp.registries]\nabove = "https://above.example"\n')
    (tmp_path / "a" / ".git").mkdir(parents=True)
    assert read_registries(tmp_path / "a", NONE) == ()
    write(tmp_path / "a" / "pyproject.toml", '[tool.comp.registries]\nteam = "../team"\n')
    write(tmp_path / "a" / "b" / "pyproject.toml", "[tool.comp.workspace]\n")
    (found,) = read_registries(tmp_path / "a" / "b", NONE)
    assert (found.name, found.place, found.namespaces) == ("team", "../team", ())
    assert found.folder == tmp_path / "a"
    assert str(found.where).endswith("a/pyproject.toml:2:1")


def test_the_user_has_registries_too(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.toml", '[registries.ml]\nplace = "oci://h/x"\nnamespaces = ["ml", "nlp-*"]\n')
    (found,) = read_registries(tmp_path, {"COMP_REGISTRIES_FILE": str(path)})
    assert (found.name, found.place, found.namespaces) == ("ml", "oci://h/x", ("ml", "nlp-*"))


def test_a_file_that_the_variable_names_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"COMP_REGISTRIES_FILE names .*, which does not exist"):
        read_registries(tmp_path, {"COMP_REGISTRIES_FILE": str(tmp_path / "absent.toml")})


def test_the_own_file_is_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    path = own_file({})
    assert path
    assert path.name == "registries.toml"
    assert path.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shared = 5", "registries.shared is not a table"),
        ('shared = " "', "the registry 'shared' has no place"),
        ('"a/b" = "x"', "'a/b' is not a name of a registry"),
        ('shared = { place = "x", url = "y" }', "unknown key 'url' in [tool.comp.registries.shared]"),
        ('shared = { namespaces = ["ml"] }', "the registry 'shared' has no place"),
        ('shared = { place = "x", namespaces = [] }', "namespaces is empty"),
        ('shared = { place = "x", namespaces = "ml" }', "namespaces is not a list of strings"),
        ('shared = { place = "x", namespaces = ["ML/x"] }', "'ML/x' is not a namespace or a pattern of some"),
    ],
)
def test_what_is_no_registry(text: str, message: str) -> None:
    document = TomlDocument.parse(Path("pyproject.toml"), f"[tool.comp.registries]\n{text}\n".encode())
    with pytest.raises(InputError, match=re.escape(message)):
        check_registries(document)


def test_another_table_of_the_own_file_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.toml", '[registry]\nml = "x"\n')
    with pytest.raises(InputError, match="unknown key 'registry'"):
        read_registries(tmp_path, {"COMP_REGISTRIES_FILE": str(path)})
