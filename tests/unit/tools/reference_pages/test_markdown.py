"""Plain texts as Markdown."""

import pytest

from tools.reference_pages.markdown import code, prose, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two\n  lines.", "Two lines."),
        ("a_b *c* [d] <e> & f|g", r"a\_b \*c\* \[d\] &lt;e&gt; &amp; f&#124;g"),
        ("with COMP_LOCKED=1.", "with `COMP_LOCKED=1`."),
        ("`a_b` and --dry-run.", "`a_b` and `--dry-run`."),
        ("`comp build --push` sets $COMP_IMAGE_PREFIX", "`comp build --push` sets `$COMP_IMAGE_PREFIX`"),
    ],
)
def test_marks_of_markdown_stay_text_and_names_become_code(text: str, expected: str) -> None:
    assert prose(text) == expected


def test_a_bar_in_code_does_not_end_a_cell() -> None:
    assert code("--pin FILE") == "`--pin FILE`"
    assert code("[a|b]") == "<code>[a&#124;b]</code>"
    assert table(("x", ""), [(code("a|b"), "c")]).splitlines()[2].count("|") == 3
