"""Change single texts of a contract, such as one annotation; comments and layout of all the rest stay."""

from pathlib import Path

import yaml

from toolkit.errors import InputError, Location
from toolkit.spec.document import compose, line_starts
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import key_and_value

Keys = tuple[str, ...]
_INDENT = 2


def with_texts(text: str, path: Path, changes: dict[Keys, str | None], expected: ComponentSpec) -> str:
    """Return a contract's text with each of the texts at `changes` set, or removed if it is None.

    Raises InputError unless the result means `expected`: not every layout can be changed by a few edits.
    """
    edited = text
    for keys, value in changes.items():
        edited = _set(edited, path, keys, value) if value is not None else _removed(edited, path, keys)
    try:
        fits = parse_component(edited, path) == expected
    except InputError:
        fits = False
    if not fits:
        lines = [key_and_value(keys[-1], value) for keys, value in changes.items() if value is not None]
        raise InputError(
            "the contract's layout keeps its annotations and env from being changed in place",
            where=Location(path=path),
            hint=f"write them in lines of their own: {'; '.join(lines) or 'and remove the stale ones'}",
        )
    return edited


def _set(text: str, path: Path, keys: Keys, value: str) -> str:
    """Return the text with a value at `keys`; mappings that are missing on the way are added in block style."""
    node, depth, starts = compose(text, path), 0, line_starts(text)
    while depth < len(keys) and isinstance(node, yaml.MappingNode) and (found := _item(node, keys[depth])):
        key, node = found
        depth += 1
    if depth == len(keys):
        start, end = _offset(starts, key.start_mark), _offset(starts, node.end_mark)
        return text[:start] + key_and_value(keys[-1], value) + text[end:]
    missing = keys[depth:]
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        # Before the implementation, where metadata usually stands.
        before = next((key for key, _ in node.value if depth == 0 and key.value == "implementation"), None)
        column = node.value[0][0].start_mark.column
        at = starts[(before or node.value[0][0]).start_mark.line]
        return text[:at] + _lines(missing, value, column) + text[at:]
    if isinstance(node, yaml.ScalarNode) and depth:
        # A key without a value: `annotations:`.
        at = starts[key.start_mark.line + 1] if key.start_mark.line + 1 < len(starts) else len(text)
        gap = "" if text[:at].endswith("\n") else "\n"
        return text[:at] + gap + _lines(missing, value, key.start_mark.column + _INDENT) + text[at:]
    return text


def _removed(text: str, path: Path, keys: Keys) -> str:
    """Return the text without the lines of a key in block style, and of mappings that it alone is in."""
    node, starts, only = compose(text, path), line_starts(text), None
    for name in keys:
        found = _item(node, name) if isinstance(node, yaml.MappingNode) else None
        if found is None:
            return text
        alone = len(node.value) == 1
        key, node = found
        only = (only or key) if alone else key
    first = starts[(only or key).start_mark.line]
    end = node.end_mark
    # A block scalar ends at the beginning of the next line, another one on its own.
    last = starts[end.line] if end.column == 0 else starts[end.line + 1] if end.line + 1 < len(starts) else len(text)
    return text[:first] + text[last:]


def _item(node: yaml.MappingNode, name: str) -> tuple[yaml.ScalarNode, yaml.Node] | None:
    """Return the key and the value of an item of a mapping; None if it is missing."""
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _lines(keys: Keys, value: str, column: int) -> str:
    """Return the lines of a value inside of mappings in block style."""
    *outer, last = keys
    lines = [f"{' ' * (column + _INDENT * depth)}{key}:" for depth, key in enumerate(outer)]
    return "\n".join([*lines, f"{' ' * (column + _INDENT * len(outer))}{key_and_value(last, value)}", ""])


def _offset(starts: list[int], mark: yaml.Mark) -> int:
    """Return the offset of a mark."""
    return starts[mark.line] + mark.column
