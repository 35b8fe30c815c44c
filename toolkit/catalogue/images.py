"""Facts about images, read from their remotes once and kept in the catalogue's folder."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from toolkit.errors import CompError
from toolkit.registry.entry import Entry
from toolkit.registry.names import parse_name
from toolkit.registry.protocol import Registry
from toolkit.registry.semver import parse_version

log = logging.getLogger(__name__)

# Components that a page names for a layer.
_SHARED = 3
_LOOKED_AT = _SHARED + 2
PATH = "data/images.json"


class Layer(Struct, frozen=True, kw_only=True):
    """One layer of an image; `size` is in compressed bytes, `made_by` its line of history."""

    digest: str
    size: int
    made_by: str = ""


class Package(Struct, frozen=True, kw_only=True):
    """An installed distribution; `size` is that of its files, in bytes."""

    name: str
    version: str
    size: int


class ImageFacts(Struct, frozen=True, kw_only=True):
    """What is known of an image; `packages` is None if its layers were not read."""

    platforms: tuple[str, ...]
    created: str
    base: str
    layers: tuple[Layer, ...]
    packages: tuple[Package, ...] | None = None

    @property
    def size(self) -> int:
        """The compressed bytes of all layers."""
        return sum(layer.size for layer in self.layers)


# Reads the facts about an image. Raises CompError if it cannot be reached.
ReadImage = Callable[[str], ImageFacts]


class Images:
    """The facts about the images of components, by the digests of their contracts, which name the images."""

    def __init__(self, known: Mapping[str, ImageFacts]) -> None:
        self._known = dict(known)
        self._users: dict[str, list[str]] = {}

    @classmethod
    def from_bytes(cls, stored: bytes | None) -> "Images":
        """Read what an earlier build stored; what cannot be read is read from the remotes again."""
        try:
            return cls(msgspec.json.decode(stored, type=dict[str, ImageFacts]) if stored else {})
        except msgspec.DecodeError:
            return cls({})

    def to_bytes(self) -> bytes:
        """Return the facts, in the order of their keys."""
        return msgspec.json.encode(dict(sorted(self._known.items())))

    def update(
        self, registry: Registry, entries: Iterable[Entry], read: ReadImage | None, *, packages: bool = False
    ) -> None:
        """Forget images that no component has any more, and read new ones; one that cannot be read is left out.

        With `packages`, those that are known without their packages are read too.
        """
        entries = list(entries)
        current = {entry.digest for entry in entries}
        self._known = {digest: facts for digest, facts in self._known.items() if digest in current}
        for entry in entries if read else ():
            known = self._known.get(entry.digest)
            if read and (known is None or (packages and known.packages is None)):
                self._read(registry, entry, read)
        self._users = {}
        for entry in entries:
            for layer in self._layers(entry):
                users = self._users.setdefault(layer.digest, [])
                if len(users) < _LOOKED_AT:
                    users.append(entry.name)

    def facts(self, entry: Entry) -> ImageFacts | None:
        """Return the facts about a component's image; None if they are not known."""
        return self._known.get(entry.digest)

    def others(self, entry: Entry, layer: Layer) -> tuple[list[str], bool]:
        """Return other components with a layer, and whether there are more."""
        users = [name for name in self._users.get(layer.digest, ()) if name != entry.name]
        return users[:_SHARED], len(users) > _SHARED

    def key(self, entry: Entry) -> str:
        """Return a text that differs whenever a page would say something else about the image."""
        facts = self.facts(entry)
        if facts is None:
            return ""
        packages = "none" if facts.packages is None else str(len(facts.packages))
        return "\n".join([packages, *(",".join(self._users.get(layer.digest, ())) for layer in facts.layers)])

    def _layers(self, entry: Entry) -> Iterator[Layer]:
        """Yield the layers of a component's image, as far as they are known."""
        facts = self.facts(entry)
        yield from {layer.digest: layer for layer in facts.layers}.values() if facts else ()

    def _read(self, registry: Registry, entry: Entry, read: ReadImage) -> None:
        """Read the facts about one image."""
        try:
            image = registry.release(parse_name(entry.name), parse_version(entry.version)).image
            self._known[entry.digest] = read(image)
        except CompError as error:
            log.warning("the image of %s cannot be read: %s", entry.name, error.message)
