"""Where the boxes and arrows of a graph lie: layers from top to bottom, groups as boxes that hold boxes.

A box is in the layer after the last box that it needs (longest path), or below it if that layer is full. In a layer,
boxes are ordered by the mean place of their neighbours (the barycentre method of Sugiyama, Tagawa and Toda, 1981). An
arrow over several layers has a place of its own in those between. Nothing here draws.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt

from msgspec import Struct, field

_SWEEPS = 8
_BESIDE = 28.0
_BETWEEN = 34.0
# The width of the place that an arrow has in a layer that it only passes.
_PASSING = 14.0
# So many boxes may stand beside one another in any group.
_BROAD = 4
LINE = 14.0
PADDING = 18.0
HEADER = 46.0


class Arrow(Struct, frozen=True, kw_only=True):
    """An arrow between two boxes of one group, by their keys, with as many `lines` of text at its end."""

    source: str
    target: str
    lines: int = 0


class Box(Struct, frozen=True, kw_only=True):
    """A box to place. A group's size is that of its boxes; `width` is its least."""

    key: str
    width: float
    height: float
    boxes: tuple["Box", ...] = ()
    arrows: tuple[Arrow, ...] = ()


class Line(Struct, frozen=True, kw_only=True):
    """An arrow that is placed: its points from top to bottom, in the coordinates of the whole picture."""

    arrow: Arrow
    points: tuple[tuple[float, float], ...]


class Placed(Struct, frozen=True, kw_only=True):
    """A box that is placed, with the boxes and lines in it, in the coordinates of the whole picture."""

    key: str
    x: float
    y: float
    width: float
    height: float
    boxes: tuple["Placed", ...] = ()
    lines: tuple[Line, ...] = ()


class _Item(Struct):
    """A box in its layer, or the place of an arrow that passes. `x` is the middle."""

    key: str
    width: float
    height: float
    layer: int
    x: float = 0.0
    above: list["_Item"] = field(default_factory=list)
    below: list["_Item"] = field(default_factory=list)


def place(box: Box) -> Placed:
    """Place a group and everything in it, from the upper left corner."""
    return _shifted(_placed(box), 0.0, 0.0)


def _placed(box: Box) -> Placed:
    """Place a box with its own corner as the origin."""
    if not box.boxes:
        return Placed(key=box.key, x=0, y=0, width=box.width, height=box.height)
    inner = {each.key: _placed(each) for each in box.boxes}
    layers, items, passing = _layered(box, inner)
    for sweep in range(_SWEEPS):
        _order(layers, down=sweep % 2 == 0)
    tops = _tops(box, layers, items)
    _spread(layers)
    left = min(item.x - item.width / 2 for layer in layers for item in layer)
    right = max(item.x + item.width / 2 for layer in layers for item in layer)
    bottom = max(tops[item.layer] + item.height for layer in layers for item in layer)
    width = max(right - left + 2 * PADDING, box.width)
    # In the middle, if the header is wider than its boxes.
    aside = (width - (right - left)) / 2 - left
    boxes = tuple(
        _shifted(inner[key], item.x + aside - item.width / 2, tops[item.layer]) for key, item in items.items()
    )
    places = {each.key: each for each in boxes}
    lines = tuple(_lines(box, places, passing, tops, aside))
    return Placed(key=box.key, x=0, y=0, width=width, height=bottom + PADDING, boxes=boxes, lines=lines)


def _layered(
    box: Box, inner: Mapping[str, Placed]
) -> tuple[list[list[_Item]], dict[str, _Item], dict[Arrow, list[_Item]]]:
    """Return the layers, the item of each box, and the places of arrows over several layers."""
    depth: dict[str, int] = {}
    needs: dict[str, list[str]] = {each.key: [] for each in box.boxes}
    for arrow in box.arrows:
        needs[arrow.target].append(arrow.source)
    # Many boxes beside one another would make a picture that no screen can show.
    most, taken = max(_BROAD, round(1.3 * sqrt(len(box.boxes)))), Counter[int]()
    # The boxes stand in an order in which each comes after those that it needs.
    for each in box.boxes:
        layer = max((depth[source] + 1 for source in needs[each.key]), default=0)
        while taken[layer] >= most:
            layer += 1
        taken[layer] += 1
        depth[each.key] = layer
    layers: list[list[_Item]] = [[] for _ in range(max(depth.values()) + 1)]
    items = {
        key: _Item(key=key, width=placed.width, height=placed.height, layer=depth[key]) for key, placed in inner.items()
    }
    for item in items.values():
        layers[item.layer].append(item)
    passing: dict[Arrow, list[_Item]] = {}
    for arrow in box.arrows:
        chain = [items[arrow.source]]
        for layer in range(depth[arrow.source] + 1, depth[arrow.target]):
            chain.append(_Item(key="", width=_PASSING, height=0, layer=layer))
            layers[layer].append(chain[-1])
        passing[arrow] = chain[1:]
        chain.append(items[arrow.target])
        for upper, lower in pairwise(chain):
            upper.below.append(lower)
            lower.above.append(upper)
    return layers, items, passing


