"""Lines as Python counts them."""

import pytest

from toolkit.interface.lines import python_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["a", "b"]),
        ("a\r\nb\rc\n", ["a", "b", "c", ""]),
        # `str.splitlines` would split at each of these.
        ("a\fb\vc\x1cd\x85e\u2028f", ["a\fb\vc\x1cd\x85e\u2028f"]),
        ("", [""]),
    ],
)
def test_lines(text: str, lines: list[str]) -> None:
    assert python_lines(text) == lines
