"""Check releases by what a reader of their registry is given, where its files cannot be reached themselves."""

from collections.abc import Sequence
from functools import partial
from threading import Lock

from msgspec import Struct, field

from toolkit.digest import Digest
from toolkit.errors import OutsideError, RemoteError
from toolkit.registry.agreement import (
    PUBLISH,
    RESTORE,
    RESTORE_MARKED,
    RESTORE_MARKS,
    Agreement,
    after_path,
    of_absent_versions,
)
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version
from toolkit.system.threads import at_once


class Sound(Struct, kw_only=True):
    """The sound releases of a component, its marks (None if they are damaged), and the faults of all others."""

    releases: dict[Version, Release] = field(default_factory=dict)
    marks: Marks | None = None
    faults: list[Fault] = field(default_factory=list)


class Soundness(Struct, frozen=True, kw_only=True):
    """Reads every release of a registry; `checked` counts what was seen. A content of many releases is read once."""

    registry: Registry
    checked: Checked
    _agreement: Agreement = field(default_factory=Agreement)
    # The contents that were read by their size; None for a damaged one, which is named once.
    _sizes: dict[Digest, int | None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def component(self, name: Name, versions: Sequence[Version]) -> Sound:
        """Read a component. Raises RemoteError if the server fails."""
        self.checked.components += 1
        self.checked.releases += len(versions)
        sound = Sound()
        for version, (release, faults) in zip(versions, at_once(partial(self._release, name), versions), strict=True):
            sound.faults += faults
            if release:
                sound.releases[version] = release
        sound.marks, faults = self._marks(name, versions)
        sound.faults += faults
        return sound

    def has_read(self, digest: Digest) -> bool:
        """Return whether a content was read, and is sound or was named as damaged."""
        return digest in self._sizes

    def _release(self, name: Name, version: Version) -> tuple[Release | None, list[Fault]]:
        """Return one release, None if its record is damaged; and its faults."""
        path = layout.record(name, version)
        try:
            release = self.registry.release(name, version)
        except RemoteError:
            raise
        except OutsideError as error:
            return None, [Fault(path=path, message=after_path(error), help=RESTORE)]
        self.count()
        faults: list[Fault] = []
        contract = self._content(release, CONTRACT, release.digest, faults)
        for file in release.files:
            self._content(release, file.path, file.digest, faults)
            size = self._sizes[file.digest]
            if size is not None and size != file.size:
                message = f"{file.path} has {size} bytes, and the record says {file.size}"
                faults.append(Fault(path=path, message=message, help=RESTORE))
        if difference := self._difference(release, contract):
            faults.append(Fault(path=path, message=difference, help=RESTORE))
        return release, faults

    def _content(self, release: Release, path: str, digest: Digest, faults: list[Fault]) -> bytes | None:
        """Return a file of a release; None if it was read already, or is damaged, which is added to the faults."""
        if digest in self._sizes:
            return None
        try:
            data = self.registry.content(release, path)
        except RemoteError:
            raise
        except OutsideError as error:
            with self._lock:
                first = digest not in self._sizes
                self._sizes[digest] = None
            if first:
                message = f"{after_path(error)}: it is {path} of {release}"
                faults.append(Fault(path=layout.blob(digest), message=message, help=PUBLISH))
            return None
        self._sizes[digest] = len(data)
        self.count()
        return data

    def _difference(self, release: Release, contract: bytes | None) -> str | None:
        """Return what a record says otherwise than its contract; None if they agree, or the contract is damaged."""
        if self._sizes[release.digest] is None or self._agreement.knows(release):
            return None
        return self._agreement.difference(release, contract or self.registry.content(release, CONTRACT))

    def _marks(self, name: Name, versions: Sequence[Version]) -> tuple[Marks | None, list[Fault]]:
        """Return the marks of a component, and what is wrong with them."""
        path = layout.marks(name)
        try:
            marks = self.registry.marks(name)
        except RemoteError:
            raise
        except OutsideError as error:
            return None, [Fault(path=path, message=after_path(error), help=RESTORE_MARKS)]
        message = of_absent_versions(marks, versions)
        return marks, [Fault(path=path, message=message, help=RESTORE_MARKED)] if message else []

    def count(self) -> None:
        """Count a file that was read."""
        with self._lock:
            self.checked.files += 1
