"""Search in registries: by words, by the types that components take and give, by namespace and tag."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec
from msgspec import Struct

from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.entry import Entry, Port
from toolkit.registry.named import NamedPlace

# What stands for other letters in patterns of `fnmatch`: `*`, `?`, and a set of letters.
_WILD = re.compile(r"[*?]|\[[^\]]*\]?")


class Query(Struct, frozen=True, kw_only=True):
    """What a component has to have, all of it; patterns have `*` for any letters, and case does not count.

    `produces` and `accepts` are types of outputs and inputs. With `withdrawn` deprecated components are found too, and
    those whose releases are all yanked.
    """

    words: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    namespace: str | None = None
    tags: tuple[str, ...] = ()
    withdrawn: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """Texts that whatever fits has in its entry, so that a registry reads few entries."""
        patterns = (*self.produces, *self.accepts, self.namespace or "")
        return (*self.words, *self.tags, *(max(_WILD.split(each), key=len) for each in patterns))

    def fits(self, entry: Entry) -> bool:
        """Return whether a component has the types, the namespace and the tags; the words are another's matter."""
        return (
            (self.namespace is None or fnmatchcase(entry.name.partition("/")[0], self.namespace))
            and all(any(tag.lower() == each.lower() for each in entry.tags) for tag in self.tags)
            and _have(entry.outputs, self.produces)
            and _have(entry.inputs, self.accepts)
        )


class Hit(Struct, frozen=True, kw_only=True):
    """A component that was found, and its registry."""

    place: NamedPlace
    entry: Entry


class Hits(Struct, frozen=True, kw_only=True):
    """What was found, the best first; `hidden` counts what is deprecated or yanked, `places` the registries."""

    hits: tuple[Hit, ...]
    hidden: int
    places: int = 1


def search(registries: Registries, query: Query) -> Hits:
    """Return the components that a query finds: words in names first, then by name."""
    found = [Hit(place=place, entry=entry) for place, entry in registries.entries(query.parts) if query.fits(entry)]
    shown = [hit for hit in found if query.withdrawn or not is_withdrawn(hit.entry)]
    words = [word.lower() for word in query.words]
    if words:
        shown.sort(key=lambda hit: (_rank(hit.entry, words), hit.entry.name))
    return Hits(hits=tuple(shown), hidden=len(found) - len(shown), places=len(registries.places))


def is_withdrawn(entry: Entry) -> bool:
    """Return whether a component should not be used any more."""
    return entry.deprecated is not None or entry.yanked


def as_data(hit: Hit) -> dict[str, object]:
    """Return a component that was found as JSON data; every key is there."""
    entry = hit.entry
    return {
        "registry": hit.place.short,
        **{name: getattr(entry, name) for name in ("name", "version", "versions", "digest", "title", "description")},
        "published": entry.published,
        "inputs": [{**msgspec.structs.asdict(port)} for port in entry.inputs],
        "outputs": [{**msgspec.structs.asdict(port)} for port in entry.outputs],
        "tags": list(entry.tags),
        "authors": list(entry.authors),
        "deprecated": entry.deprecated,
        "superseded_by": entry.superseded_by,
        "yanked": entry.yanked,
    }


def _have(ports: tuple[Port, ...], types: Iterable[str]) -> bool:
    """Return whether each type is that of a port; `Model` is also `system.Model@0.0.1`, as KFP's IR writes it."""
    return all(any(fnmatchcase(text, type_.lower()) for port in ports for text in _types(port)) for type_ in types)


def _types(port: Port) -> tuple[str, str]:
    """Return the type of a port in full, and without the schema and its version."""
    full = port.type.lower()
    return full, full.rpartition(".")[2] if "@" not in full else full.partition("@")[0].rpartition(".")[2]


def _rank(entry: Entry, words: list[str]) -> int:
    """Return how far away the words are: 0 in the name, 1 in the title or tags, 2 elsewhere."""
    name = entry.name.lower()
    if all(word in name for word in words):
        return 0
    near = " ".join((name, entry.title, *entry.tags)).lower()
    return 1 if all(word in near for word in words) else 2
