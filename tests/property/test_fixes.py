"""Fixing a contract twice changes nothing more, and what no fix names stays byte for byte."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faulty_contracts import faulty_contracts
from toolkit.errors import FindingsError
from toolkit.lint.fixing import Fixed, fixable, fixed
from toolkit.lint.linter import lint_text
from toolkit.spec.layout import Layout
from toolkit.spec.reader import parse_document

PATH = Path("component.yaml")
slow = settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)


def _fixed(text: str, *, unsafe: bool) -> Fixed:
    return fixed(text, PATH, lambda text: lint_text(text, PATH), unsafe=unsafe)


def _comments(text: str) -> Counter[str]:
    layout = Layout(text, PATH)
    return Counter(layout.text[start:end] for start, end in layout.comments)


@slow
@given(faulty_contracts(), st.booleans())
def test_fixing_twice_changes_nothing_more(text: str, unsafe: bool) -> None:  # noqa: FBT001 (hypothesis passes it so)
    once = _fixed(text, unsafe=unsafe)
    again = _fixed(once.text, unsafe=unsafe)
    assert again.text == once.text
    assert not again.made
    assert once.left == tuple(lint_text(once.text, PATH))
    assert all(fixable(finding, unsafe=unsafe) for finding in once.made)
    assert bool(once.made) == (once.text != text)


@slow
@given(faulty_contracts())
def test_safe_fixes_keep_comments_line_ends_and_what_can_be_read(text: str) -> None:
    result = _fixed(text, unsafe=False).text
    assert _comments(result) == _comments(text)
    assert result.startswith("\ufeff") == text.startswith("\ufeff")
    assert result.endswith("\n") == text.endswith("\n")
    if "\r\n" in text:
        assert result.count("\n") == result.count("\r\n")
    try:
        before = parse_document(text, PATH).spec
    except FindingsError:
        return
    after = parse_document(result, PATH).spec
    assert [port.name for port in after.interface.inputs] == [port.name for port in before.interface.inputs]


@slow
@given(faulty_contracts(), st.integers(0), st.sampled_from(["", " ", "&a ", "!!str ", "*a", "- ", "? ", "|\n", "\t"]))
def test_what_is_hardly_yaml_is_fixed_or_left(text: str, place: int, noise: str) -> None:
    at = place % (len(text) + 1)
    broken = text[:at] + noise + text[at:]
    result = _fixed(broken, unsafe=True)
    assert _fixed(result.text, unsafe=True).text == result.text


@pytest.mark.parametrize("unsafe", [False, True])
def test_what_is_not_yaml_stays(unsafe: bool) -> None:  # noqa: FBT001 (pytest passes it so)
    assert _fixed("a: [", unsafe=unsafe).text == "a: ["
