"""Descriptions from docstrings, in the Google, NumPy and reST styles."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toolkit.words import is_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptions:
    """What a docstring says: of the whole, of each parameter, and of what is returned, by name and as one text.

    `types` are the types it gives for parameters, as they are written.
    """

    whole: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    returned: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""


def read_docstring(text: str | None, outputs: Sequence[str] = ()) -> Descriptions:
    """Read a docstring; `outputs` are the names that its part about returning may describe one by one."""
    if not text:
        return Descriptions()
    from docstring_parser import parse

    read = parse(text if is_text(text) else text.encode(errors="replace").decode())
    whole = "\n\n".join(part.strip() for part in (read.short_description, read.long_description) if part)
    parameters = {parameter.arg_name.lstrip("*"): _line(parameter.description) for parameter in read.params}
    types = {parameter.arg_name: parameter.type_name for parameter in read.params if parameter.type_name}
    returned: dict[str, str] = {}
    texts = []
    for item in read.many_returns:
        named = next((name for name in (item.return_name, item.type_name) if name in outputs), None)
        texts.append(_line(item.description))
        # A Google section is one item to the parser, named by its first line.
        described = f"{named}: {item.description}" if named and item.description else item.description
        returned |= _by_line(described or "", outputs)
    returns = " ".join(texts).strip()
    return Descriptions(whole=whole, parameters=parameters, types=types, returned=returned, returns=returns)


def _by_line(text: str, names: Sequence[str]) -> dict[str, str]:
    """Read lines of the form `name: text`, with or without a bullet; a text goes on to the next name."""
    found: dict[str, str] = {}
    current = None
    for line in text.splitlines():
        match = re.match(r"\s*(?:[-*]\s+)?`{0,2}(\w+)`{0,2}(?:\s*\([^)]*\))?\s*:\s*(.+)", line)
        if match and match[1] in names:
            current = match[1]
            found[current] = match[2].strip()
        elif current and line.strip():
            found[current] += f" {line.strip()}"
    return found


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
