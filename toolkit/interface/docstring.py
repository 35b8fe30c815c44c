"""The descriptions in docstrings of the Google, NumPy and reST styles."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct, field

from toolkit.words import is_text


class Descriptions(Struct, frozen=True, kw_only=True):
    """The parts of a docstring.

    `whole` is its text before the sections. `parameters` and `types` are the descriptions and the types of parameters,
    as written, by name. `returned` describes the outputs that it names, `returns` is all it says about returning.
    """

    whole: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    returned: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""


# A build reads a function for its contract, for its image and for the record of the build.
@lru_cache(maxsize=64)
def read_docstring(text: str | None, outputs: tuple[str, ...] = ()) -> Descriptions:
    """Return the parts of a docstring; `outputs` are the names that its section "Returns" may describe one by one."""
    if not text:
        return Descriptions()
    # Imported here, since most commands read no docstring.
    from docstring_parser import parse

    # Half of a surrogate pair cannot be written to a contract.
    docstring = parse(text if is_text(text) else text.encode(errors="replace").decode())
    whole = "\n\n".join(part.strip() for part in (docstring.short_description, docstring.long_description) if part)
    parameters = {parameter.arg_name.lstrip("*"): _line(parameter.description) for parameter in docstring.params}
    types = {parameter.arg_name: parameter.type_name for parameter in docstring.params if parameter.type_name}
    returned: dict[str, str] = {}
    texts = []
    for item in docstring.many_returns:
        named = next((name for name in (item.return_name, item.type_name) if name in outputs), None)
        texts.append(_line(item.description))
        # The parser takes a Google section as one item, called by the first word of its first line.
        described = f"{named}: {item.description}" if named and item.description else item.description
        returned |= _by_line(described or "", outputs)
    returns = " ".join(texts).strip()
    return Descriptions(whole=whole, parameters=parameters, types=types, returned=returned, returns=returns)


def _by_line(text: str, names: Sequence[str]) -> dict[str, str]:
    """Return the texts of lines like `name: text` or `- name: text`; a text continues up to the next name."""
    texts: dict[str, str] = {}
    current = None
    for line in text.splitlines():
        match = re.match(r"\s*(?:[-*]\s+)?`{0,2}(\w+)`{0,2}(?:\s*\([^)]*\))?\s*:\s*(.+)", line)
        if match and match[1] in names:
            current = match[1]
            texts[current] = match[2].strip()
        elif current and line.strip():
            texts[current] += f" {line.strip()}"
    return texts


def _line(text: str | None) -> str:
    """Return a text on one line."""
    return " ".join((text or "").split())
