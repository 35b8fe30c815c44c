"""The packages that suites offer, found by name without reading all of them: a release has sixty thousand."""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from toolkit.debian.control import Relation, stanzas
from toolkit.debian.package import Package
from toolkit.debian.version import sort_key
from toolkit.http.answers import reading
from toolkit.words import closest

_FIELDS = re.compile(rb"(?m)^(Package|Provides): (.*)$")
_PROVIDED = re.compile(rb"(?:^|,)\s*([a-z0-9][a-z0-9+.-]*)")


class Listing(Struct, frozen=True, kw_only=True):
    """A file of packages as a server sent it (its text is a Packages file), and the archive that it belongs to."""

    archive: str
    text: bytes
    server: str


class Index:
    """All packages of some suites, for one architecture."""

    def __init__(self, listings: Sequence[Listing], architecture: str) -> None:
        self.architecture = architecture
        self._listings = listings
        # Where the paragraph of each package begins: the number of its listing, and a position.
        self._places: dict[str, list[tuple[int, int]]] = {}
        self._provided: dict[str, set[str]] = {}
        self._read: dict[str, tuple[Package, ...]] = {}
        for number, listing in enumerate(listings):
            self._scan(number, listing.text)

    def named(self, name: str) -> tuple[Package, ...]:
        """Return the versions of a package, the newest first; none of another architecture. Raises RemoteError."""
        if name not in self._read:
            found = {str(package): package for package in self._packages(name)}
            self._read[name] = tuple(sorted(found.values(), key=lambda each: sort_key(each.version), reverse=True))
        return self._read[name]

    def meant_by(self, relation: Relation) -> Iterator[Package]:
        """Yield the packages that a relation may mean: those of its name before those that provide it."""
        for name in (relation.name, *sorted(self._provided.get(relation.name, ()))):
            yield from (package for package in self.named(name) if package.is_meant_by(relation))

    def like(self, name: str) -> str | None:
        """Return the name that a misspelt one is most like. None without a similar name."""
        # Comparing with all names takes seconds, and most slips leave the first letter.
        return closest(name, (known for known in self._places if known[:1] == name[:1])) or closest(
            name, (known for known in self._places if abs(len(known) - len(name)) <= 1)
        )

    def _scan(self, number: int, text: bytes) -> None:
        """Note where the packages of a listing are, and which names they provide."""
        name = ""
        for match in _FIELDS.finditer(text):
            if match[1] == b"Package":
                name = match[2].decode("ascii", "replace").strip()
                self._places.setdefault(name, []).append((number, match.start()))
            else:
                for provided in _PROVIDED.findall(match[2]):
                    self._provided.setdefault(provided.decode(), set()).add(name)

    def _packages(self, name: str) -> Iterable[Package]:
        """Read the paragraphs of a package."""
        for number, start in self._places.get(name, ()):
            listing = self._listings[number]
            end = listing.text.find(b"\n\n", start)
            text = listing.text[start : end if end >= 0 else None].decode("utf-8", "replace")
            with reading(listing.server, f"its entry of the package {name}"):
                package = Package.of(next(stanzas(text)), archive=listing.archive)
                if package.digest is None or not is_path(package.path):
                    raise ValueError("it has no file with a sha256")
            if package.architecture in {"all", self.architecture}:
                yield package


def is_path(path: str) -> bool:
    """Return whether a text is the path of a file below an archive's folder, and leads nowhere else."""
    parts = path.split("/")
    return re.fullmatch(r"[\w.+~:%/-]{1,500}\.deb", path) is not None and not {"", ".", ".."} & {*parts}
