"""Names from outside as parts of paths."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.system.paths import leads_elsewhere, plain_part, plain_parts, real


@pytest.mark.parametrize("name", ["model", "Number of rows", "größe (m²)", "a.b", "1st", "x=1, y", "模型"])
def test_a_plain_name_stays_itself(name: str) -> None:
    assert plain_part(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "../../x",
        "a/b",
        "a\\b",
        "a\0b",
        "a\nb",
        ".bashrc",
        "a.",
        "a ",
        "\ud800",
        "a" * 300,
    ],
)
def test_any_other_name_becomes_one_part(name: str) -> None:
    part = plain_part(name)
    assert plain_part(part) == part != name
    assert len(part.encode()) < 255 - len(".metadata.json")


def test_two_that_look_alike_stay_two() -> None:
    names = ["../x", "x", ".x", "/x", "X", "x.metadata.json", "e\u0301", "\u00e9", "a" * 300, "a" * 301]
    parts = plain_parts(names, beside=[".metadata.json"])
    assert parts["x"] == "x"
    places = [part + ending for part in parts.values() for ending in ("", ".metadata.json")]
    assert len({unicodedata.normalize("NFC", place).casefold() for place in places}) == 2 * len(names)


@given(st.lists(st.text(max_size=20)))
def test_every_name_has_a_part_of_its_own(names: list[str]) -> None:
    parts = plain_parts(names)
    assert parts.keys() == set(names)
    assert len({part.casefold() for part in parts.values()}) == len(parts)
    assert not any(leads_elsewhere(part) or part.startswith(".") for part in parts.values())


def test_a_link_that_leads_back_to_itself_stays(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to(".")
    assert real(tmp_path / "loop") == tmp_path / "loop"
    assert real(tmp_path / "link" / "missing") == tmp_path / "missing"
