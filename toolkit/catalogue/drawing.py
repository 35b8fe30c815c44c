"""The picture of a component and its neighbours: who produces what it takes, who takes what it produces.

It is SVG that stands in the page: classes take their colours from the page's style, and each neighbour is a link.
"""

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape
from msgspec import Struct

from toolkit.catalogue.colours import colour_of
from toolkit.catalogue.fitting import Neighbour, telling_types
from toolkit.registry.entry import Entry
from toolkit.words import shortened

_NODE_WIDTH, _NODE_HEIGHT, _NODE_GAP = 200, 32, 12
_SELF_WIDTH, _HEAD, _ROW = 260, 38, 24
_CHANNEL, _MARGIN = 84, 16
_PORTS = 8
_NODE_LETTERS, _SELF_LETTERS, _PORT_LETTERS = 25, 30, 15


class _Spot(Struct, frozen=True):
    """A place in the picture."""

    x: int
    y: int


def draw(entry: Entry, before: Sequence[Neighbour], after: Sequence[Neighbour]) -> Markup | None:
    """Return the picture; None if nothing fits together with the component."""
    if not before and not after:
        return None
    left, right = telling_types(entry.inputs)[:_PORTS], telling_types(entry.outputs)[:_PORTS]
    own = _HEAD + _ROW * max(len(left), len(right), 1)
    height = max(own, *(len(each) * (_NODE_HEIGHT + _NODE_GAP) - _NODE_GAP for each in (before, after))) + 2 * _MARGIN
    middle = _MARGIN + _NODE_WIDTH + _CHANNEL
    width = middle + _SELF_WIDTH + _CHANNEL + _NODE_WIDTH + _MARGIN
    top = (height - own) // 2
    parts = [
        _filled(
            '<svg width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="group" aria-label="{2}">',
            width,
            height,
            f"What fits together with {entry.name}",
        ),
        *_edges(before, left, _Spot(_MARGIN + _NODE_WIDTH, height), _Spot(middle, top), _CHANNEL),
        *_edges(
            after, right, _Spot(width - _MARGIN - _NODE_WIDTH, height), _Spot(middle + _SELF_WIDTH, top), -_CHANNEL
        ),
        *_self(entry, left, right, _Spot(middle, top), own),
        *_nodes(before, _Spot(_MARGIN, height)),
        *_nodes(after, _Spot(width - _MARGIN - _NODE_WIDTH, height)),
        Markup("</svg>"),
    ]
    return Markup("\n").join(parts)


def _top(count: int, height: int) -> int:
    """Return where a column of nodes begins, in the middle of the picture's height."""
    return (height - (count * (_NODE_HEIGHT + _NODE_GAP) - _NODE_GAP)) // 2


def _nodes(neighbours: Sequence[Neighbour], at: _Spot) -> Iterator[Markup]:
    """Yield a column of links; `at.y` is the height of the picture."""
    for index, neighbour in enumerate(neighbours):
        y = _top(len(neighbours), at.y) + index * (_NODE_HEIGHT + _NODE_GAP)
        space, _, name = neighbour.name.partition("/")
        kept = max(_NODE_LETTERS - len(space) - 1, _NODE_LETTERS // 2)
        yield _filled(
            '<a href="../../c/{name}.html"><title>{name}: {types}</title>'
            '<rect class="node" x="{x}" y="{y}" width="{width}" height="{height}" rx="7"/>'
            '<text x="{text_x}" y="{text_y}"><tspan class="space">{space}/</tspan>{own}</text></a>',
            name=neighbour.name,
            types=", ".join(neighbour.types),
            x=at.x,
            y=y,
            width=_NODE_WIDTH,
            height=_NODE_HEIGHT,
            text_x=at.x + 12,
            text_y=y + 21,
            space=shortened(space, _NODE_LETTERS // 2),
            own=shortened(name, kept),
        )


def _self(entry: Entry, left: Sequence[str], right: Sequence[str], at: _Spot, height: int) -> Iterator[Markup]:
    """Yield the component itself, with a line for each of its types."""
    yield _filled('<rect class="self" x="{}" y="{}" width="{}" height="{}" rx="9"/>', at.x, at.y, _SELF_WIDTH, height)
    name = shortened(entry.name.partition("/")[2], _SELF_LETTERS)
    yield _filled(
        '<text x="{}" y="{}" text-anchor="middle" class="own">{}</text>', at.x + _SELF_WIDTH // 2, at.y + 24, name
    )
    for index, type_ in enumerate(left):
        yield _port(type_, _Spot(at.x, _row(at, index)), "start")
    for index, type_ in enumerate(right):
        yield _port(type_, _Spot(at.x + _SELF_WIDTH, _row(at, index)), "end")


def _port(type_: str, at: _Spot, anchor: str) -> Markup:
    """Return a type at the edge of the component."""
    text = at.x + (12 if anchor == "start" else -12)
    return _filled(
        '<g class="{}"><title>{}</title><circle cx="{}" cy="{}" r="4" fill="currentColor"/>'
        '<text class="label" x="{}" y="{}" text-anchor="{}">{}</text></g>',
        colour_of(type_),
        type_,
        at.x,
        at.y,
        text,
        at.y + 4,
        anchor,
        shortened(type_, _PORT_LETTERS),
    )


def _edges(
    neighbours: Sequence[Neighbour], types: Sequence[str], outer: _Spot, inner: _Spot, channel: int
) -> Iterator[Markup]:
    """Yield a curve for each type by which a neighbour fits; `outer.y` is the height of the picture."""
    bend = channel // 2
    for index, neighbour in enumerate(neighbours):
        y = _top(len(neighbours), outer.y) + index * (_NODE_HEIGHT + _NODE_GAP) + _NODE_HEIGHT // 2
        for type_ in neighbour.types:
            if type_ in types:
                end = _row(inner, types.index(type_))
                yield _filled(
                    '<g class="{}"><path class="edge" d="M{} {}C{} {} {} {} {} {}"/></g>',
                    colour_of(type_),
                    outer.x,
                    y,
                    outer.x + bend,
                    y,
                    inner.x - bend,
                    end,
                    inner.x,
                    end,
                )


def _row(at: _Spot, index: int) -> int:
    """Return the height of a type's line."""
    return at.y + _HEAD + _ROW * index + _ROW // 2 - 4


def _filled(markup: str, *texts: object, **named: object) -> Markup:
    """Return markup with texts, which are escaped; several times as fast as `Markup.format`."""
    escaped = {name: escape(text) for name, text in named.items()}
    return Markup(markup.format(*map(escape, texts), **escaped))  # noqa: S704
