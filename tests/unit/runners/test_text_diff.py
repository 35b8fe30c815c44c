"""Differences of files that a person can read."""

from pathlib import Path

import pytest

from toolkit.runners.text_diff import equal_files, file_difference, unified
from toolkit.runners.tolerance import EXACT, Tolerance


@pytest.mark.parametrize(
    ("expected", "actual", "tolerance", "problem"),
    [
        (b"\xff\0", b"\xff\0", EXACT, None),
        (b"\xff\0", b"\xff\1\1", EXACT, "differs from it: 3 bytes, expected 2"),
        (b"text", b"te\0xt", EXACT, "differs from it: 5 bytes, expected 4"),
        (b"a\nb\n", b"a\nc\n", EXACT, "differs from it\n--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n a\n-b\n+c"),
        (b"n,v\nx,1.0\n", b"n,v\nx,1.001\n", Tolerance(rtol=0.01), None),
        (
            b"n,v\nx,1.0\n",
            b"n,v\nx,1.1\n",
            Tolerance(rtol=0.01),
            "differs from it: line 2, column 2 ('v'): is '1.1', expected '1.0' (rtol 0.01)",
        ),
    ],
)
def test_two_files(tmp_path: Path, expected: bytes, actual: bytes, tolerance: Tolerance, problem: str | None) -> None:
    (tmp_path / "expected").write_bytes(expected)
    (tmp_path / "actual").write_bytes(actual)
    assert file_difference(tmp_path / "expected", tmp_path / "actual", tolerance, named="it") == problem


def test_the_last_byte_of_a_long_file_counts(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"a" * 3_000_000)
    other.write_bytes(b"a" * 3_000_000)
    assert equal_files(one, other)
    other.write_bytes(b"a" * 2_999_999 + b"b")
    assert not equal_files(one, other)


def test_the_difference_of_long_texts_names_the_first_line() -> None:
    assert unified("a\n" * 5_000, "a\n" * 4_000 + "b\n" * 1_000) == " from line 4001 on"
    assert unified("a\n" * 5_000, "a\n" * 4_000) == " from line 4001 on"


def test_line_ends_have_words_of_their_own() -> None:
    assert unified("a\nb\n", "a\r\nb\r\n") == ": only line ends differ"


def test_a_difference_has_few_and_short_lines() -> None:
    shown = unified("".join(f"{n}\n" for n in range(500)), "").splitlines()
    assert (len(shown), shown[-1]) == (22, "…")
    assert max(map(len, unified("x" * 10_000, "y").splitlines())) == 160
