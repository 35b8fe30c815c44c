"""Files that comp writes once and the user may then change: a record tells a changed file from one that is only old.

The record has the sha256 of each file as it was written. A file with this digest is comp's to write again; any other
stays as it is, unless the user forces it.
"""

import json
from collections.abc import Mapping
from enum import Enum
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import RECORD_SIZE
from toolkit.system.atomic import made_parents, write_bytes
from toolkit.system.reading import read_foreign

_VERSION = 1


class State(Enum):
    """How a file compares with what is to be written.

    `MISSING`, `STALE` and `LEFT_OVER` (no longer written) are comp's to change. `OWNED` was changed by the user while
    comp has nothing new to write. `CONFLICT` was changed, and there is something new; `FOREIGN` was never comp's.
    """

    FRESH = "fresh"
    MISSING = "missing"
    STALE = "stale"
    LEFT_OVER = "left over"
    OWNED = "owned"
    CONFLICT = "conflict"
    FOREIGN = "foreign"


class OwnedFiles(Struct, frozen=True, kw_only=True):
    """Files below `folder`, by their path from there, and `record`, the path of what is remembered about them."""

    folder: Path
    record: str
    files: Mapping[str, bytes]

    def states(self) -> dict[str, State]:
        """Compare every file, and those that were written earlier. Raises InputError for a damaged record."""
        recorded = self.recorded()
        found = {path: self._state(path, data, recorded.get(path)) for path, data in self.files.items()}
        for path in recorded.keys() - self.files.keys():
            if (present := self._present(path)) is not None:
                found[path] = State.LEFT_OVER if present == recorded[path] else State.OWNED
        return dict(sorted(found.items()))

    def _state(self, path: str, data: bytes, recorded: str | None) -> State:
        """Compare one file."""
        present, new = self._present(path), _digest(data)
        if present is None:
            return State.MISSING
        if present == new:
            return State.FRESH
        if recorded is None:
            return State.FOREIGN
        if present == recorded:
            return State.STALE
        return State.OWNED if new == recorded else State.CONFLICT

    def _present(self, path: str) -> str | None:
        """Return the digest of the file at a path, of any size; empty for a link or a folder, None without anything."""
        place = self.folder / path
        try:
            if place.is_symlink() or not place.is_file():
                return "" if place.is_symlink() or place.exists() else None
            with place.open("rb") as stream:
                return file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise OutsideError(f"cannot read {place}: {error.strerror}") from error

    def write(self, states: Mapping[str, State], *, force: bool) -> list[str]:
        """Write and remove what is comp's, or with `force` all; return the paths. Then remember all as seen.

        Raises OutsideError for a file that cannot be written.
        """
        ours = {State.MISSING, State.STALE} | ({State.OWNED, State.CONFLICT, State.FOREIGN} if force else set())
        written = [path for path, state in states.items() if state in ours and path in self.files]
        for path in written:
            with made_parents(self.folder / path):
                write_bytes(self.folder / path, self.files[path])
        gone = [path for path, state in states.items() if state is State.LEFT_OVER]
        for path in gone:
            (self.folder / path).unlink(missing_ok=True)
        self._remember()
        return [*written, *gone]

    def read(self, path: str) -> bytes | None:
        """Return what a file has now; None without it."""
        place = self.folder / path
        try:
            # Not through a link that leads elsewhere.
            return read_foreign(place, RECORD_SIZE) if place.is_file() and not place.is_symlink() else None
        except OSError as error:
            raise OutsideError(f"cannot read {place}: {error.strerror}") from error

    def recorded(self) -> dict[str, str]:
        """Return the digests of what was written, by path; empty without a record."""
        path = self.folder / self.record
        try:
            data = json.loads(read_foreign(path, RECORD_SIZE))
            if data["version"] != _VERSION:
                raise ValueError("another version of comp wrote it")  # noqa: TRY301 (reported below, with its place)
            return {name: str(digest) for name, digest in data["files"].items() if _is_below(name)}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"damaged: {error}", where=Location(path=path), hint="restore it from git") from None

    def _remember(self) -> None:
        """Write the record, if it changed."""
        files = {path: _digest(data) for path, data in sorted(self.files.items())}
        text = json.dumps({"version": _VERSION, "files": files}, indent=2) + "\n"
        if self.read(self.record) != text.encode():
            with made_parents(self.folder / self.record):
                write_bytes(self.folder / self.record, text.encode())


def _is_below(name: object) -> bool:
    """Return whether a path of a record leads to a file below its folder: others may have written the record."""
    path = PurePosixPath(str(name))
    return not path.is_absolute() and ".." not in path.parts and path.parts != ()


def _digest(data: bytes) -> str:
    """Return the sha256 of a file's content."""
    return sha256(data).hexdigest()
