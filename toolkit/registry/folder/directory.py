"""The registry as a plain directory: immutable records and blobs, and files derived from them.

`toolkit.registry.folder.layout` says where they lie. A record is created once by link(2), and with it the release is
there. What is derived is brought up to date under a lock and replaced in one step; the next writer repairs it after a
crash.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.limits import CATALOGUE_SIZE
from toolkit.registry.entry import Entry
from toolkit.registry.fault import Checked, Fault, Garbage
from toolkit.registry.finding import check_taken
from toolkit.registry.folder import derived, layout
from toolkit.registry.folder.catalogue import catalogue_bytes, catalogue_text, matching
from toolkit.registry.folder.config import RegistryConfig
from toolkit.registry.folder.garbage import find_garbage, remove_garbage
from toolkit.registry.folder.storage import Storage
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name, is_part, parse_name
from toolkit.registry.place import Place, PlaceKind
from toolkit.registry.release import CONTRACT, Release, read_record
from toolkit.registry.semver import Version, parse_version
from toolkit.system.os_errors import cannot

log = logging.getLogger(__name__)

# The component that a writer is at work on: if it is there while no writer holds the lock, one was killed.
PENDING = ".pending"


class Directory:
    """One registry at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._storage = Storage(root)
        # The catalogue's lines, and what the system says of its file: read again when that changes.
        self._catalogue: tuple[tuple[int, int, int], bytes] | None = None

    @classmethod
    def open(cls, root: Path) -> "Directory":
        """Open an existing registry. Raises InputError if it is missing, or a newer program made it."""
        opened = cls(root)
        opened.config()
        return opened

    @classmethod
    def create(cls, root: Path, config: RegistryConfig | None = None, *, announced: bool = True) -> "Directory":
        """Open the registry at `root`, and make it if it is missing, which is `announced`.

        Raises InputError for a folder of other files.
        """
        path = root / layout.CONFIG
        with _failing(f"cannot make a registry at {root}"):
            if not path.exists():
                # Hidden files may belong to another publisher that is making the same registry.
                others = root.exists() and any(not each.name.startswith(".") for each in root.iterdir())
                # Asked again: another publisher may have made it since.
                if others and not path.exists():
                    raise InputError(f"{root} has files in it and is not a registry", hint="name a new or empty folder")
                # Of several publishers that make it at once, one says so.
                if Storage(root).create(layout.CONFIG, (config or RegistryConfig()).to_bytes()):
                    log.log(logging.INFO if announced else logging.DEBUG, "made the registry %s", root)
                # So that a web server has one, too.
                Storage(root).create(layout.CATALOGUE, catalogue_bytes(()))
        return cls.open(root)

    @property
    def place(self) -> Place:
        """The folder."""
        return Place(kind=PlaceKind.FOLDER, address=os.fspath(self.root))

    def config(self) -> RegistryConfig:
        """Read what the registry says of itself. Raises InputError if it is missing, or a newer program made it."""
        path = self._storage.path(layout.CONFIG)
        try:
            data = self._storage.read(layout.CONFIG)
        except FileNotFoundError:
            raise InputError(
                f"{self.root} is not a component registry", hint="`comp publish --registry FOLDER` makes one"
            ) from None
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}") from error
        return RegistryConfig.from_bytes(data, registry=str(self.root), where=str(path))

    def publish(self, release: Release, contents: Mapping[str, bytes]) -> bool:
        """Add a release with the contents of its files, by path; return False if the same contract is there already.

        Of several publishers of one version exactly one wins. Raises InputError as `check_taken` does.
        """
        with self.writing():
            # Another publisher may have been faster: with the same content that is a success, with another an error.
            check_taken(self, release)
            known = release.version in self.versions(release.name)
            # The blobs come first, so that a record never names content that is missing.
            for path in (CONTRACT, *(file.path for file in release.files)):
                # Publishing the same content again mends a damaged blob.
                self._storage.keep(layout.blob(Digest.of(contents[path])), contents[path], used_now=not known)
            with self._pending(release.name):
                new = self._storage.create(
                    layout.record(release.name, release.version), release.to_bytes(), immutable=True
                )
                # The lock may not reach every machine that writes to a shared disk, and the record decides.
                if not new:
                    check_taken(self, release)
                with _published(release):
                    derived.follow(self, self._storage, release.name)
        return new

    def names(self) -> list[Name]:
        """Return the name of every component, in order."""
        with _failing(f"cannot read the registry {self.root}"):
            # A publisher that dies before it writes the record leaves a folder without one.
            # Texts in place of paths: there may be ten thousand folders.
            top = f"{self.root}/{layout.COMPONENTS}"
            return sorted(
                Name(namespace, part)
                for namespace in _parts(top)
                for part in _parts(f"{top}/{namespace}")
                if any(_records(f"{top}/{namespace}/{part}/{layout.RECORDS}"))
            )

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order; empty if it does not exist."""
        folder = self._storage.path(layout.records(name))
        try:
            with _failing(f"cannot read {folder}"):
                versions = list(map(parse_version, _records(folder)))
        except InputError as error:
            raise OutsideError(f"the registry's folder {folder} has a file that is not a record: {error}") from error
        return sorted(versions, key=lambda version: version.precedence)

    def release(self, name: Name, version: Version) -> Release:
        """Read one release record. Raises OutsideError if it is damaged."""
        path = self._storage.path(layout.record(name, version))
        try:
            data = self._storage.read(layout.record(name, version))
        except InputError as error:
            raise OutsideError(f"the registry's record {path} is damaged: {error}") from error
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}") from error
        return read_record(data, name, version, where=str(path))

    def record(self, name: Name, version: Version) -> bytes:
        """Return the bytes of a release's record, which is known to be sound. Raises OSError, InputError."""
        return self._storage.read(layout.record(name, version))

    def content(self, release: Release, path: str) -> bytes:
        """Read and verify a file of a release. Raises OutsideError if it is missing or damaged."""
        digest = release.digest_of(path)
        blob = self._storage.path(layout.blob(digest))
        try:
            data = self._storage.read(layout.blob(digest))
        except InputError as error:
            raise OutsideError(f"the registry's blob {blob} is damaged: {error.message}") from error
        except OSError as error:
            raise OutsideError(f"the registry lacks the blob {blob}: {error.strerror}") from error
        if Digest.of(data) != digest:
            raise OutsideError(f"the registry's blob {blob} is damaged: its digest is {Digest.of(data)}")
        return data

    def marks(self, name: Name) -> Marks:
        """Read the marks of a component. Raises OutsideError if they are damaged."""
        path = self._storage.path(layout.marks(name))
        try:
            return Marks.from_bytes(self._storage.read(layout.marks(name)))
        except FileNotFoundError:
            return Marks()
        except InputError as error:
            raise OutsideError(f"the registry's marks {path} are damaged: {error}") from error
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}") from error

    def change_marks(self, name: Name, change: Callable[[Marks], Marks]) -> Marks:
        """Change the marks of a component under the lock, and return them."""
        with self.writing():
            marks = change(self.marks(name))
            with self._pending(name):
                self._storage.replace(layout.marks(name), marks.to_bytes())
                derived.follow(self, self._storage, name)
        return marks

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield the entries that have all words, in the order of names.

        They are those of the catalogue, or of the records where it is missing or damaged.
        """
        wanted = list(words)
        try:
            return iter(matching(self._catalogue_text(), wanted))
        except FileNotFoundError:
            pass
        except InputError as error:
            log.warning(
                "%s is damaged (%s); the records are read instead: `comp registry reindex` mends it",
                self._storage.path(layout.CATALOGUE),
                error,
            )
        except OSError as error:
            raise cannot(f"cannot read {self._storage.path(layout.CATALOGUE)}", error) from error
        return (entry for entry in derived.entries_of_records(self) if entry.matches(wanted))

    def faults(self, checked: Checked) -> Iterator[Fault]:
        """Check all files against each other, and yield every fault; `checked` counts what was seen."""
        # It reads contracts, and a search needs no YAML.
        from toolkit.registry.folder.verification import Verification

        with _failing(f"cannot read the registry {self.root}"):
            yield from Verification(registry=self, storage=self._storage, checked=checked).faults()

    def garbage(self) -> list[Garbage]:
        """Return the files that no release has and no publisher is at work on, in order.

        Raises OutsideError if a record is damaged: nothing says then which files belong to it.
        """
        with _failing(f"cannot look for garbage in the registry {self.root}"):
            return find_garbage(self, self._storage)

    def collect(self, garbage: Iterable[Garbage]) -> list[Garbage]:
        """Remove what is still garbage, and return it."""
        with self.writing() as storage:
            return list(remove_garbage(storage, garbage))

    def reindex(self) -> int:
        """Make the derived files of all components again, and the catalogue; return the number of components.

        A damaged release is left out with a warning, so that others can still be published.
        """
        with self.writing():
            names = self.names()
            derived.rebuild_all(self, self._storage, names)
        return len(names)

    def _catalogue_text(self) -> bytes:
        """Return the catalogue's lines. Raises InputError if it is damaged, OSError."""
        status = self._storage.path(layout.CATALOGUE).stat()
        signature = status.st_mtime_ns, status.st_size, status.st_ino
        if self._catalogue is None or self._catalogue[0] != signature:
            self._catalogue = signature, catalogue_text(self._storage.read(layout.CATALOGUE, CATALOGUE_SIZE))
        return self._catalogue[1]

    @contextmanager
    def writing(self) -> Iterator[Storage]:
        """Hold the registry's lock, and mend what a killed writer left; return the files to write to.

        Errors of the disk become OutsideErrors.
        """
        with _failing(f"cannot write to the registry {self.root}"), self._storage.locked():
            self._recover()
            yield self._storage

    def _recover(self) -> None:
        """Make the derived files again of the component that a killed writer was at work on."""
        try:
            name = parse_name(self._storage.read(PENDING).decode(errors="replace"))
        except FileNotFoundError:
            return
        except InputError:
            # The writer died before it began, or the file is someone's joke.
            pass
        else:
            derived.rebuild(self, self._storage, name)
        self._storage.remove(PENDING)

    @contextmanager
    def _pending(self, name: Name) -> Iterator[None]:
        """Mark a component as one that is written to; the mark stays if the block fails."""
        self._storage.replace(PENDING, str(name).encode())
        yield
        self._storage.remove(PENDING)


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Turn errors of the disk into OutsideErrors."""
    try:
        yield
    except OSError as error:
        raise cannot(what, error) from error


@contextmanager
def _published(release: Release) -> Iterator[None]:
    """Say of an error of the disk that the release is there all the same."""
    try:
        yield
    except (OSError, OutsideError) as error:
        reason = error.message if isinstance(error, OutsideError) else f"{error.filename}: {error.strerror}"
        raise OutsideError(
            f"{release} is published, but what is derived from it is not up to date: {reason}",
            hint="the next publish mends it, and so does `comp registry reindex`",
        ) from error


def _parts(folder: str) -> list[str]:
    """Return the names of subfolders that can be a namespace or a component."""
    try:
        with os.scandir(folder) as listed:
            return [entry.name for entry in listed if is_part(entry.name) and entry.is_dir()]
    except FileNotFoundError:
        return []


def _records(folder: str | Path) -> Iterator[str]:
    """Yield the names of the records in a folder, without those that publishers are still writing."""
    try:
        with os.scandir(folder) as listed:
            for entry in listed:
                if entry.name.endswith(".json") and not entry.name.startswith("."):
                    yield entry.name.removesuffix(".json")
    except (FileNotFoundError, NotADirectoryError):
        return
