"""Pages of rules: where they are found, and what a terminal shows of them."""

import pytest

from toolkit.lint.pages import as_terminal_text, rule_page

PAGE = """\
<!-- Made by
a program. -->

# C010 unknown-input-ref

Error, in the category [names](../rules.md#names).

One two three four five six
seven `a-b`:

- eight nine ten eleven twelve
- thirteen

## Wrong

```yaml
a: [1,  2]

b: c
```
"""


def test_a_terminal_shows_paragraphs_lists_and_code() -> None:
    assert as_terminal_text(PAGE, 20).splitlines() == [
        "C010 unknown-input-ref",
        "",
        "Error, in the",
        "category names.",
        "",
        "One two three four",
        "five six seven",
        "`a-b`:",
        "",
        "- eight nine ten",
        "  eleven twelve",
        "- thirteen",
        "",
        "Wrong:",
        "",
        "    a: [1,  2]",
        "",
        "    b: c",
    ]


def test_the_page_of_a_rule_is_found() -> None:
    assert "# C010 unknown-input-ref" in rule_page("C010")
    with pytest.raises(FileNotFoundError):
        rule_page("C000")
