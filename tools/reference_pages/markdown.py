"""Pieces of Markdown that a checkout's viewer and the site show alike."""

import html
import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`]*`)")
# An option or a variable in a text of help, which has no backticks around it in a terminal.
_NAME = re.compile(r"(?<![\w-])(--[a-z][a-z-]*[a-z]|\$?COMP_[A-Z_]+\b(?:=\w+)?)")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def code(text: str) -> str:
    """Return a text as code, in a table too: viewers disagree on a bar inside of backticks there."""
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def prose(text: str) -> str:
    """Return a plain text as Markdown in one line; what stands in backticks is code already."""
    parts = _CODE.split(" ".join(text.split()))
    named = "".join(part if part.startswith("`") else _NAME.sub(r"`\1`", part) for part in parts)
    return "".join(part if part.startswith("`") else _escaped(part) for part in _CODE.split(named))


def _escaped(text: str) -> str:
    """Return a text without a mark that Markdown would take."""
    return re.sub(r"([\\*_\[\]])", r"\\\1", html.escape(text, quote=False)).replace("|", "&#124;")
