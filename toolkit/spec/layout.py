"""The layout of a YAML document: its parts with the offsets at which they begin and end, aliases included.

Unlike the nodes of `toolkit.spec.document`, a part ends with its last character and not with the comments behind it,
and an alias is a part of its own, so that a replacement of text touches nothing else.
"""

import json
import re
from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from msgspec import Struct, field

from toolkit.edits import Spot, Target
from toolkit.spec.document import LINE_BREAK, compose, line_starts

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = re.compile(r"#[^\n\r\x85\u2028\u2029]*")
_BELOW_CONTAINER = frozenset({"image", "command", "args", "env", "fileOutputs"})
_BELOW_METADATA = frozenset({"annotations", "labels"})


class Part(Struct, eq=False):
    """One node as it is written. `flow` is false for block style; `named` with an anchor or a tag.

    A mapping has `keys` beside its `items`, the values.
    """

    kind: Literal["scalar", "mapping", "sequence", "alias"]
    start: int
    end: int
    value: str = ""
    style: str = ""
    flow: bool = False
    named: bool = False
    parent: "Part | None" = None
    index: int = 0
    keys: "list[Part]" = field(default_factory=list)
    items: "list[Part]" = field(default_factory=list)

    def key(self) -> "Part | None":
        """Return the key of this value; None for an item of a list and for the root."""
        return self.parent.keys[self.index] if self.parent is not None and self.parent.keys else None

    def get(self, step: str | int) -> "Part | None":
        """Return the value of a key of this mapping, or an item of this list; None if it is missing."""
        if isinstance(step, int):
            return self.items[step] if self.kind == "sequence" and step < len(self.items) else None
        at = (index for index, key in enumerate(self.keys) if key.value == step)
        return next((self.items[index] for index in at), None)


class Layout:
    """A document's text with its parts."""

    def __init__(self, text: str, path: Path) -> None:
        """Parse a text. Raises FindingsError unless it is one readable YAML document."""
        # It refuses what is too deep for the recursion here, too.
        compose(text, path)
        self.text = text
        self._starts = line_starts(text)
        self._tokens = self._spans()
        self._ends = [end for _, end in self._tokens]
        loader = _Loader(text)
        try:
            while not isinstance(loader.get_event(), yaml.DocumentStartEvent):
                pass
            self.root = self._part(loader, loader.get_event())
        finally:
            loader.dispose()
        first = LINE_BREAK.search(text)
        self.line_end = first[0] if first else "\n"

    def find(self, target: Target) -> Part | None:
        """Return the part at a target; None if it is missing, or only there through an alias or a merge."""
        if isinstance(target, Spot):
            return self._scalar_at(self.root, self.offset(target))
        part: Part | None = self.root
        before: str | int = ""
        for step in _whole(target):
            part = part and _step(part, step, single=before in {"then", "else"})
            before = step
        return part

    def offset(self, spot: Spot) -> int:
        """Return the offset of a place."""
        return self._starts[spot.line - 1] + spot.column - 1

    def line_start(self, offset: int) -> int:
        """Return the offset at which the line of an offset begins."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def next_line(self, offset: int) -> int:
        """Return the offset at which the line after an offset's begins, or the end of the text."""
        line = bisect_right(self._starts, offset)
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def position(self, offset: int) -> Spot:
        """Return the line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return Spot(max(line, 1), offset - self._starts[max(line - 1, 0)] + 1)

    def column(self, offset: int) -> int:
        """Return the number of characters before an offset on its line."""
        return offset - self.line_start(offset)

    @cached_property
    def is_json(self) -> bool:
        """Whether the document is JSON, so that other programs may read it as such."""
        if not self.root.flow:
            return False
        try:
            json.loads(self.text)
        except ValueError:
            return False
        return True

    @cached_property
    def comments(self) -> list[tuple[int, int]]:
        """The offsets of all comments, except behind the `|` or `>` of a text in block style."""
        found, before = [], 0
        for start, end in (*self._tokens, (len(self.text), len(self.text))):
            # Between two tokens are only spaces, line ends and comments.
            found += [
                (before + match.start(), before + match.end()) for match in _COMMENT.finditer(self.text[before:start])
            ]
            before = max(before, end)
        return found

    def _mark(self, mark: Any) -> int:  # noqa: ANN401 (the C parser's marks are not typed)
        # A text without a line end at its end has the mark of its end on a line of its own.
        return int(self._starts[mark.line] + mark.column) if mark.line < len(self._starts) else len(self.text)

    def _spans(self) -> list[tuple[int, int]]:
        """Return the offsets of all tokens that have characters, in their order."""
        loader, spans = _Loader(self.text), []
        try:
            while token := loader.get_token():
                start, end = self._mark(token.start_mark), self._mark(token.end_mark)
                if end > start:
                    spans.append((start, end))
        finally:
            loader.dispose()
        return spans

    def _last_before(self, offset: int) -> int:
        """Return the end of the last token that ends at or before an offset."""
        at = bisect_right(self._ends, offset)
        return self._ends[at - 1] if at else offset

    def _part(self, loader: Any, event: Any) -> Part:  # noqa: ANN401 (the C parser is not typed)
        """Return the part that begins with an event; the loader moves to the event after it."""
        start, end = self._mark(event.start_mark), self._mark(event.end_mark)
        if isinstance(event, yaml.AliasEvent):
            return Part("alias", start, end)
        named = event.anchor is not None or (event.tag is not None and event.tag != "!")
        if isinstance(event, yaml.ScalarEvent):
            style = event.style if event.style in {"'", '"', "|", ">"} else ""
            return Part("scalar", start, end, value=event.value, style=style, named=named)
        mapping = isinstance(event, yaml.MappingStartEvent)
        part = Part("mapping" if mapping else "sequence", start, end, flow=bool(event.flow_style), named=named)
        while not isinstance(event := loader.get_event(), yaml.MappingEndEvent | yaml.SequenceEndEvent):
            if mapping:
                key = self._part(loader, event)
                key.parent, key.index = part, len(part.keys)
                part.keys.append(key)
                event = loader.get_event()
            item = self._part(loader, event)
            item.parent, item.index = part, len(part.items)
            part.items.append(item)
        end = self._mark(event.end_mark)
        # A collection in block style is ended by the next token, with all comments between.
        part.end = end if part.flow else self._last_before(max(end, start))
        return part

    def _scalar_at(self, part: Part, offset: int) -> Part | None:
        """Return the scalar that begins at an offset, a key too."""
        if part.kind == "scalar":
            return part if part.start == offset else None
        inside = (each for each in (*part.keys, *part.items) if each.start <= offset <= each.end)
        return next((found for each in inside if (found := self._scalar_at(each, offset))), None)


def _whole(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return a way from the root for a place of the reader, which leaves out the outer keys."""
    if place and place[0] in _BELOW_CONTAINER:
        return ("implementation", "container", *place)
    if len(place) > 1 and place[0] in _BELOW_METADATA:
        return ("metadata", *place)
    return place


def _step(part: Part, step: str | int, *, single: bool) -> Part | None:
    """Return what one step of a place leads to; `single` if a single argument may stand there instead of a list.

    The reader's places leave out the keys of `concat` and `if`.
    """
    if single and step == 0 and part.kind != "sequence":
        return part
    found = part.get(step)
    if found is None and len(part.items) == 1 and part.keys and part.keys[0].value in {"concat", "if"}:
        return part.items[0].get(step)
    return found
