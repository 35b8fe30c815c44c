"""A contract's text as HTML: keys and comments have their own colours."""

import re

from markupsafe import Markup, escape

# Characters that a page shows; the whole contract is a file beside it.
LONGEST = 60_000
_KEY = re.compile(r"^(\s*(?:- )*)([A-Za-z_][\w ./-]*)(:)(?=\s|$)(.*)")
_COMMENT = re.compile(r"\s*#.*")


def contract_html(text: str) -> Markup:
    """Return the first part of a contract as HTML."""
    # Escaped as a whole, which is much faster than by line: no letter of a key or a comment's start is escaped.
    lines = str(escape(text[:LONGEST])).split("\n")
    return Markup("\n".join(map(_line, lines)))  # noqa: S704


def _line(line: str) -> str:
    """Return one line, which is escaped already."""
    if _COMMENT.fullmatch(line):
        return f'<span class="c">{line}</span>'
    return _KEY.sub(r'\1<span class="k">\2</span>\3\4', line)
