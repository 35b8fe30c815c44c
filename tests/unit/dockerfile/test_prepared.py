"""A copy with more arguments and mounts, and the way back to the lines of the original."""

from pathlib import Path

import pytest

from toolkit.dockerfile.prepared import prepared
from toolkit.errors import InputError

PATH = Path("Dockerfile")
TEXT = """# escape=\\
ARG BASE=debian
FROM $BASE AS build
# a comment
RUN echo \\
  one
WORKDIR /x
FROM \\
  scratch
ENV A=1
copy --from=build /x /x
run ["true"]
"""


def test_each_stage_declares_and_each_run_mounts() -> None:
    copy = prepared(TEXT, PATH, ["A", "B"], ["--mount=one", "--mount=two"])
    assert (
        copy.text
        == """# escape=\\
ARG BASE=debian
FROM $BASE AS build
ARG A B
# a comment
RUN --mount=one --mount=two echo \\
  one
WORKDIR /x
FROM \\
  scratch
ARG A B
ENV A=1
copy --from=build /x /x
run --mount=one --mount=two ["true"]
"""
    )


def test_without_additions_the_text_is_the_same() -> None:
    assert prepared(TEXT, PATH).text == TEXT


def test_every_way_of_counting_leads_to_the_original_lines() -> None:
    copy = prepared(TEXT, PATH, ["A"], ["--mount=one"])
    # BuildKit: FROM, RUN, WORKDIR of `build`; FROM, COPY, RUN of the second.
    assert [copy.layer("build", number) for number in (1, 2, 3, 4)] == [3, 5, 7, None]
    assert [copy.layer("stage-1", number) for number in (1, 2, 3)] == [8, 11, 12]
    assert copy.layer("", 1) is None
    assert copy.layer("other", 1) is None
    # buildah: each instruction of a stage, the one that was added too.
    assert [copy.instruction(1, number) for number in (1, 2, 3, 4, 5)] == [3, 3, 5, 7, None]
    assert [copy.instruction(2, number) for number in (1, 3, 4, 5)] == [8, 10, 11, 12]
    assert copy.instruction(3, 1) is None
    assert copy.instruction(0, 1) is None
    # docker without BuildKit: all instructions.
    assert [copy.count(number) for number in (0, 1, 2, 4, 5)] == [None, 2, 3, 5, 7]


def test_a_single_stage_has_no_name() -> None:
    copy = prepared("FROM scratch\nCOPY a /a\n", PATH, ["A"])
    assert copy.layer("", 2) == 2


@pytest.mark.parametrize(("line", "original"), [(1, 1), (4, 3), (5, 4), (99, 13)])
def test_lines_lead_back(line: int, original: int) -> None:
    assert prepared(TEXT, PATH, ["A"]).origin(line) == original


def test_what_is_no_dockerfile_is_named_with_its_line() -> None:
    with pytest.raises(InputError, match="unknown instruction RUNN") as error:
        prepared("FROM scratch\nRUNN x\n", PATH, ["A"])
    assert error.value.where
    assert error.value.where.line == 2


@pytest.mark.parametrize("escape", ["\\", "`"])
def test_a_keyword_may_end_its_line(escape: str) -> None:
    copy = prepared(f"# escape={escape}\nFROM a\nRUN{escape}\n  true\n", PATH, [], ["--mount=one"])
    assert copy.text == f"# escape={escape}\nFROM a\nRUN --mount=one{escape}\n  true\n"
    assert (copy.copy.instructions[1].flags, copy.copy.instructions[1].text) == (("mount=one",), "true")
