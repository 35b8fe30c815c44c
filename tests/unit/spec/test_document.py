"""YAML with positions: what is refused before anything is read from it."""

from pathlib import Path

import pytest

from toolkit.errors import FindingsError, InputError
from toolkit.spec.document import LINE_BREAK, Reading, compose, lines_of, plain, read_text
from toolkit.spec.reader import parse_document

PATH = Path("component.yaml")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [", "2:1", "not valid YAML"),
        ("a:\n\t- b", "2:1", "not valid YAML"),
        ("a: b: c", "1:5", "not valid YAML"),
        ("a: 1\n---\nb: 1", "2:1", "another document"),
        ("", None, "empty"),
        ("# nothing\n", None, "empty"),
        ("\x00\x01", None, "control characters"),
        ("a: \ud800", None, "half of a pair"),
        ("[" * 100_000, "1:61", "nested too deeply"),
        # Few brackets and little indentation: composed before the depth is looked at.
        ("[" * 100 + "]" * 100, "1:61", "nested too deeply"),
        ("- " * 45 + "x: [" + "[" * 20 + "]" * 21, "1:108", "nested too deeply"),
        ("".join(" " * level + "a:\n" for level in range(90)), "61:61", "nested too deeply"),
        ("a: &a [" + "x, " * 1000 + "]\nb: [" + "*a, " * 300 + "]\n", None, "expanded too often by aliases"),
        ("? " * 100_000, "1:121", "nested too deeply"),
        ("- " * 100_000, "1:121", "nested too deeply"),
        ("a: &a [*a]", "1:4", "aliases"),
        (
            "a: &a [x, x]\nb: &b [*a, *a]\n"
            + "".join(f"{c}: &{c} [{', '.join(['*' + p] * 9)}]\n" for p, c in zip("bcdefgh", "cdefghi", strict=True)),
            None,
            "aliases",
        ),
        ("a: !include b", "1:4", "!include"),
        ("a: !!python/name:os.system x", "1:4", "python/name"),
    ],
    ids=range(19),
)
def test_texts_that_are_not_a_document(text: str, place: str | None, words: str) -> None:
    with pytest.raises(FindingsError) as caught:
        compose(text, PATH)
    (finding,) = caught.value.findings
    assert finding.rule == "C001"
    assert words in finding.message
    if place:
        assert str(finding.where) == f"component.yaml:{place}"


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(FindingsError, match="byte 6 is 0xff"):
        read_text(path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    path.write_bytes(b"#" * 5_000_000)
    with pytest.raises(FindingsError, match=r"exceeds the limit of 4.0 MB"):
        read_text(path)


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder"):
        read_text(tmp_path)
    with pytest.raises(InputError, match="the file is missing"):
        read_text(tmp_path / "component.yaml")


@pytest.mark.parametrize("name", ["train.py", "train.ipynb"])
def test_a_file_of_code(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("x: int\n")
    with pytest.raises(FindingsError, match=r"^this is code, expected a contract \[C001\]$") as refused:
        read_text(path)
    assert (refused.value.hint or "").startswith("`comp new --from-function` or ")


def test_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    path.write_bytes(b"a: 1\r\nb: 2\r\n")
    assert read_text(path) == "a: 1\r\nb: 2\r\n"


def test_a_whole_number_may_be_larger_than_any_float() -> None:
    digits = "9" * 400
    (part,) = compose(f"- {digits}", PATH).value
    assert plain(Reading(PATH), part) == int(digits)


@pytest.mark.parametrize("text", ["", "a", "a\nb\n", "a\r\nb\rc\n", "a\x85b\u2028c\u2029\n", "a\x0bb\x0cc\x1cd\n"])
def test_lines_are_those_of_yaml(text: str) -> None:
    assert lines_of(text) == LINE_BREAK.split(text)


def test_a_document_is_as_deep_as_its_limit_allows() -> None:
    compose("[" * 59 + "]" * 59, PATH)
    with pytest.raises(FindingsError, match="nested too deeply"):
        compose("[" * 62 + "]" * 62, PATH)


def test_a_text_that_is_all_errors_ends_early() -> None:
    keys = "".join(f"nmae{number}: 1\n" for number in range(30_000))
    with pytest.raises(FindingsError) as caught:
        parse_document(keys, PATH)
    assert [finding.where.line for finding in caught.value.findings] == [*range(1, 1001)]
