"""Pin the image of a contract: one node changes, every other byte stays."""

import re
from pathlib import Path

import yaml

from toolkit.errors import InputError, Location
from toolkit.spec.document import Reading, compose

# YAML 1.1, section 5.4: what ends a line; Python's own splitlines knows more.
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


def pin_image(text: str, image: str, path: Path) -> str:
    """Return `text` with `implementation.container.image` set to `image`; quotes stay as they are.

    Raises InputError when there is no such node on one line of its own.
    """
    reading = Reading(path)
    node = compose(text, path)
    for key in ("implementation", "container", "image"):
        parts = reading.mapping(node, key)
        if key not in parts:
            raise InputError(
                f"there is no {key} to pin (implementation.container.image)",
                where=reading.at(node),
                hint="add `image:` under implementation.container",
            )
        parent, node = node, parts[key]
    start, end = _span(text, node)
    if not isinstance(node, yaml.ScalarNode) or node.style in {"|", ">"} or _is_alias(node, parent):
        raise InputError("the image is not written as a plain text on its own line", where=reading.at(node))
    quote = node.style or ""
    return f"{text[:start]}{quote}{image}{quote}{text[end:]}"


def image_location(text: str, path: Path) -> Location:
    """Say where the image stands in the contract."""
    reading = Reading(path)
    node = compose(text, path)
    for key in ("implementation", "container", "image"):
        node = reading.mapping(node, key).get(key, node)
    return reading.at(node)


def _span(text: str, node: yaml.Node) -> tuple[int, int]:
    """Turn line and column into offsets; a mark's own index counts a byte order mark differently."""
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    first, last = node.start_mark, node.end_mark
    return starts[first.line] + first.column, starts[last.line] + last.column


def _is_alias(node: yaml.Node, parent: yaml.Node) -> bool:
    """Tell whether the value stands elsewhere, as `*name` does."""
    for key, value in parent.value:
        if value is node:
            return bool(node.start_mark.index < key.end_mark.index or node.start_mark.line > key.end_mark.line + 1)
    return True
