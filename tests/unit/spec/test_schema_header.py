"""The header by which editors find a schema."""

import pytest

from toolkit.spec.schema_header import normalised, schema_header, with_schema_header, without_schema_header

YAML = b"# yaml-language-server: $schema=../a.json\n"


def test_a_header_is_written_once() -> None:
    once = with_schema_header(b"name: a\n", ".yaml", "../a.json")
    assert once == YAML + b"name: a\n"
    assert with_schema_header(once, ".yaml", "../a.json") == once
    assert with_schema_header(b"[project]\n", ".toml", "a.json") == b"#:schema a.json\n[project]\n"


@pytest.mark.parametrize("header", [YAML, b"#yaml-language-server:$schema=x\r\n", b"#:schema x\n"])
def test_a_header_is_taken_off(header: bytes) -> None:
    assert without_schema_header(header + b"name: a\n") == b"name: a\n"
    assert schema_header(header + b"name: a\n") == header


@pytest.mark.parametrize("text", [b"", b"name: a\n", b"# a comment\nname: a\n", b"name: a\n" + YAML])
def test_other_text_stays(text: bytes) -> None:
    assert without_schema_header(text) == text
    assert schema_header(text) == b""


def test_line_ends_do_not_change_a_contract() -> None:
    assert normalised(b"a\r\nb\rc\n") == b"a\nb\nc\n"


def test_an_editors_header_is_no_part_of_a_release() -> None:
    assert normalised(b"# yaml-language-server: $schema=../x.json\r\nname: a\n") == b"name: a\n"
