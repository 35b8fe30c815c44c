"""Differences of files that a person can read."""

import difflib
from itertools import islice
from pathlib import Path

from toolkit.runners.tolerance import EXACT, Tolerance, text_difference
from toolkit.words import shortened

_CHUNK = 1 << 20
# difflib takes the square of the lines in time.
_MOST_LINES = 2_000
_SHOWN_LINES = 20
_SHOWN = 160


def file_difference(expected: Path, actual: Path, tolerance: Tolerance, *, named: str) -> str | None:
    """Return how a file differs from the expected one, which messages call `named`; None if it does not."""
    if equal_files(expected, actual):
        return None
    texts = _text(expected), _text(actual)
    if texts[0] is None or texts[1] is None:
        return f"differs from {named}: {actual.stat().st_size:,} bytes, expected {expected.stat().st_size:,}"
    if tolerance == EXACT:
        return f"differs from {named}{unified(texts[0], texts[1])}"
    problem = text_difference(texts[0], texts[1], tolerance)
    return None if problem is None else f"differs from {named}: {problem}"


def equal_files(one: Path, other: Path) -> bool:
    """Return whether two files have the same bytes."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while chunk := first.read(_CHUNK):
            if chunk != second.read(_CHUNK):
                return False
    return True


def unified(expected: str, actual: str) -> str:
    """Return the lines of a unified diff, each after a line break; those of long texts are left out."""
    before, after = expected.splitlines(), actual.splitlines()
    if before == after:
        return ": only line ends differ"
    if max(len(before), len(after)) > _MOST_LINES:
        first = next(
            (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
        )
        return f" from line {first + 1} on"
    lines = list(islice(difflib.unified_diff(before, after, "expected", "actual", n=1, lineterm=""), _SHOWN_LINES + 1))
    if len(lines) > _SHOWN_LINES:
        lines[-1] = "…"
    return "".join(f"\n{shortened(line, _SHOWN)}" for line in lines)


def _text(path: Path) -> str | None:
    """Return the text of a file; None if it is not text."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
