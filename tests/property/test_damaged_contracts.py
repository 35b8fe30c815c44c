"""Contracts that were damaged anywhere: the linter and the comparison end with findings, never with a bug."""

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts import PATH, TRAIN
from toolkit.breaking.comparison import compare
from toolkit.errors import FindingsError
from toolkit.lint.linter import lint_text
from toolkit.spec.document import lines_of
from toolkit.spec.reader import ComponentDocument, parse_document

_PARTS = (
    *(
        "*a",
        "&a ",
        "[",
        "]",
        "{",
        "}",
        ": ",
        "- ",
        "? ",
        "\t",
        "\0",
        "\ud800",
        "!!",
        "<<: ",
        "~",
        "1e999",
        "2020-99-99",
    ),
    *(
        "|\n",
        ">\n",
        "'",
        '"',
        "%",
        "---\n",
        "...\n",
        "\u2028",
        "\x85",
        "\r",
        "# comp:ignore[C060] x",
        "{{$}}",
        "{{inputs.",
    ),
    *("{inputValue: c}", "{concat: [a, {inputValue: note}]}", "{if: {cond: {isPresent: c}, then: [x]}}", "default: []"),
    *("type: {a: [1]}", "optional: true", "name: c", "\U0001f389", "graph: {tasks: {}}", "python3, -c, 'print(x'"),
)
_LINES = TRAIN.split("\n")


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Draw a contract with lines moved, removed or repeated, and parts of YAML put anywhere."""
    lines = list(_LINES)
    for _ in range(draw(st.integers(0, 3))):
        line = lines.pop(draw(st.integers(0, len(lines) - 1)))
        for _ in range(draw(st.integers(0, 2))):
            indented = " " * draw(st.sampled_from([0, 2, 4])) + line.lstrip()
            lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from([line, indented])))
    text = "\n".join(lines)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(_PARTS)) + text[at + draw(st.sampled_from([0, 0, 1, 9])) :]
    return text


def _read(text: str) -> ComponentDocument | None:
    try:
        return parse_document(text, PATH)
    except FindingsError:
        return None


@given(damaged())
def test_findings_have_places_in_the_text(text: str) -> None:
    lines = lines_of(text)
    for finding in lint_text(text, PATH):
        assert finding.message
        if finding.where.line is not None:
            assert 1 <= finding.where.line <= len(lines) + 1


@given(damaged(), damaged())
def test_every_pair_that_can_be_read_can_be_compared(old: str, new: str) -> None:
    before, after = _read(old), _read(new)
    if before and after:
        for first, second in ((before, after), (after, before)):
            found = compare(first, second)
            assert found.summary()
            assert all(finding.message for finding in found.findings())
    for same in filter(None, (before, after)):
        assert not compare(same, same).changes
