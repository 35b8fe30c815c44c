"""Files that users write beside contracts."""

from pathlib import Path

import pytest

from toolkit.errors import CompError
from toolkit.spec.mapping_file import read_mapping


def test_a_mapping_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n1: {a: [x, {a: 2}]}\n'1': 2\nb: 2026-01-01\n")
    read = read_mapping(tmp_path / "a.yaml", hint="")
    assert read["a"] == 1
    assert read[1] == {"a": ["x", {"a": 2}]}
    assert read["1"] == 2


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (None, "the file is missing", None),
        ("", "the file is empty", "write NAME: VALUE"),
        ("# nothing yet\n", "the file is empty", "write NAME: VALUE"),
        ("[1]", "not a mapping", "write NAME: VALUE"),
        ("a: 1\n---\nb: 2\n", "2 documents, expected one", "write NAME: VALUE"),
        ("a: 1\nb: {c: 1,\n c: 2}\n", "the key 'c' occurs twice", "remove one of them"),
        ("a: [{a: 1, a: 1}]", "the key 'a' occurs twice", "remove one of them"),
        ("a: 2026-13-01", "a value cannot be read: month must be in 1..12", "put it in quotes"),
        ("a: [", "not valid YAML", None),
    ],
)
def test_another_file_is_an_error_with_its_place(
    tmp_path: Path, text: str | None, message: str, hint: str | None
) -> None:
    path = tmp_path / "a.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CompError) as caught:
        read_mapping(path, hint="write NAME: VALUE")
    assert message in str(caught.value)
    assert "comp generate" not in str(caught.value)
    if hint:
        assert caught.value.hint == hint


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(CompError, match="a folder, expected a YAML file"):
        read_mapping(tmp_path, hint="")
