"""Which components fit together: one produces a type that the other takes.

Types are compared as they are written. Those of plain values, and the generic artifact, say nothing about what goes
together. Each component has few neighbours, chosen so that a new component changes few pages: those of its own
namespace come first, then the first ones by name.
"""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from toolkit.registry.entry import Entry, Port
from toolkit.spec.reader import is_parameter_type

# Neighbours of one kind that a page shows, and how many of a type are looked at for them.
MOST = 6
_LOOKED_AT = MOST + 1
_GENERIC = frozenset({"", "artifact", "any", "data"})


class Neighbour(Struct, frozen=True, kw_only=True):
    """A component that fits, and the types by which it does."""

    name: str
    types: tuple[str, ...]


def type_name(type_: str) -> str:
    """Return a type as people read it: the name alone of one with properties, which contracts write as a mapping."""
    if not type_.startswith("{"):
        return type_
    try:
        return str(next(iter(json.loads(type_))))
    except (ValueError, RecursionError, StopIteration):
        return type_


def named_types(entry: Entry) -> Entry:
    """Return an entry whose types are names."""
    ports = (*entry.inputs, *entry.outputs)
    if not any(port.type.startswith("{") for port in ports):
        return entry
    return replace(entry, inputs=tuple(map(_named, entry.inputs)), outputs=tuple(map(_named, entry.outputs)))


def _named(port: Port) -> Port:
    """Return a port whose type is a name."""
    return replace(port, type=type_name(port.type))


@lru_cache(maxsize=4096)
def is_telling(type_: str) -> bool:
    """Return whether a type says what a port takes or gives: not a plain value, not anything at all."""
    return type_.lower() not in _GENERIC and not is_parameter_type(type_)


def telling_types(ports: Iterable[Port]) -> tuple[str, ...]:
    """Return the types of ports that say something, in the order of the ports, each once."""
    return tuple(dict.fromkeys(port.type for port in ports if is_telling(port.type)))


class Fits:
    """Producers and consumers by type, of all components that are not deprecated."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Take the entries of all components, in the order of names."""
        self._producers: dict[tuple[str, str], list[str]] = {}
        self._consumers: dict[tuple[str, str], list[str]] = {}
        # What each component takes and produces.
        self._types: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        for entry in entries:
            takes, makes = telling_types(entry.inputs), telling_types(entry.outputs)
            self._types[entry.name] = takes, makes
            if entry.deprecated is None:
                _add(self._producers, entry, makes)
                _add(self._consumers, entry, takes)

    def before(self, entry: Entry) -> tuple[Neighbour, ...]:
        """Return components that produce what this one takes."""
        return _chosen(entry, self._producers, telling_types(entry.inputs))

    def after(self, entry: Entry) -> tuple[Neighbour, ...]:
        """Return components that take what this one produces."""
        return _chosen(entry, self._consumers, telling_types(entry.outputs))

    def key(self, entry: Entry) -> str:
        """Return a text that differs whenever the neighbours may differ."""
        lists = [(self._producers, entry.inputs), (self._consumers, entry.outputs)]
        heads = (
            head for table, ports in lists for type_ in telling_types(ports) for head in _heads(table, entry, type_)
        )
        return "\n".join(",".join(head) for head in heads)


def _add(table: dict[tuple[str, str], list[str]], entry: Entry, types: Iterable[str]) -> None:
    """Enter a component under its types, in its namespace and in all."""
    namespace = entry.name.partition("/")[0]
    for type_ in types:
        for scope in (namespace, ""):
            head = table.setdefault((type_, scope), [])
            if len(head) < _LOOKED_AT:
                head.append(entry.name)


def _heads(table: dict[tuple[str, str], list[str]], entry: Entry, type_: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the first components of a type in the component's namespace, and in all."""
    return table.get((type_, entry.name.partition("/")[0]), ()), table.get((type_, ""), ())


def _chosen(entry: Entry, table: dict[tuple[str, str], list[str]], types: Sequence[str]) -> tuple[Neighbour, ...]:
    """Return the neighbours: those that fit by most types first, then those of the namespace, then by name."""
    found: dict[str, list[str]] = {}
    for type_ in types:
        for name in dict.fromkeys(name for head in _heads(table, entry, type_) for name in head):
            if name != entry.name:
                found.setdefault(name, []).append(type_)
    namespace = entry.name.partition("/")[0] + "/"
    order = sorted(found, key=lambda name: (-len(found[name]), not name.startswith(namespace), name))
    return tuple(Neighbour(name=name, types=tuple(found[name])) for name in order[:MOST])
