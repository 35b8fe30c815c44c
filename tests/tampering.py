"""Change one part of a document after the other."""

import base64
import copy
from collections.abc import Callable
from typing import Any

Path = tuple[Any, ...]


def leaves(value: Any, path: Path = ()) -> list[Path]:  # noqa: ANN401 (any JSON value)
    """Return the paths to all values of a document that hold no others."""
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for number, item in enumerate(value) for leaf in leaves(item, (*path, number))]
    return [path]


def changed(document: Any, path: Path, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 (likewise)
    """Return a copy of a document with one value changed."""
    result = copy.deepcopy(document)
    place = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = change(place[path[-1]])
    return result


def without(document: Any, path: Path) -> Any:  # noqa: ANN401 (likewise)
    """Return a copy of a document without one value."""
    result = copy.deepcopy(document)
    place = result
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return result


def flipped(text: str) -> str:
    """Return base64 with one bit of the last byte changed."""
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode()


def other(value: object) -> object:
    """Return another value of the same form: a number, base64, or a text."""
    text = str(value)
    if text.isdigit():
        return str(int(text) + 1)
    try:
        return flipped(text)
    except (ValueError, IndexError):
        return f"{text[:-1]}{'x' if text[-1:] != 'x' else 'y'}"
