import re

import pytest

from toolkit.catalogue.readme import readme_html


def test_markdown_is_html_with_headings_below_those_of_the_page() -> None:
    html = readme_html("# Train\n\nFits **well**.\n\n| a | b |\n|--:|:--|\n| 1 | 2 |\n")
    assert '<h3 id="readme-train">Train</h3>' in html
    assert "<strong>well</strong>" in html
    assert "<td>1</td>" in html
    assert "style=" not in html


def test_levels_of_headings_go_down_one_at_a_time() -> None:
    html = readme_html("## A\n\n#### B\n\n###### C\n\n# D\n\n## E\n")
    assert re.findall(r"<(h\d)[^>]*>(\w)</\1>", html) == [
        ("h3", "A"),
        ("h4", "B"),
        ("h5", "C"),
        ("h3", "D"),
        ("h4", "E"),
    ]


def test_code_is_text_that_the_keyboard_can_scroll() -> None:
    html = readme_html("```html x\n<b onclick=x>&\n```\n\n    <i>\n")
    assert html == (
        '<pre tabindex="0"><code>&lt;b onclick=x&gt;&amp;\n</code></pre>\n'
        '<pre tabindex="0"><code>&lt;i&gt;\n</code></pre>\n'
    )


def test_a_link_inside_of_the_readme_leads_to_its_heading() -> None:
    html = readme_html("[x](#how-to-use)\n\n## How to use\n\n## How to use\n")
    assert 'href="#readme-how-to-use"' in html
    assert 'id="readme-how-to-use"' in html
    assert 'id="readme-how-to-use-2"' in html


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "text <img src=x onerror=alert(1)> text",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example/x)",
        "![x](https://evil.example/pixel.png)",
        "![x](data:image/svg+xml,<svg/>)",
        "<a href='javascript:alert(1)'>x</a>",
        '[x](https://ok.example "\\"><script>alert(1)</script>")',
        '```html"><script>\nx\n```',
        "[a]: javascript:alert(1)\n\n[a]",
        "<javascript:alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
def test_nothing_of_a_hostile_readme_is_markup_or_leads_anywhere(markdown: str) -> None:
    html = readme_html(markdown).lower()
    for forbidden in (
        "<script",
        "<img",
        "<iframe",
        'href="javascript',
        'href="data',
        'href="vb',
        'href="file',
        'href="//',
    ):
        assert forbidden not in html


def test_addresses_of_the_web_do_not_learn_where_the_reader_was() -> None:
    assert 'href="https://example.com/" rel="noopener noreferrer nofollow"' in readme_html("<https://example.com/>")


def test_a_path_of_another_place_is_text() -> None:
    assert readme_html("[guide](docs/guide.md)") == "<p><a>guide</a></p>\n"


def test_an_image_is_its_words() -> None:
    assert readme_html("![the curve](curve.png)") == "<p>[the curve]</p>\n"


def test_a_long_readme_is_cut_with_a_note() -> None:
    html = readme_html("word " * 40_000)
    assert "too long to be shown" in html
    assert len(html) < 120_000


def test_comments_are_not_shown() -> None:
    html = readme_html(
        "<!-- BEGIN -->\n\nFirst.\n\n<!-- a\nb --> <!-- c -->\n\n<!-- d --> said <!-- e -->\n\n`<!-- f -->`\n"
    )
    assert "BEGIN" not in html
    assert [line.partition(">")[2][:8] for line in html.splitlines()] == ["First.</", "&lt;!-- ", "<code>&l"]
