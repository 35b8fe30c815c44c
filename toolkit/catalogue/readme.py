"""A README as HTML: Markdown without raw HTML, links that lead to web pages, no images from other servers."""

import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from toolkit.words import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Characters that are shown: what people read, and what takes a parser a moment.
_LONGEST = 100_000
_OUTSIDE = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
# No `-->` in it: between two comments there may be text.
_COMMENT = re.compile(r"(?:\s*<!--(?:(?!-->).)*-->\s*)+", re.DOTALL)
_NOT_IN_ID = re.compile(r"[^\w]+")
# The page has headings of its own above those of a README.
_DEEPER = 2
_DEEPEST = 6
_ID = 60


def readme_html(text: str) -> Markup:
    """Return a README as HTML that may stand in a page."""
    parser = _parser()
    tokens = _without_comments(parser.parse(text[:_LONGEST]))
    _tame(tokens)
    html = parser.renderer.render(tokens, parser.options, {})
    cut = '<p class="dim">The rest of this README is too long to be shown.</p>' if len(text) > _LONGEST else ""
    # The renderer escapes all text, and the parser takes no HTML.
    return Markup(html + cut)  # noqa: S704


@cache
def _parser() -> "MarkdownIt":
    """Return the parser: CommonMark with tables, and HTML is text."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    for kind in ("fence", "code_block"):
        parser.add_render_rule(kind, _code)
    return parser


def _code(renderer: object, tokens: "Sequence[Token]", index: int, options: object, environment: object) -> str:
    """Return a block of code, which the keyboard can scroll; the language after its fence is not needed."""
    del renderer, options, environment
    return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'


def _without_comments(tokens: "Sequence[Token]") -> "list[Token]":
    """Return the tokens without paragraphs that are a comment of HTML, as generators of READMEs write."""
    dropped: set[int] = set()
    for index, token in enumerate(tokens):
        if token.type == "inline" and _COMMENT.fullmatch(token.content):
            dropped |= {index - 1, index, index + 1}
    return [token for index, token in enumerate(tokens) if index not in dropped]


def _tame(tokens: "Sequence[Token]") -> None:
    """Change what a README may not do in a page of others: headings, ids, links and images."""
    taken: set[str] = set()
    depth = _DEEPER
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            # One step down at a time: readers of the screen go by the levels, and authors by the size of the letters.
            depth = min(int(token.tag[1:]) + _DEEPER, depth + 1, _DEEPEST)
            token.attrSet("id", _new_id(tokens[index + 1].content, taken))
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{depth}"
        elif token.type in {"th_open", "td_open"}:
            # Alignment is a style attribute, which the page's policy refuses.
            token.attrs.pop("style", None)
        for child in token.children or ():
            _tame_inline(child)


def _tame_inline(token: "Token") -> None:
    """Change a link or an image."""
    if token.type == "link_open":
        href = str(token.attrGet("href") or "")
        if href.startswith("#"):
            token.attrSet("href", f"#readme-{_slug(href[1:])}")
        elif _OUTSIDE.match(href):
            token.attrSet("rel", "noopener noreferrer nofollow")
        else:
            # A path in a repository that the page is not in.
            token.attrs.pop("href", None)
    elif token.type == "image":
        # It would tell its server who reads the page.
        alternative = token.content or "image"
        token.type, token.tag, token.children = "text", "", None
        token.content = f"[{alternative}]"


def _new_id(heading: str, taken: set[str]) -> str:
    """Return an id for a heading, which no other part of the page has."""
    base, number = f"readme-{_slug(heading)}", 1
    name = base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _slug(text: str) -> str:
    """Return a heading as it stands in a link."""
    return shortened(_NOT_IN_ID.sub("-", text.lower()).strip("-"), _ID)
