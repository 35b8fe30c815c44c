"""Tell the syntax of newer Pythons from mistakes, by the error that an older parser reports.

A newer parser reports none; there, f-strings are looked at themselves.
"""

import io
import re
import sys
import tokenize
from collections.abc import Sequence
from pathlib import Path

from toolkit.config.toml import TomlDocument

_F_STRING = re.compile(r"""\b(f|fr|rf)["']""", re.IGNORECASE)
# What Python 3.11 reports for f-strings that 3.12 reads (PEP 701).
_IN_BRACES = re.compile(r"f-string(: unmatched '[\[(]'| expression part cannot include)")
# The minor version that introduced a syntax, its name, and a pattern for the line with the error …
_LINES = (
    (12, "a `type` statement", re.compile(r"\s*type\s+\w+\s*(\[.*\])?\s*=(?!=)")),
    (12, "a function with type parameters", re.compile(r"\s*(async\s+)?def\s+\w+\s*\[.*\]\s*\(")),
    (12, "a class with type parameters", re.compile(r"\s*class\s+\w+\s*\[.*\]\s*[(:]")),
    (14, "a template string", re.compile(r".*\b(t|rt|tr)([\"'])", re.IGNORECASE)),
)
# … or for the parser's message.
_MESSAGES = (
    (12, "an f-string with quotes, backslashes or comments inside its braces", _IN_BRACES),
    (14, "`except` with several types and no parentheses", re.compile(r"multiple exception types must be")),
)


def newer_syntax(message: str, line: Sequence[str], running: int = sys.version_info[1]) -> tuple[int, str] | None:
    """Return the minor version of Python 3 that a line needs, and the syntax that needs it; None for a mistake.

    `message` is the error of the `running` version's parser, `line` the line it points at, or empty.
    """
    matches = [(minor, name) for minor, name, form in _LINES if line and form.match(line[0])]
    matches += [(minor, name) for minor, name, form in _MESSAGES if form.match(message)]
    return next(((minor, name) for minor, name in matches if minor > running), None)


def has_newer_f_string(text: str) -> bool:
    """Return whether code has an f-string that only Python 3.12 and later read (PEP 701).

    Before, an f-string ended at the first quote like its own, and its braces held no backslash, comment or, unless it
    was triple-quoted, line end. The running Python has to be new enough: it reads the parts of f-strings as tokens.
    """
    quotes: list[str] = []
    if not _F_STRING.search(text):
        return False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_END":
            quotes.pop()
        elif quotes and not (kind == "FSTRING_MIDDLE" and len(quotes) == 1):
            ends = kind in {"NEWLINE", "NL"} and any(len(quote) == 1 for quote in quotes)
            if ends or kind == "COMMENT" or "\\" in token.string or any(quote in token.string for quote in quotes):
                return True
        if kind == "FSTRING_START":
            quotes.append(token.string.lstrip("fFrR"))
    return False


def least_minor(path: Path, text: str) -> int | None:
    """Return the least minor version that code supports, by its inline metadata, else the nearest `requires-python`."""
    own = re.search(r"^#\s*requires-python\s*=\s*[\"']([^\"']*)", text, re.MULTILINE)
    if own and re.search(r"^# /// script$", text, re.MULTILINE):
        return _least(own[1])
    for folder in path.absolute().parents:
        document = TomlDocument.read(folder / "pyproject.toml")
        declared = document.data.get("project", {}).get("requires-python") if document else None
        if isinstance(declared, str):
            return _least(declared)
        # A pyproject.toml above the repository belongs to another project.
        if (folder / ".git").exists():
            break
    return None


def _least(ranges: str) -> int | None:
    """Return the minor version that a version range begins at."""
    bounds = [int(minor) for minor in re.findall(r"(?:>=|==|~=)\s*3\.(\d+)", ranges)]
    return max(bounds, default=None)
