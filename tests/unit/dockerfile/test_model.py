"""Flags and places of instructions."""

from pathlib import Path

from toolkit.dockerfile.model import Dockerfile, Instruction

COPY = Instruction(keyword="COPY", text="a b", line=3, end_line=5, flags=("from=x=y", "link"))


def test_flags_have_values() -> None:
    assert [COPY.flag(name) for name in ("from", "link", "chown")] == ["x=y", "", None]


def test_a_place_is_the_lines_of_an_instruction() -> None:
    where = Dockerfile(path=Path("Dockerfile"), escape="\\", instructions=(COPY,)).where(COPY)
    assert (str(where), where.end_line) == ("Dockerfile:3", 5)
