"""Pin the image of a contract by changing one node; every other byte stays."""

from pathlib import Path

import yaml

from toolkit.errors import InputError, Location
from toolkit.spec.document import Reading, compose, line_starts

_KEYS = ("implementation", "container", "image")
# Contracts are compared with this image, which none can have.
_NO_IMAGE = "none.invalid/none"


def pin_image(text: str, image: str, path: Path) -> str:
    """Return `text` with `implementation.container.image` set to `image`; quotes stay as they are.

    Raises InputError if the node is missing, or written in a form that one edit cannot change (a block scalar, an
    alias, an anchor or a tag), and FindingsError if `text` is not YAML.
    """
    reading = Reading(path)
    node = root = compose(text, path)
    for key in _KEYS:
        parts = reading.mapping(node, key)
        if key not in parts:
            raise InputError(
                f"{key} is missing, so that implementation.container.image cannot be pinned",
                where=reading.at(node),
                hint="add `image:` under implementation.container",
            )
        node = parts[key]
    start, end = span(text, node)
    quote = getattr(node, "style", None) or ""
    # An empty value begins right after the colon, and JSON needs no space there, but plain YAML does.
    gap = " " if text[start - 1 : start] == ":" else ""
    # The text is changed and not written anew, so that comments and layout stay; then both are compared as trees.
    pinned = f"{text[:start]}{gap}{quote}{image}{quote}{text[end:]}"
    if pinned == text:
        return text
    if not isinstance(node, yaml.ScalarNode) or quote in {"|", ">"} or not _differs_there_only(root, pinned, image):
        raise InputError(
            "the image is not written as a plain text on a line of its own, so it cannot be replaced",
            where=reading.at(node),
            hint=f"write it as `image: {image}`",
        )
    return pinned


def unpinned(data: bytes) -> bytes | None:
    """Return a contract's bytes without the image that a push pins, for comparisons; None if it cannot be pinned."""
    try:
        return pin_image(data.decode(), _NO_IMAGE, Path()).encode()
    except (InputError, UnicodeDecodeError):
        return None


def image_location(text: str, path: Path) -> Location:
    """Return the place of the image in the contract."""
    reading = Reading(path)
    node = compose(text, path)
    for key in _KEYS:
        node = reading.mapping(node, key).get(key, node)
    return reading.at(node)


def span(text: str, node: yaml.Node) -> tuple[int, int]:
    """Return the offsets of a node's start and end."""
    starts = line_starts(text)
    first, last = node.start_mark, node.end_mark
    return starts[first.line] + first.column, starts[last.line] + last.column


def _differs_there_only(old: yaml.Node, pinned: str, image: str) -> bool:
    """Return whether the pinned text differs from the old one in the image alone."""
    try:
        new = compose(pinned, Path())
    except InputError:
        return False
    return _same(old, new, _KEYS, image)


def _same(old: yaml.Node, new: yaml.Node, keys: tuple[str, ...] | None, image: str) -> bool:
    """Return whether two trees are equal but for the image; `keys` leads to it from here, None elsewhere."""
    if keys == ():
        return isinstance(new, yaml.ScalarNode) and new.value == image
    if type(old) is not type(new) or old.tag != new.tag:
        return False
    if isinstance(old, yaml.ScalarNode):
        return bool(old.value == new.value)
    if len(old.value) != len(new.value):
        return False
    if isinstance(old, yaml.SequenceNode):
        return all(_same(item, other, None, image) for item, other in zip(old.value, new.value, strict=True))
    return all(
        _same(key, new_key, None, image)
        and _same(value, new_value, keys[1:] if keys and key.value == keys[0] else None, image)
        for (key, value), (new_key, new_value) in zip(old.value, new.value, strict=True)
    )
