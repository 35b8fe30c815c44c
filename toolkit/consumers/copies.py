"""The copies of registries' components that consumers have, with the requests of their `components.lock`."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from toolkit.errors import InputError, Location
from toolkit.registry.consuming.lock import read_components_lock
from toolkit.registry.consuming.lock_place import lock_above
from toolkit.registry.names import ANY, VersionRequest, parse_request
from toolkit.registry.semver import Range, Version
from toolkit.spec.reader import ComponentDocument, read_document


class Copy(Struct, frozen=True, kw_only=True):
    """A registry's component as a consumer has it: the copy's place, and the entry of its lock."""

    release: str
    entry: Mapping[str, object]
    lock: Path
    place: Path

    @property
    def request(self) -> VersionRequest | None:
        """What the consumer asked for; None if the lock does not say it. A lock has the versions without the name."""
        try:
            return parse_request(f"{self.release}@{self.entry.get('requested', ANY)}")
        except InputError:
            return None

    def takes(self, version: Version | None) -> bool:
        """Return whether the request allows a version, so that the next `comp add` takes it."""
        request = self.request
        # A digest allows that one contract alone.
        return version is None or request is None or (isinstance(request.allowed, Range) and version in request.allowed)


class Copies(Struct, kw_only=True):
    """What the locks say that were read so far, by the paths of the copies."""

    by_place: dict[Path, Copy] = field(default_factory=dict)
    locks: set[Path] = field(default_factory=set)

    def find(self, path: Path) -> None:
        """Read the nearest lock above a consumer."""
        lock = lock_above(path.resolve().parent)
        if lock:
            self.read(lock)

    def read(self, path: Path) -> None:
        """Remember the copies of a lock."""
        path = path.resolve()
        if path in self.locks:
            return
        self.locks.add(path)
        for release, entry in read_components_lock(path).items():
            place = Path(os.path.normpath(path.parent / str(entry.get("path", ""))))
            self.by_place[place] = Copy(release=release, entry=entry, lock=path, place=place)


def document_of(path: Path) -> ComponentDocument | None:
    """Return a consumer's copy of a contract; None if it cannot be read."""
    try:
        return read_document(path)
    except InputError:
        return None


def place_in_lock(path: Path, release: str) -> Location:
    """Return the line of a lock that has a release."""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if f'"{release}"' in line:
            column = line.index(f'"{release}"') + 1
            return Location(
                path=path, line=number, column=column, end_line=number, end_column=column + len(release) + 2
            )
    return Location(path=path)
