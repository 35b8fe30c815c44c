"""The pages of the rules, one for each in docs/rules: as Markdown, and as text for a terminal.

They are read where one is asked for. `make rules` writes them from the docstrings of the rules, with real output.
"""

import re
from collections.abc import Iterator
from textwrap import fill, indent

from toolkit.resources import resource

_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_FENCE = "```"
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def rule_page(rule: str) -> str:
    """Return the page of the rule with an id, as Markdown. Raises FileNotFoundError if the installation is damaged."""
    return resource("docs", "rules", f"{rule}.md").read_text("utf-8")


def as_terminal_text(page: str, width: int) -> str:
    """Return a page as text: paragraphs of at most `width` columns, code indented as it stands."""
    return "\n\n".join(_blocks(_COMMENT.sub("", page), width))


def _blocks(page: str, width: int) -> Iterator[str]:
    """Yield the paragraphs, titles and pieces of code of a page."""
    # What stands between fences is text and code in turns.
    for number, part in enumerate(re.split(rf"(?m)^{_FENCE}.*\n?", page)):
        if number % 2:
            yield indent(part.rstrip("\n"), "    ")
        else:
            yield from (_prose(block, width) for block in re.split(r"\n{2,}", part.strip("\n")) if block)


def _prose(block: str, width: int) -> str:
    """Return a title, a list or a paragraph as text."""
    if block.startswith("#"):
        title = block.lstrip("# ")
        return f"{title}:" if block.startswith("##") else title
    lines = _LINK.sub(r"\1", block).split("\n- ")
    begin, *items = lines if not block.startswith("- ") else ("", *[lines[0][2:], *lines[1:]])
    listed = [_filled(f"- {item}", width, rest="  ") for item in items]
    return "\n".join([_filled(begin, width), *listed] if begin else listed)


def _filled(text: str, width: int, *, rest: str = "") -> str:
    """Return a text as lines of at most `width` columns, the later ones behind `rest`."""
    # A name or a path is not broken at its hyphens.
    words = " ".join(text.split())
    return fill(words, width, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
