"""Tell the syntax of newer Pythons from plain mistakes, by the error of an older parser."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from toolkit.toml import Document

_IN_BRACES = re.compile(r"f-string(: unmatched '[\[(]'| expression part cannot include)")
# The minor version that reads it, what it is, and what its line or the parser's message looks like.
_LINES = (
    (12, "a `type` statement", re.compile(r"\s*type\s+\w+\s*(\[.*\])?\s*=(?!=)")),
    (12, "a function with type parameters", re.compile(r"\s*(async\s+)?def\s+\w+\s*\[.*\]\s*\(")),
    (12, "a class with type parameters", re.compile(r"\s*class\s+\w+\s*\[.*\]\s*[(:]")),
    (14, "a template string", re.compile(r".*\b(t|rt|tr)([\"'])", re.IGNORECASE)),
)
_MESSAGES = (
    (12, "an f-string with quotes, backslashes or comments inside its braces", _IN_BRACES),
    (14, "`except` with several types and no parentheses", re.compile(r"multiple exception types must be")),
)


def newer_syntax(message: str, line: Sequence[str], running: int = sys.version_info[1]) -> tuple[int, str] | None:
    """Give the minor version of Python 3 that code needs, and for what; None where that is not why it cannot be read.

    `message` and `line` are what the parser of the `running` version says, and the line that it says it of.
    """
    found = [(minor, what) for minor, what, form in _LINES if line and form.match(line[0])]
    found += [(minor, what) for minor, what, form in _MESSAGES if form.match(message)]
    return next(((minor, what) for minor, what in found if minor > running), None)


def least_minor(path: Path, text: str) -> int | None:
    """Give the least minor version that code is for: by its own metadata, else by the nearest `requires-python`."""
    own = re.search(r"^#\s*requires-python\s*=\s*[\"']([^\"']*)", text, re.MULTILINE)
    if own and re.search(r"^# /// script$", text, re.MULTILINE):
        return _least(own[1])
    for folder in path.absolute().parents:
        document = Document.read(folder / "pyproject.toml")
        declared = document.data.get("project", {}).get("requires-python") if document else None
        if isinstance(declared, str):
            return _least(declared)
        if (folder / ".git").exists():
            break
    return None


def _least(ranges: str) -> int | None:
    found = [int(minor) for minor in re.findall(r"(?:>=|==|~=)\s*3\.(\d+)", ranges)]
    return max(found, default=None)
