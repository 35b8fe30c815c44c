"""Lines as Python counts them, for texts that positions of `ast` point into."""

import re

# Python's reference, section 2.1.2. A form feed ends no line, though `str.splitlines` says so.
_END = re.compile(r"\r\n|\r|\n")


def python_lines(text: str) -> list[str]:
    """Split a source text at what ends a line of Python, and nowhere else; the ends are left out."""
    return _END.split(text)