def _order(layers: Sequence[list[_Item]], *, down: bool) -> None:
    """Order each layer by the places of the neighbours above it, or below it."""
    for layer in layers:
        for number, item in enumerate(layer):
            item.x = number
    for layer in layers if down else reversed(layers):
        for item in layer:
            neighbours = item.above if down else item.below
            if neighbours:
                item.x = sum(each.x for each in neighbours) / len(neighbours)
        layer.sort(key=lambda item: item.x)
        for number, item in enumerate(layer):
            item.x = number


def _tops(box: Box, layers: Sequence[Sequence[_Item]], items: Mapping[str, _Item]) -> list[float]:
    """Return the top of each layer, with room for the texts of the arrows that end there."""
    texts = dict.fromkeys(items, 0)
    for arrow in box.arrows:
        texts[arrow.target] += arrow.lines
    top, tops = HEADER, []
    for number, layer in enumerate(layers):
        lines = max((texts.get(item.key, 0) for item in layer), default=0)
        top += LINE * lines + (_BETWEEN if number else 0)
        tops.append(top)
        top += max(item.height for item in layer)
    return tops


def _spread(layers: Sequence[Sequence[_Item]]) -> None:
    """Set the middle of each item: near its neighbours, and beside the others of its layer."""
    for layer in layers:
        _apart(layer, [0.0] * len(layer))
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            wanted = []
            for item in layer:
                neighbours = item.above if down else item.below
                wanted.append(sum(each.x for each in neighbours) / len(neighbours) if neighbours else item.x)
            _apart(layer, wanted)


def _apart(layer: Sequence[_Item], wanted: Sequence[float]) -> None:
    """Set the middles near the wanted ones, without overlaps and in the same order."""
    count = len(layer)
    least = [(layer[n].width + layer[n + 1].width) / 2 + _BESIDE for n in range(count - 1)]
    fromleft, fromright = [*wanted], [*wanted]
    for n in range(1, count):
        fromleft[n] = max(fromleft[n], fromleft[n - 1] + least[n - 1])
    for n in range(count - 2, -1, -1):
        fromright[n] = min(fromright[n], fromright[n + 1] - least[n])
    # Both keep the distances, so their mean does.
    for item, left, right in zip(layer, fromleft, fromright, strict=True):
        item.x = (left + right) / 2


def _lines(
    box: Box,
    places: Mapping[str, Placed],
    passing: Mapping[Arrow, Sequence[_Item]],
    tops: Sequence[float],
    aside: float,
) -> list[Line]:
    """Return the lines of a group's arrows. Those of one box leave and arrive side by side."""
    middle = {key: each.x + each.width / 2 for key, each in places.items()}
    starts: dict[Arrow, tuple[float, float]] = {}
    ends: dict[Arrow, tuple[float, float]] = {}
    for key, each in places.items():
        leaving = sorted((arrow for arrow in box.arrows if arrow.source == key), key=lambda arrow: middle[arrow.target])
        coming = sorted((arrow for arrow in box.arrows if arrow.target == key), key=lambda arrow: middle[arrow.source])
        for arrows, points, y in ((leaving, starts, each.y + each.height), (coming, ends, each.y)):
            for number, arrow in enumerate(arrows, 1):
                points[arrow] = (each.x + each.width * number / (len(arrows) + 1), y)
    lines = []
    for arrow in box.arrows:
        between = []
        for item in passing[arrow]:
            top = tops[item.layer]
            height = max((each.height for each in places.values() if each.y == top), default=0)
            between += [(item.x + aside, top), (item.x + aside, top + height)]
        lines.append(Line(arrow=arrow, points=(starts[arrow], *between, ends[arrow])))
    return lines


def _shifted(placed: Placed, x: float, y: float) -> Placed:
    """Move a placed box with all that is in it."""
    lines = tuple(
        Line(arrow=line.arrow, points=tuple((px + x, py + y) for px, py in line.points)) for line in placed.lines
    )
    boxes = tuple(_shifted(each, x, y) for each in placed.boxes)
    return Placed(
        key=placed.key,
        x=placed.x + x,
        y=placed.y + y,
        width=placed.width,
        height=placed.height,
        boxes=boxes,
        lines=lines,
    )
