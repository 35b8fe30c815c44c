"""Patterns of a shell: what `re` finds with its own stars, and in a time that no pattern makes long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.dockerfile.patterns import read_pattern, replaced, trimmed
from toolkit.errors import InputError


def _slow(pattern: str, *, greedy: bool) -> re.Pattern[str]:
    return re.compile(
        "".join({"*": ".*" if greedy else ".*?", "?": "."}.get(char, char) for char in pattern), re.DOTALL
    )


@given(st.text("ab", max_size=8), st.text("ab*?", max_size=6), st.sampled_from(["#", "##", "%", "%%"]))
def test_the_begin_or_end_that_re_finds(value: str, pattern: str, modifier: str) -> None:
    greedy = len(modifier) > 1
    begins = range(len(value) + 1)
    matching = [at for at in begins if _slow(pattern, greedy=greedy).fullmatch(*_span(value, at, modifier))]
    wanted = value
    if matching:
        at = max(matching) if greedy is (modifier[0] == "#") else min(matching)
        wanted = value[at:] if modifier[0] == "#" else value[:at]
    assert trimmed(value, pattern, modifier) == wanted


def _span(value: str, at: int, modifier: str) -> tuple[str, int, int]:
    return (value, 0, at) if modifier[0] == "#" else (value, at, len(value))


@given(value=st.text("ab", max_size=8), pattern=st.text("ab*?", min_size=1, max_size=6), every=st.booleans())
def test_what_re_replaces(value: str, pattern: str, *, every: bool) -> None:
    assert replaced(value, pattern, "-", every=every) == _slow(pattern, greedy=True).sub("-", value, count=not every)


def test_many_stars_take_no_time() -> None:
    long, stars = "a" * 131_072, f"{'*a' * 99}b"
    assert trimmed(long, stars, "##") == trimmed(long, stars, "%") == replaced(long, stars, "", every=True) == long


def test_a_pattern_that_is_too_long() -> None:
    with pytest.raises(InputError, match="a pattern of 201 characters"):
        read_pattern("a" * 201)
