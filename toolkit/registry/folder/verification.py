"""Check the files of a registry's folder against each other: records, contents, marks, and all that is derived.

Nothing is changed. Contents are hashed, and each contract is read and compared with its record.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

from msgspec import Struct, field

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.limits import CATALOGUE_SIZE
from toolkit.registry.agreement import (
    PUBLISH,
    RESTORE,
    RESTORE_MARKED,
    RESTORE_MARKS,
    Agreement,
    after_path,
    of_absent_versions,
    versions_of,
)
from toolkit.registry.entry import Entry, entry_of, newest_version
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.folder.catalogue import catalogue_text, matching, members
from toolkit.registry.folder.index import IndexLine, index_line, read_index
from toolkit.registry.folder.storage import Storage
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name, is_part, parse_name
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version

_REINDEX = "`comp registry reindex` makes it again"
_STRAY = "remove it, if it is nothing of yours"


class Verification(Struct, kw_only=True):
    """One verification of a registry; `checked` counts what it has seen so far."""

    registry: Registry
    storage: Storage
    checked: Checked = field(default_factory=Checked)
    _named: set[Digest] = field(default_factory=set)
    _damaged: set[Digest] = field(default_factory=set)
    _agreement: Agreement = field(default_factory=Agreement)
    # What the catalogue has to say of each component; None if all its releases are damaged.
    _entries: dict[str, Entry | None] = field(default_factory=dict)
    # The components with damaged records.
    _unknown: set[str] = field(default_factory=set)
    _releases: dict[Name, int] = field(default_factory=dict)

    def faults(self) -> Iterator[Fault]:
        """Yield every fault, in the order of paths within each part of the registry."""
        # Contents first, since what follows does not name the damaged ones again.
        yield from [*self._blobs(), *self._odd_names()]
        for name in self.registry.names():
            self.checked.components += 1
            yield from self._settled(partial(self._component, name))
        yield from self._settled(self._indexes_of_nothing)
        yield from self._settled(self._catalogue)
        self.checked.releases = sum(self._releases.values())
        self.checked.unused = self._unused()

    def _settled(self, check: Callable[[], Iterator[Fault]]) -> list[Fault]:
        """Return the faults that a check finds; if there are any, once more while no publisher is at work."""
        found = list(check())
        if not found:
            return found
        # In a registry that this user may only read, what was found first is all that can be known.
        with suppress(OSError), self.storage.locked():
            found = list(check())
        return found

    def _component(self, name: Name) -> Iterator[Fault]:
        """Yield the faults of one component, and remember its entry."""
        versions, strays = versions_of(self.storage.listed(layout.records(name)))
        for stray in strays:
            yield Fault(path=f"{layout.records(name)}/{stray}", message="it is not a record", help=_STRAY)
        sound: dict[Version, Release] = {}
        damaged = False
        for version in versions:
            try:
                release = self.registry.release(name, version)
            except OutsideError as error:
                yield Fault(path=layout.record(name, version), message=after_path(error), help=RESTORE)
                damaged = True
                continue
            sound[version] = release
            yield from self._contents(release)
        marks, fault = self._marks(name, versions)
        if fault:
            yield fault
        self._releases[name] = len(versions)
        # What is derived from a damaged record may well be right, and nothing can say so.
        self._unknown |= {str(name)} if damaged else set()
        if not damaged:
            yield from self._index(name, sound)
            yield from self._layout_of_kfp(name, sound, marks)
        newest = newest_version(sound, marks)
        self._entries[str(name)] = None if newest is None else entry_of(sound[newest], len(sound), marks)

    def _contents(self, release: Release) -> Iterator[Fault]:
        """Yield the files that a release names and the registry lacks, and what its contract says otherwise."""
        record = layout.record(release.name, release.version)
        for path, digest in [(CONTRACT, release.digest), *((file.path, file.digest) for file in release.files)]:
            self._named.add(digest)
            if not self.storage.path(layout.blob(digest)).is_file():
                yield Fault(path=layout.blob(digest), message=f"missing: it is {path} of {release}", help=PUBLISH)
        for file in release.files:
            with suppress(OSError):
                size = self.storage.path(layout.blob(file.digest)).stat().st_size
                if file.digest not in self._damaged and size != file.size:
                    message = f"{file.path} has {size} bytes, and the record says {file.size}"
                    yield Fault(path=record, message=message, help=RESTORE)
        if difference := self._difference(release):
            yield Fault(path=record, message=difference, help=RESTORE)

    def _difference(self, release: Release) -> str | None:
        """Return what a record says otherwise than its contract; None if they agree, or the contract is damaged."""
        if self._agreement.knows(release):
            return None
        try:
            contract = self.registry.content(release, CONTRACT)
        except OutsideError:
            return None
        return self._agreement.difference(release, contract)

    def _marks(self, name: Name, versions: Iterable[Version]) -> tuple[Marks, Fault | None]:
        """Return the marks of a component, and what is wrong with them."""
        path = layout.marks(name)
        try:
            marks = self.registry.marks(name)
        except OutsideError as error:
            return Marks(), Fault(path=path, message=after_path(error), help=RESTORE_MARKS)
        if message := of_absent_versions(marks, versions):
            return marks, Fault(path=path, message=message, help=RESTORE_MARKED)
        return marks, None

    def _index(self, name: Name, sound: dict[Version, Release]) -> Iterator[Fault]:
        """Yield how the index of a component differs from its sound releases."""
        path = layout.index(name)
        try:
            lines = read_index(self.storage.read(path), name)
        except FileNotFoundError:
            if sound:
                yield _derived(path, "missing")
            return
        except (OSError, InputError) as error:
            yield _derived(path, str(error))
            return
        expected: dict[Version, IndexLine] = {
            version: index_line(release, self.storage.read(layout.record(name, version)))
            for version, release in sound.items()
        }
        wrong = [version for version in expected.keys() | lines.keys() if expected.get(version) != lines.get(version)]
        if wrong:
            yield _derived(path, f"it differs from the records of {', '.join(sorted(map(str, wrong)))}")

    def _layout_of_kfp(self, name: Name, sound: dict[Version, Release], marks: Marks) -> Iterator[Fault]:
        """Yield how KFP's layout of a component differs from its sound releases."""
        expected: dict[str, Digest] = {}
        for version, release in sound.items():
            expected[layout.tagged(name, version)] = release.digest
            expected[layout.pinned(name, release.digest)] = release.digest
        newest = newest_version(sound, marks)
        if newest is not None:
            expected[layout.newest(name)] = sound[newest].digest
        for path, digest in expected.items():
            if digest not in self._damaged and (message := self._unlike(path, digest)):
                yield _derived(path, message)
        folders = (layout.pins(name), layout.tags(name))
        for path in (f"{folder}/{each}" for folder in folders for each in self.storage.listed(folder)):
            if path not in expected:
                yield _derived(path, "no release has it")

    def _unlike(self, path: str, digest: Digest) -> str | None:
        """Return what is wrong with a file in KFP's layout; None if it is the contract."""
        place = self.storage.path(path)
        self.checked.files += 1
        try:
            # Most are second names of a file that was read already.
            if place.samefile(self.storage.path(layout.blob(digest))):
                return None
            return None if Digest.of(self.storage.read(path)) == digest else "it is not the contract of its release"
        except FileNotFoundError:
            return "missing" if not place.exists() or self.storage.path(layout.blob(digest)).exists() else None
        except (OSError, InputError) as error:
            return str(error)

    def _blobs(self) -> Iterator[Fault]:
        """Yield the damaged contents, and what else lies among them."""
        top = f"{layout.BLOBS}/sha256"
        for folder in self.storage.listed(top):
            for each in self.storage.listed(f"{top}/{folder}"):
                path = f"{top}/{folder}/{each}"
                try:
                    digest = Digest.parse_hex(each)
                except InputError:
                    yield Fault(path=path, message="its name is not a digest", help=_STRAY)
                    continue
                if message := self._blob(path, digest):
                    self._damaged.add(digest)
                    yield Fault(path=path, message=message, help=PUBLISH)

    def _blob(self, path: str, digest: Digest) -> str | None:
        """Return what is wrong with a content; None if it is whole."""
        self.checked.files += 1
        try:
            found = Digest.of(self.storage.read(path))
        except InputError as error:
            return f"damaged: {error.message}"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if path != layout.blob(digest):
            return f"it belongs to {layout.blob(digest)}"
        return None if found == digest else f"damaged: its digest is {found}"

    def _catalogue(self) -> Iterator[Fault]:
        """Yield how the catalogue differs from the sound releases."""
        try:
            data = self.storage.read(layout.CATALOGUE, CATALOGUE_SIZE)
            found = {entry.name: entry for entry in matching(catalogue_text(data), ())}
            members(data)
        except FileNotFoundError:
            yield _derived(layout.CATALOGUE, "missing")
            return
        except (OSError, InputError) as error:
            yield _derived(layout.CATALOGUE, str(error))
            return
        for name in sorted((self._entries.keys() | found.keys()) - self._unknown):
            if self._entries.get(name) != found.get(name):
                # It may have been published since.
                list(self._component(parse_name(name)))
            if self._entries.get(name) != found.get(name):
                yield _derived(layout.CATALOGUE, f"its entry of {name} differs from the records")

    def _indexes_of_nothing(self) -> Iterator[Fault]:
        """Yield the indexes of components that are not there."""
        known = {layout.index(name) for name in self.registry.names()}
        for path in self.storage.files_below(layout.INDEX):
            if path not in known:
                yield _derived(path, "the index of a component that is not there")

    def _odd_names(self) -> Iterator[Fault]:
        """Yield the folders that are no namespace or component, and links, which may lead out of the registry."""
        for namespace in self.storage.listed(layout.COMPONENTS):
            top = f"{layout.COMPONENTS}/{namespace}"
            if fault := self._odd(top, namespace):
                yield fault
                continue
            for part in self.storage.listed(top):
                if fault := self._odd(f"{top}/{part}", part):
                    yield fault

    def _odd(self, path: str, part: str) -> Fault | None:
        """Return the fault of what is not the folder of a namespace or a component."""
        place = self.storage.path(path)
        if place.is_symlink():
            message = f"a link to {os.readlink(place)}, expected a folder"  # noqa: PTH115 (a text to show)
            return Fault(path=path, message=message, help="replace it by the folder itself")
        if not is_part(part) or not place.is_dir():
            return Fault(path=path, message="it cannot be a namespace or a component", help=_STRAY)
        return None

    def _unused(self) -> int:
        """Return the number of contents that no record names; 0 if a damaged record may name them."""
        if self._unknown:
            return 0
        named = {layout.blob(digest) for digest in self._named}
        return sum(path not in named for path in self.storage.files_below(layout.BLOBS))


def _derived(path: str, message: str) -> Fault:
    """Return the fault of a file that can be made again."""
    return Fault(path=path, message=message, help=_REINDEX, derived=True)
