"""Descriptions from docstrings, in the Google, NumPy and reST styles."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptions:
    """What a docstring says: of the whole, of each parameter, and of what is returned, by name and as one text."""

    whole: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    returned: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""


def read_docstring(text: str | None, outputs: Sequence[str] = ()) -> Descriptions:
    """Read a docstring; `outputs` are the names that its part about returning may describe one by one."""
    if not text:
        return Descriptions()
    from docstring_parser import parse

    read = parse(text)
    whole = "\n\n".join(part.strip() for part in (read.short_description, read.long_description) if part)
    parameters = {parameter.arg_name.lstrip("*"): _line(parameter.description) for parameter in read.params}
    returned: dict[str, str] = {}
    texts = []
    for item in read.many_returns:
        named = next((name for name in (item.return_name, item.type_name) if name in outputs), None)
        texts.append(_line(item.description))
        if named:
            returned[named] = _line(item.description)
        returned |= _by_line(item.description or "", outputs)
    return Descriptions(whole=whole, parameters=parameters, returned=returned, returns=" ".join(texts).strip())


def _by_line(text: str, names: Sequence[str]) -> dict[str, str]:
    """Read lines of the form `name: text`, with or without a bullet."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"\s*(?:[-*]\s+)?`{0,2}(\w+)`{0,2}(?:\s*\([^)]*\))?\s*:\s*(.+)", line)
        if match and match[1] in names:
            found[match[1]] = match[2].strip()
    return found


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
