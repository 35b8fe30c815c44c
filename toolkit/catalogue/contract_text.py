"""A contract's text as HTML: keys and comments have their own colours."""

import re

from markupsafe import Markup, escape

# Characters that a page shows; the whole contract is a file beside it.
LONGEST = 60_000
_KEY = re.compile(r"(\s*(?:- )*)([A-Za-z_][\w ./-]*)(:)(?=\s|$)(.*)")
_COMMENT = re.compile(r"\s*#.*")


def contract_html(text: str) -> Markup:
    """Return the first part of a contract as HTML."""
    return Markup("\n").join(map(_line, text[:LONGEST].split("\n")))


def _line(line: str) -> Markup:
    """Return one line."""
    if _COMMENT.fullmatch(line):
        return Markup('<span class="c">{}</span>').format(line)
    match = _KEY.fullmatch(line)
    if match is None:
        return escape(line)
    before, key, colon, rest = match.groups()
    return Markup('{}<span class="k">{}</span>{}{}').format(before, key, colon, rest)
