"""Patterns match as Docker's do, and none takes long."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.system.glob import Glob


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("**b", ("b", "ab", "a/ab", "b/c"), ("ba",)),
        ("**/b", ("b", "a/b", "a/c/b", "b/c"), ("ab",)),
        ("a**b", ("ab", "ax/b", "a/b", "ax/y/b"), ("axb",)),
        ("a/**/b", ("a/b", "a/c/d/b"), ("ab", "a/cb")),
        ("a/**", ("a/b", "a/b/c"), ("a", "b")),
        ("[a-c]x", ("ax", "cx"), ("dx", "x")),
        ("[^a]x", ("bx", "/x"), ("ax",)),
        (r"[\]\-]", ("]", "-"), ("\\",)),
        (r"\*", ("*",), ("a",)),
        ("a?c", ("abc",), ("a/c", "ac")),
        ("[[]", ("[",), ("]",)),
        ("[a||b]", ("|", "a"), ("c",)),
    ],
)
def test_what_matches(pattern: str, yes: tuple[str, ...], no: tuple[str, ...]) -> None:
    glob = Glob.parse(pattern)
    assert [path for path in (*yes, *no) if glob.matches(path)] == list(yes)


@pytest.mark.parametrize("pattern", ["[", "[]", "[a", "[a-]", "[-a]", "[b-a]", "a\\", "[\\"])
def test_what_is_invalid(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"it|-"):
        Glob.parse(pattern)


@pytest.mark.parametrize("pattern", ["*" * 24 + "b", "*a" * 99 + "b", "**/" * 99 + "b", "**a" * 99, "?*" * 99 + "b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    glob = Glob.parse(pattern)
    begun = time.process_time()
    assert not glob.matches("a" * 400 + "/c" * 400)
    assert time.process_time() - begun < 10


@given(st.text("ab/*?", max_size=8), st.text("ab/", max_size=10))
def test_it_matches_what_a_regular_expression_does(pattern: str, path: str) -> None:
    if "**" in pattern:
        return
    expression = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    assert Glob.parse(pattern).matches(path, whole=True) == bool(re.fullmatch(expression, path))
