"""The list of components: its first rows, its filters, and the data that its search loads when they are needed."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from markupsafe import Markup
from msgspec import Struct

from toolkit.catalogue.colours import colour_of
from toolkit.catalogue.fitting import is_telling, telling_types
from toolkit.digest import Digest
from toolkit.registry.entry import Entry, Port

# Rows that are in the page itself, before any data are loaded.
FIRST = 50
# Components of one data file, on average: about 60 kB.
_IN_SHARD = 160
# Bytes of data that are loaded with the page; more are loaded when the reader searches.
_EAGER = 90_000
# Values of one filter that are in the page.
_MOST_VALUES = 40
_TEXT = 240
_SHORT_DIGEST = 8
_DATE = 10
_FLAG_DEPRECATED, _FLAG_YANKED = 1, 2
_BLANKS = str.maketrans("\t\n\r", "   ")


# The values of each filter, and how many components have them.
Facets = Mapping[str, Sequence[tuple[str, int]]]


class Row(Struct, frozen=True, kw_only=True):
    """One line of the list; a type comes with its colour."""

    name: str
    version: str
    text: str
    yanked: bool
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]


def row_of(entry: Entry) -> Row:
    """Return the line of a component."""
    return Row(
        name=entry.name,
        version=entry.version,
        text=entry.description or entry.title,
        yanked=entry.yanked,
        inputs=_some_types(entry.inputs),
        outputs=_some_types(entry.outputs),
    )


def shard_count(components: int) -> int:
    """Return the number of data files: a power of two, so that it changes seldom."""
    return 1 << max(0, (components - 1) // _IN_SHARD).bit_length()


def shard_of(name: str, count: int) -> int:
    """Return the data file that a component is in, whatever other components there are."""
    return int(Digest.of(name.encode()).hex[:_SHORT_DIGEST], 16) % count


def shard_path(number: int) -> str:
    """Return the path of a data file."""
    return f"data/{number:03}.js"


def shard(number: int, entries: Iterable[Entry]) -> bytes:
    """Return a data file: a call with the data of its components."""
    rows = msgspec.json.encode([_data(entry) for entry in entries])
    return b"compCatalogue(%d,%s);\n" % (number, rows)


def shown_first(entries: Iterable[Entry]) -> list[Entry]:
    """Return the components that the list shows without being asked for more."""
    return [entry for entry in entries if entry.deprecated is None]


def settings(entries: Sequence[Entry], facets: Facets, shards: Sequence[str], size: int) -> Markup:
    """Return what the page's script has to know.

    `shards` are the keys of the data files, `size` is that of all of them in bytes.
    """
    return json_in_html(
        {
            "total": len(entries),
            "listed": len(shown_first(entries)),
            "shards": [key[:_SHORT_DIGEST] for key in shards],
            "eager": size <= _EAGER,
            "facets": {key: values[:_MOST_VALUES] for key, values in facets.items()},
        }
    )


def example_searches(facets: Facets) -> list[str]:
    """Return searches to begin with, of types and tags that several components have."""
    examples = []
    for key in ("produces", "accepts", "tag"):
        found = next((value for value, _ in facets[key] if key == "tag" or is_telling(value)), None)
        if found:
            examples.append(f'{key}:"{found}"' if " " in found else f"{key}:{found}")
    return examples


def facets_of(entries: Iterable[Entry]) -> Facets:
    """Return the values of each filter and how many components have them, the most frequent first."""
    counts: dict[str, Counter[str]] = {key: Counter() for key in ("produces", "accepts", "ns", "owner", "tag")}
    for entry in entries:
        counts["produces"].update({port.type for port in entry.outputs})
        counts["accepts"].update({port.type for port in entry.inputs})
        counts["ns"][entry.name.partition("/")[0]] += 1
        counts["owner"].update(set(entry.authors))
        counts["tag"].update(set(entry.tags))
    return {key: sorted(count.items(), key=_by_frequency) for key, count in counts.items()}


def _by_frequency(item: tuple[str, int]) -> tuple[bool, int, str]:
    """Return the key for sorting a filter's values: telling types first, then frequent ones."""
    value, count = item
    return not is_telling(value), -count, value


def _data(entry: Entry) -> list[Any]:
    """Return what the search knows of a component, in the order that list.js reads."""
    flags = (_FLAG_DEPRECATED if entry.deprecated is not None else 0) | (_FLAG_YANKED if entry.yanked else 0)
    return [
        entry.name,
        entry.version,
        entry.title,
        entry.description[:_TEXT],
        _ports(entry.inputs),
        _ports(entry.outputs),
        entry.tags,
        entry.authors,
        entry.published[:_DATE],
        flags,
    ]


def _ports(ports: Sequence[Port]) -> str:
    """Return ports as lines of name and type."""
    lines = "\n".join([f"{port.name}\t{port.type}" for port in ports])
    # Most names have no blanks but spaces; looking once takes a quarter of the time of replacing in each.
    if lines.count("\t") == len(ports) and lines.count("\n") == max(0, len(ports) - 1):
        return lines
    return "\n".join([f"{port.name.translate(_BLANKS)}\t{port.type.translate(_BLANKS)}" for port in ports])


def _some_types(ports: Sequence[Port]) -> tuple[tuple[str, str], ...]:
    """Return the types that say something, or else the first plain one, with their colours."""
    types = telling_types(ports) or tuple(port.type for port in ports if port.type)[:1]
    return tuple((type_, colour_of(type_)) for type_ in types)


def _json(value: object) -> str:
    """Return JSON that ends no element of HTML and no line of a script."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def json_in_html(value: object) -> Markup:
    """Return JSON for a data block in a page, where it stands as it is."""
    # `_json` escapes what would end the element.
    return Markup(_json(value))  # noqa: S704


def by_shard(entries: Sequence[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """Yield the number and the components of each data file."""
    count = shard_count(len(entries))
    shards: list[list[Entry]] = [[] for _ in range(count)]
    for entry in entries:
        shards[shard_of(entry.name, count)].append(entry)
    yield from enumerate(shards)
