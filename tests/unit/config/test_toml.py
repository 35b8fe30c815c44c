import tomllib
from pathlib import Path

import pytest

from toolkit.config.toml import TomlDocument, toml_value
from toolkit.errors import InputError

TEXT = '''\
[project]
name = "a"
description = """
name = "not this one"
[tool.x]
"""
urls.home = "https://example.com"

[tool."x y".'z']
list = [1, 2]
inline = { deep = 1 }
'''


@pytest.fixture
def document(tmp_path: Path) -> TomlDocument:
    (tmp_path / "x.toml").write_text(TEXT)
    read = TomlDocument.read(tmp_path / "x.toml")
    assert read
    return read


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert TomlDocument.read(tmp_path / "x.toml") is None


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("project",), "1:2"),
        (("project", "name"), "2:1"),
        (("project", "missing"), "1:2"),
        (("project", "urls", "home"), "7:1"),
        (("project", "urls"), "7:1"),
        (("tool", "x y", "z", "list"), "10:1"),
        (("tool", "x y"), "9:2"),
        (("tool", "x y", "z", "inline", "deep"), "11:1"),
    ],
)
def test_keys_have_places(document: TomlDocument, keys: tuple[str, ...], place: str) -> None:
    assert str(document.where(*keys)) == f"{document.path}:{place}"


def test_a_key_that_is_nowhere_has_the_file_as_its_place(document: TomlDocument) -> None:
    assert str(document.where("other", "key")) == str(document.path)


def test_values_are_taken_with_their_types(document: TomlDocument) -> None:
    assert document.string("project", "name") == "a"
    assert document.string("project", "missing") == ""
    assert document.strings("project", "missing") == ()
    assert document.table("missing", "table") == {}
    with pytest.raises(InputError, match=r"project.name is not a table"):
        document.table("project", "name")
    with pytest.raises(InputError, match="list is not a string"):
        document.string("tool", "x y", "z", "list")
    with pytest.raises(InputError, match="list is not a list of strings") as caught:
        document.strings("tool", "x y", "z", "list")
    assert str(caught.value.where).endswith("x.toml:10:1")


def test_an_unknown_key_is_refused(document: TomlDocument) -> None:
    table = document.table("project")
    document.check(table, ("name", "description", "urls"), "project")
    with pytest.raises(InputError, match=r"unknown key 'name' in \[project\]") as caught:
        document.check(table, ("nam", "description"), "project")
    assert caught.value.hint == "did you mean 'nam'?"


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"a = 1\nb = ]\n", ":2:5", "not valid TOML"),
        (b"a = ", ":1", "not valid TOML"),
        (b"a = 1\nb = '\xff'\n", ":2", "not UTF-8 text: byte 11 is 0xff"),
        (b"a = " + b"[" * 20_000, "", "not readable: nested too deeply"),
        (b"a = " + b"9" * 5000, "", "not readable"),
    ],
)
def test_text_that_is_not_toml_is_refused_with_its_place(tmp_path: Path, data: bytes, place: str, words: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        TomlDocument.read(path)
    assert str(caught.value.where).startswith(f"{path}{place}")


@pytest.mark.parametrize("value", ['ü " \\ \n', 3, -1.5, True, ["a", 1], {"a b": {"c": [1]}}, ()])
def test_written_values_are_read_back(value: object) -> None:
    read = tomllib.loads(f"x = {toml_value(value)}")["x"]
    assert read == ([] if value == () else value)
