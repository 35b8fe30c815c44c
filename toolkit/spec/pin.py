"""Pin the image of a contract: one node changes, every other byte stays."""

from pathlib import Path

import yaml

from toolkit.errors import InputError, Location
from toolkit.spec.document import LINE_BREAK, Reading, compose

_KEYS = ("implementation", "container", "image")


def pin_image(text: str, image: str, path: Path) -> str:
    """Return `text` with `implementation.container.image` set to `image`; quotes stay as they are.

    Raises InputError when there is no such node, or when it is written in a form that one edit cannot change
    (a block scalar, an alias, an anchor or a tag); FindingsError when `text` is no YAML.
    """
    reading = Reading(path)
    node = root = compose(text, path)
    for key in _KEYS:
        parts = reading.mapping(node, key)
        if key not in parts:
            raise InputError(
                f"there is no {key} to pin (implementation.container.image)",
                where=reading.at(node),
                hint="add `image:` under implementation.container",
            )
        node = parts[key]
    start, end = _span(text, node)
    quote = getattr(node, "style", None) or ""
    gap = " " if text[start - 1 : start] == ":" else ""
    pinned = f"{text[:start]}{gap}{quote}{image}{quote}{text[end:]}"
    if not isinstance(node, yaml.ScalarNode) or quote in {"|", ">"} or not _differs_there_only(root, pinned, image):
        raise InputError(
            "the image is not written as a plain text on a line of its own, so it cannot be replaced",
            where=reading.at(node),
            hint=f"write it as `image: {image}`",
        )
    return pinned


def image_location(text: str, path: Path) -> Location:
    """Say where the image stands in the contract."""
    reading = Reading(path)
    node = compose(text, path)
    for key in _KEYS:
        node = reading.mapping(node, key).get(key, node)
    return reading.at(node)


def _span(text: str, node: yaml.Node) -> tuple[int, int]:
    """Turn line and column into offsets; columns and indices of marks do not count a byte order mark."""
    starts = [int(text.startswith("\ufeff")), *(match.end() for match in LINE_BREAK.finditer(text))]
    first, last = node.start_mark, node.end_mark
    return starts[first.line] + first.column, starts[last.line] + last.column


def _differs_there_only(old: yaml.Node, pinned: str, image: str) -> bool:
    """Tell whether the pinned text says what the old one said, with another image."""
    try:
        new = compose(pinned, Path())
    except InputError:
        return False
    return _same(old, new, _KEYS, image)


def _same(old: yaml.Node, new: yaml.Node, keys: tuple[str, ...] | None, image: str) -> bool:
    """Compare two trees; `keys` leads from here to the image, None when it does not lie below."""
    if keys == ():
        return isinstance(new, yaml.ScalarNode) and new.value == image
    if type(old) is not type(new) or old.tag != new.tag:
        return False
    if isinstance(old, yaml.ScalarNode):
        return bool(old.value == new.value)
    if len(old.value) != len(new.value):
        return False
    if isinstance(old, yaml.SequenceNode):
        return all(_same(one, other, None, image) for one, other in zip(old.value, new.value, strict=True))
    return all(
        _same(key, new_key, None, image)
        and _same(value, new_value, keys[1:] if keys and key.value == keys[0] else None, image)
        for (key, value), (new_key, new_value) in zip(old.value, new.value, strict=True)
    )
