"""Carry out edits of a contract as replacements of text: comments, quotes, order and line ends stay as they are.

Nothing here knows what an edit means: callers parse the result again and compare.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.edits import HOLE, Add, Cut, Edit, Quote, Remove, Rename, Replace, Splice, Unwrap, Wrap
from toolkit.spec.document import LINE_BREAK, lines_of
from toolkit.spec.layout import Layout, Part
from toolkit.spec.writer import flow

_INDENT = 2
# Characters in which the `?` of a key is looked for.
_NEAR = 100


class Replacement(Struct, frozen=True, order=True):
    """The text that stands in the place of another one, which begins and ends at two offsets."""

    start: int
    end: int
    text: str


Replacements = tuple[Replacement, ...]


def rewritten(text: str, path: Path, edits: Iterable[Edit]) -> str | None:
    """Return a text after each of the edits, which see the result of those before them; None if one is impossible.

    Raises FindingsError if the text is not YAML, or is not after one of the edits.
    """
    for edit in edits:
        changes = replacements(Layout(text, path), [edit])
        if changes is None:
            return None
        text = replaced(text, changes)
    return text


def replacements(layout: Layout, edits: Iterable[Edit]) -> Replacements | None:
    """Return what edits replace, in the order of the text; None if the layout keeps one of them from being made.

    An anchor, an alias, a tag, a merge and a comment in the middle of what goes away are such layouts. Raises
    FindingsError never.
    """
    changes: list[Replacement] = []
    for edit in edits:
        change = _of(layout, edit)
        if change is None:
            return None
        changes += change
    changes.sort()
    return tuple(changes) if are_apart(changes) else None


def are_apart(changes: Sequence[Replacement]) -> bool:
    """Return whether sorted replacements neither overlap nor begin at the same offset."""
    return all(first.end <= second.start and first.start < second.start for first, second in pairwise(changes))


def replaced(text: str, changes: Iterable[Replacement]) -> str:
    """Return the text after all of the replacements, which must be apart."""
    pieces, at = [], 0
    for change in sorted(changes):
        pieces += [text[at : change.start], change.text]
        at = change.end
    return "".join([*pieces, text[at:]])


def _of(layout: Layout, edit: Edit) -> list[Replacement] | None:
    """Return what one edit replaces."""
    if isinstance(edit, Cut):
        return _cut(layout, edit)
    part = layout.find(edit.at)
    if part is None or part.kind == "alias":
        return None
    return _MAKERS[type(edit)](layout, part, edit)


def _quote(layout: Layout, part: Part, edit: Quote) -> list[Replacement] | None:
    """Put a plain text of one line into the quotes that the document uses most."""
    del edit
    text = layout.text[part.start : part.end]
    if part.kind != "scalar" or part.style or part.named or LINE_BREAK.search(text) or not text:
        return None
    return [Replacement(part.start, part.end, _quoted(layout, text))]


def _quoted(layout: Layout, text: str) -> str:
    """Return a text in quotes."""
    double = layout.text.count('"') > layout.text.count("'")
    if double and not {'"', "\\"} & set(text):
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def _replace(layout: Layout, part: Part, edit: Replace) -> list[Replacement] | None:
    """Write another value."""
    return None if part.named else _written(layout, part, edit.value)


def _written(layout: Layout, part: Part, value: Any) -> list[Replacement] | None:  # noqa: ANN401 (any JSON value)
    """Write a value in flow style in the place of a part; a text keeps its quotes."""
    start = _value_start(layout, part)
    if start is None or _has_comment(layout, start, part.end):
        return None
    written = _flow(layout, value)
    if isinstance(value, str) and part.style in {"'", '"'} and value.isprintable() and "\\" not in value:
        doubled = value.replace("'", "''") if part.style == "'" else value
        written = f"{part.style}{doubled}{part.style}" if '"' not in value or part.style == "'" else written
    if part.style in {"|", ">"}:
        # Such a text ends with the line's end, or with that of the document.
        end = part.end - len(layout.text[: part.end]) + len(layout.text[: part.end].rstrip("\r\n \t"))
        return [Replacement(start, end, _spaced(layout, start, written))]
    return [Replacement(start, part.end, _spaced(layout, start, written))]


def _rename(layout: Layout, part: Part, edit: Rename) -> list[Replacement] | None:
    """Write another key, in the same quotes."""
    key = part.key()
    if key is None or key.named or key.kind != "scalar" or key.style in {"|", ">"}:
        return None
    return _written(layout, key, edit.name)


def _remove(layout: Layout, part: Part, edit: Remove) -> list[Replacement] | None:
    """Remove a key or an item; the last one leaves an empty collection."""
    del edit
    outer = part.parent
    if outer is None or _has_explicit_key(layout, outer):
        return None
    if len(outer.items) == 1:
        return _emptied(layout, outer)
    first = outer.keys or outer.items
    # The part may be the key itself.
    start, end = first[part.index].start, max(outer.items[part.index].end, first[part.index].end)
    following = first[part.index + 1].start if part.index + 1 < len(first) else None
    if outer.flow:
        return _remove_in_flow(layout, outer, start, end, following)
    return _remove_in_block(layout, outer, start, end, following)


def _remove_in_block(
    layout: Layout, outer: Part, start: int, end: int, following: int | None
) -> list[Replacement] | None:
    """Remove the lines of an item."""
    line = layout.line_start(start)
    before = layout.text[line:start].strip()
    if before == ("" if outer.keys else "-"):
        return [Replacement(line, _line_after(layout, end), "")]
    # The first key of a mapping stands behind the dash of a list, and the next one moves there.
    if before.strip("- ") or not outer.keys or following is None or _has_comment(layout, start, following):
        return None
    return [Replacement(start, following, "")]


def _emptied(layout: Layout, outer: Part) -> list[Replacement] | None:
    """Write an empty collection."""
    if outer.named:
        return None
    return _written(layout, outer, {} if outer.kind == "mapping" else [])


def _remove_in_flow(
    layout: Layout, outer: Part, start: int, end: int, following: int | None
) -> list[Replacement] | None:
    """Remove an item of a collection in flow style, and one comma."""
    text = layout.text
    if following is not None:
        if not _has_comment(layout, end, following):
            return [Replacement(start, following, "")]
        comma = text.find(",", end, following)
        return [Replacement(start, comma + 1, "")] if not text[end:comma].strip() else None
    before = outer.items[-2].end
    if _has_comment(layout, before, start):
        # YAML takes the comma that stays behind.
        return [Replacement(start, end, "")]
    return [Replacement(before, end, "")]


def _add(layout: Layout, part: Part, edit: Add) -> list[Replacement] | None:
    """Add a key with its value in flow style."""
    text = f"{_flow(layout, edit.key)}: {_flow(layout, edit.value)}"
    if part.kind == "scalar" and not part.value and not part.style and not part.named:
        return [Replacement(part.start, part.end, _spaced(layout, part.start, f"{{{text}}}"))]
    if part.kind != "mapping":
        return None
    if not part.items:
        return [Replacement(part.start + 1, part.start + 1, text)]
    after = part.get(edit.after) or part.items[-1]
    end = max(after.end, part.keys[after.index].end)
    if part.flow:
        return [Replacement(end, end, f", {text}")]
    at = _line_after(layout, end)
    column = layout.column(part.start)
    line = f"{' ' * column}{text}"
    if layout.text[:at].endswith(("\n", "\r")):
        return [Replacement(at, at, f"{line}{layout.line_end}")]
    return [Replacement(at, at, f"{layout.line_end}{line}")]


def _wrap(layout: Layout, part: Part, edit: Wrap) -> list[Replacement] | None:
    """Put items of a list into a new one, word for word."""
    outer = part.parent
    if outer is None or outer.kind != "sequence" or part.index + edit.count > len(outer.items):
        return None
    first, last = part, outer.items[part.index + edit.count - 1]
    if outer.flow:
        inside = f"[{layout.text[first.start : last.end]}]"
        return [Replacement(first.start, last.end, _flow(layout, edit.template).replace(_flow(layout, HOLE), inside))]
    start, end = layout.line_start(first.start), _line_after(layout, last.end)
    column = layout.column(outer.start)
    if layout.text[start : start + column].strip(" ") or layout.text[start + column : first.start].strip(" ") != "-":
        return None
    lines = _block_lines(edit.template, column + _INDENT, lambda deep: _indented(layout, start, end, deep - column))
    lines[0] = f"{' ' * column}- {lines[0].lstrip(' ')}"
    text = layout.line_end.join(lines)
    ended = layout.text[start:end].endswith(("\n", "\r"))
    return [Replacement(start, end, text + layout.line_end * ended)]


def _block_lines(value: Any, column: int, items: Any) -> list[str]:  # noqa: ANN401 (any JSON value)
    """Return the lines of a mapping in block style on the way to the hole, whose lines `items` gives for a column."""
    lines = []
    for key, inner in value.items():
        head = f"{' ' * column}{flow(key)}:"
        if inner == HOLE:
            lines += [head, *items(column)]
        elif isinstance(inner, dict) and _has_hole(inner):
            lines += [head, *_block_lines(inner, column + _INDENT, items)]
        elif isinstance(inner, list) and inner:
            lines += [head, *(f"{' ' * column}- {flow(item)}" for item in inner)]
        else:
            lines.append(f"{head} {flow(inner)}")
    return lines


def _has_hole(value: object) -> bool:
    """Return whether the hole of a template is somewhere in a value."""
    return value == HOLE or (isinstance(value, dict) and any(_has_hole(inner) for inner in value.values()))


def _indented(layout: Layout, start: int, end: int, by: int) -> list[str]:
    """Return the lines between two offsets, each moved to the right."""
    lines = lines_of(layout.text[start:end])
    if not lines[-1]:
        lines.pop()
    return [f"{' ' * by}{line}" if line.strip() else line for line in lines]


def _unwrap(layout: Layout, part: Part, edit: Unwrap) -> list[Replacement] | None:
    """Put the only item of a list in its place."""
    del edit
    if part.kind != "sequence" or len(part.items) != 1 or part.named:
        return None
    (item,) = part.items
    if not part.flow:
        # The item keeps its columns if a space replaces the dash.
        return [Replacement(part.start, part.start + 1, " ")] if layout.text[part.start] == "-" else None
    if _has_comment(layout, part.start, item.start) or _has_comment(layout, item.end, part.end):
        return None
    return [Replacement(part.start, item.start, ""), Replacement(item.end, part.end, "")]


def _splice(layout: Layout, part: Part, edit: Splice) -> list[Replacement] | None:
    """Put values into a list in the place of one of its items."""
    outer = part.parent
    if outer is None or outer.kind != "sequence" or part.named or not edit.values:
        return None
    if _has_comment(layout, part.start, part.end):
        return None
    between = ", " if outer.flow else f"{layout.line_end}{' ' * layout.column(outer.start)}- "
    # A text in block style ends on the next line.
    ended = layout.line_end if layout.line_start(part.end) == part.end else ""
    return [Replacement(part.start, part.end, between.join(_flow(layout, value) for value in edit.values) + ended)]


def _cut(layout: Layout, edit: Cut) -> list[Replacement] | None:
    """Remove characters of a comment, and the line if only spaces remain on it, else the spaces before them."""
    start, end = layout.offset(edit.start), layout.offset(edit.end)
    if not any(first <= start and end <= last for first, last in layout.comments):
        return None
    line, following = layout.line_start(start), layout.next_line(start)
    before, after = layout.text[line:start], layout.text[end:following]
    if not before.strip() and not after.strip():
        return [Replacement(line, following, "")]
    if not after.strip():
        start -= len(before) - len(before.rstrip())
    return [Replacement(start, end, "")]


def _flow(layout: Layout, value: object) -> str:
    """Return a value on one line, as JSON in a document that is JSON."""
    if layout.is_json:
        text = json.dumps(value, ensure_ascii=False)
        # YAML takes some characters for line ends that JSON does not.
        if text.isprintable():
            return text
    return flow(value)


def _value_start(layout: Layout, part: Part) -> int | None:
    """Return where a new value begins: in the line of its key if the old one stands below it."""
    key = part.key()
    if key is None or key is part or part.kind == "scalar" or part.flow:
        return part.start
    gap = layout.text[key.end : part.start]
    colon = gap.find(":")
    return None if "#" in gap else key.end + colon + 1


def _spaced(layout: Layout, start: int, text: str) -> str:
    """Return a text with a space before it if it follows a colon."""
    return f" {text}" if layout.text[start - 1 : start] == ":" else text


def _has_explicit_key(layout: Layout, mapping: Part) -> bool:
    """Return whether a mapping has a key in the explicit form, `? key`, which may lie on lines of its own."""
    text = layout.text
    return any(text[max(0, key.start - _NEAR) : key.start].rstrip(" \r\n").endswith("?") for key in mapping.keys)


def _line_after(layout: Layout, end: int) -> int:
    """Return the begin of the line behind a part; a text in block style ends there itself."""
    return end if end and layout.line_start(end) == end else layout.next_line(end)


def _has_comment(layout: Layout, start: int, end: int) -> bool:
    """Return whether a comment begins between two offsets."""
    return any(start <= at < end for at, _ in layout.comments)


_MAKERS: dict[type[Edit], Callable[[Layout, Part, Any], list[Replacement] | None]] = {
    Quote: _quote,
    Replace: _replace,
    Rename: _rename,
    Remove: _remove,
    Add: _add,
    Wrap: _wrap,
    Unwrap: _unwrap,
    Splice: _splice,
}
