"""A registry on a web server: the folder of `toolkit.registry.folder.layout`, read by its derived indexes.

A server cannot list folders, so versions come from a component's index, and names from the catalogue. Every record has
the digest that the index names, and every content the one that its release names.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.limits import CATALOGUE_SIZE, RECORD_SIZE
from toolkit.registry.entry import Entry
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.folder.catalogue import catalogue_text, matching
from toolkit.registry.folder.config import RegistryConfig
from toolkit.registry.folder.index import IndexLine, read_index
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name, parse_name
from toolkit.registry.place import Place
from toolkit.registry.release import Release, read_record
from toolkit.registry.semver import Version
from toolkit.registry.web.documents import Documents

log = logging.getLogger(__name__)

Lines = dict[Version, IndexLine]


class HttpRegistry:
    """One registry on a web server."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    @classmethod
    def open(cls, place: Place, environ: Mapping[str, str]) -> "HttpRegistry":
        """Open a registry. Raises InputError if it is missing, or a newer program made it, and OutsideError."""
        opened = cls(Documents(place, environ, Cache.default(environ)))
        opened.config()
        return opened

    @property
    def place(self) -> Place:
        """Its address."""
        return self._documents.place

    def config(self) -> RegistryConfig:
        """Read what the registry says of itself. Raises InputError if it is missing, or a newer program made it."""
        data = self._documents.latest(layout.CONFIG, RECORD_SIZE, lambda data: data)
        where = self._documents.url(layout.CONFIG)
        if data is None:
            raise InputError(
                f"{self.place} is not a component registry: there is no {where}",
                hint="correct the address: it is that of the folder with config.json",
            )
        return RegistryConfig.from_bytes(data, registry=str(self.place), where=where)

    def names(self) -> list[Name]:
        """Return the name of every component, in order."""
        return [parse_name(entry.name) for entry in self.entries()]

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order; empty if it does not exist."""
        return sorted(self.lines(name), key=lambda version: version.precedence)

    def release(self, name: Name, version: Version) -> Release:
        """Read one release record, which the index names by digest. Raises OutsideError if they differ."""
        line = self.lines(name)[version]
        data = self.record(name, version)
        release = read_record(data, name, version, where=self._documents.url(layout.record(name, version)))
        if str(release.digest) != line.digest:
            raise OutsideError(
                f"{self._index(name)} says that {release} has the digest {line.digest}, "
                f"and its record says {release.digest}",
                hint="ask who runs the registry; `comp registry reindex` makes the index anew",
            )
        return release

    def record(self, name: Name, version: Version) -> bytes:
        """Read the file of one release record, which the index names by digest. Raises OutsideError if they differ."""
        digest = Digest.parse(self.lines(name)[version].record)
        return self._documents.fixed(layout.record(name, version), digest, RECORD_SIZE, named_by=self._index(name))

    def content(self, release: Release, path: str) -> bytes:
        """Read and verify a file of a release. Raises OutsideError if it is missing or damaged."""
        digest = release.digest_of(path)
        return self._documents.fixed(layout.blob(digest), digest, RECORD_SIZE, named_by=str(release))

    def marks(self, name: Name) -> Marks:
        """Read the marks of a component. Raises OutsideError if they are damaged."""
        return self._documents.latest(layout.marks(name), RECORD_SIZE, Marks.from_bytes) or Marks()

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield the entries of the catalogue that have all words, in the order of names."""
        text = self._documents.latest(layout.CATALOGUE, CATALOGUE_SIZE, catalogue_text)
        where = self._documents.url(layout.CATALOGUE)
        if text is None:
            raise OutsideError(
                f"the registry {self.place} has no catalogue: there is no {where}",
                hint="`comp registry reindex` makes it in the folder that is served; that of a git repository is "
                "served as a copy: `comp registry export`",
            )
        try:
            yield from matching(text, list(words))
        except InputError as error:
            raise OutsideError(
                f"{where} cannot be read: {error.message}", hint="`comp registry reindex` makes it anew"
            ) from error

    def faults(self, checked: Checked) -> Iterator[Fault]:
        """Read all that the server shows again, whatever the cache has, and yield every fault."""
        # It reads contracts, and a search needs no YAML.
        from toolkit.registry.web.verification import verify

        return verify(self._documents, checked)

    def lines(self, name: Name) -> Lines:
        """Return the index of a component; empty if it does not exist."""
        path = layout.index(name)
        lines = self._documents.latest(
            path, RECORD_SIZE, lambda data: _read_lines(data, name, self._documents.seen(path))
        )
        return lines if lines is not None else {}

    def _index(self, name: Name) -> str:
        """Return the index of a component, for messages."""
        return f"the index {self._documents.url(layout.index(name))}"


def _read_lines(data: bytes, name: Name, before: bytes | None) -> Lines:
    """Read an index, and warn of releases that have changed since it was last seen. Raises InputError."""
    lines = read_index(data, name)
    for line in lines.values():
        Digest.parse(line.record)
        Digest.parse(line.digest)
    if before is not None and before != data:
        for version, line in read_index(before, name).items():
            now = lines.get(version)
            if now is None:
                log.warning("%s@%s is no longer in the registry", name, version)
            elif now.digest != line.digest:
                log.warning("%s@%s has changed: it was %s, and is %s now", name, version, line.digest, now.digest)
    return lines
