"""Lines as Python counts them, so that the positions of `ast` point at the right ones."""

import re

# Python's reference, section 2.1.2. A form feed does not end a line, though `str.splitlines` splits there.
_END = re.compile(r"\r\n|\r|\n")


def python_lines(text: str) -> list[str]:
    """Split a source text into lines, without their ends."""
    return _END.split(text)
