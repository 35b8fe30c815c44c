"""The registry as a plain directory: immutable records and blobs, and indexes derived from them.

    config.json                          {"api": 1, ...}
    blobs/sha256/<2 hex>/<64 hex>        contracts and READMEs, named by content
    c/<ns>/<name>/v/<version>.json       a release record: created once by link(2), the commit point
    c/<ns>/<name>/marks.json             yanked versions and deprecation: what may change
    c/<ns>/<name>/component.yaml         the newest stable release; versions/tags/<version>, versions/sha256/<hex>:
                                         the layout of KFP 1's ComponentStore, so that KFP reads it without us
    index/<2 hex>/<ns>/<name>.jsonl      one line a version
    catalog.jsonl.gz                     one line a component, its newest stable release

Records and blobs are the truth. Everything else is derived: rebuilt under a lock, replaced in one step, and
made again by the next publish after a crash.
"""

import fcntl
import gzip
import hashlib
import io
import json
import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.limits import RECORD_SIZE
from toolkit.registry.entry import Entry, entry_of, newest_version
from toolkit.registry.finding import check_taken
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name, is_part
from toolkit.registry.place import Place, PlaceKind
from toolkit.registry.release import API, CONTRACT, Release
from toolkit.registry.semver import Version, newest, parse_version
from toolkit.system.atomic import temporary_beside, write_bytes
from toolkit.system.os_errors import cannot
from toolkit.system.paths import check_inside
from toolkit.system.reading import read_foreign

log = logging.getLogger(__name__)


class Directory:
    """One registry at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, root: Path) -> "Directory":
        """Open an existing registry. Raises InputError if it is missing, or a newer program made it."""
        config = root / "config.json"
        try:
            api = json.loads(read_foreign(config, RECORD_SIZE)).get("api")
        except FileNotFoundError:
            raise InputError(
                f"{root} is not a component registry", hint="`comp publish --registry DIR` makes one"
            ) from None
        except (ValueError, AttributeError, RecursionError) as error:
            raise OutsideError(f"{config} is damaged: {error}") from error
        except OSError as error:
            raise OutsideError(f"cannot read {config}: {error.strerror}") from error
        if api != API:
            raise InputError(f"{root} is a registry of api {api!r}, this program knows {API}", hint="update comp")
        return cls(root)

    @classmethod
    def create(cls, root: Path) -> "Directory":
        """Open the registry at `root`, and make it if it is missing. Raises InputError for a folder of other files."""
        config = root / "config.json"
        with _failing(f"cannot make a registry at {root}"):
            if not config.exists():
                # Hidden files may belong to another publisher that is making the same registry.
                others = root.exists() and any(not path.name.startswith(".") for path in root.iterdir())
                # Asked again: another publisher may have made it since.
                if others and not config.exists():
                    raise InputError(f"{root} has files in it and is not a registry", hint="name a new or empty folder")
                data = json.dumps({"api": API, "immutable": True}, indent=2).encode() + b"\n"
                # Of several publishers that make it at once, one says so.
                if cls(root)._create(config, data):  # noqa: SLF001 (its own)
                    log.info("made the registry %s", root)
        return cls.open(root)

    @property
    def place(self) -> Place:
        """The folder."""
        return Place(kind=PlaceKind.FOLDER, address=os.fspath(self.root))

    def publish(self, release: Release, contents: Mapping[str, bytes]) -> bool:
        """Add a release with the contents of its files, by path; return False if the same contract is there already.

        Of several publishers of one version exactly one wins. Raises InputError as `check_taken` does.
        """
        with _failing(f"cannot write to the registry {self.root}"):
            # The blobs come first, so that a record never names content that is missing.
            for path in (CONTRACT, *(file.path for file in release.files)):
                self._add_blob(contents[path])
            new = self._create(self._record_path(release.name, release.version), release.to_bytes())
        # Another publisher may have been faster: with the same content that is a success, with another an error.
        if not new:
            check_taken(self, release)
        self.reindex(release.name)
        return new

    def names(self) -> list[Name]:
        """Return the name of every component, in order."""
        with _failing(f"cannot read the registry {self.root}"):
            # A publisher that dies before it writes the record leaves a folder without one.
            return sorted(
                Name(namespace.name, folder.name)
                for namespace in _folders(self.root / "c")
                for folder in _folders(namespace)
                if any(map(_is_record, folder.glob("v/*.json")))
            )

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order; empty if it does not exist."""
        folder = self._folder(name) / "v"
        try:
            with _failing(f"cannot read {folder}"):
                versions = [parse_version(path.stem) for path in folder.glob("*.json") if _is_record(path)]
        except InputError as error:
            raise OutsideError(f"the registry's folder {folder} has a file that is not a record: {error}") from error
        return sorted(versions, key=lambda version: version.precedence)

    def release(self, name: Name, version: Version) -> Release:
        """Read one release record. Raises OutsideError if it is damaged."""
        path = self._record_path(name, version)
        try:
            release = Release.from_dict(json.loads(read_foreign(path, RECORD_SIZE)))
        except (ValueError, AttributeError, RecursionError, InputError) as error:
            raise OutsideError(f"the registry's record {path} is damaged: {error}") from error
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}") from error
        if (release.name, release.version) != (name, version):
            raise OutsideError(f"the registry's record {path} is of {release}")
        return release

    def content(self, release: Release, path: str) -> bytes:
        """Read and verify a file of a release."""
        return self._blob(release.digest_of(path))

    def marks(self, name: Name) -> Marks:
        """Read the marks of a component. Raises OutsideError if they are damaged."""
        path = self._folder(name) / "marks.json"
        try:
            return Marks.from_bytes(read_foreign(path, RECORD_SIZE))
        except FileNotFoundError:
            return Marks()
        except InputError as error:
            raise OutsideError(f"the registry's marks {path} are damaged: {error}") from error
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}") from error

    def change_marks(self, name: Name, change: Callable[[Marks], Marks]) -> Marks:
        """Change the marks of a component under the lock, and return them."""
        with _failing(f"cannot write to the registry {self.root}"), self._locked():
            marks = change(self.marks(name))
            self._replace(self._folder(name) / "marks.json", marks.to_bytes())
        self.reindex(name)
        return marks

    def entries(self) -> Iterator[Entry]:
        """Yield an entry for each component from its newest release."""
        for name in self.names():
            versions, marks = self.versions(name), self.marks(name)
            version = newest_version(versions, marks)
            if version is not None:
                yield entry_of(self.release(name, version), len(versions), marks)

    def reindex(self, *names: Name) -> None:
        """Rebuild the derived files of these components, or of all, and the catalogue.

        A damaged release is left out with a warning, so that others can still be published.
        """
        with _failing(f"cannot write to the registry {self.root}"), self._locked():
            for name in names or self.names():
                self._reindex_component(name)
            # Read while the lock is held: a catalogue from an older view must not replace a newer one.
            latest = [release for name in self.names() if (release := self._sound_latest(name))]
            catalogue = [_index_line(release) | {"description": release.description} for release in latest]
            self._replace(self.root / "catalog.jsonl.gz", _zipped(_lines(catalogue)))

    def _reindex_component(self, name: Name) -> None:
        """Write the derived files of one component from its sound releases; the caller holds the lock."""
        sound = []
        for version in self.versions(name):
            try:
                release = self.release(name, version)
                sound.append((release, self.content(release, CONTRACT)))
            except OutsideError as error:
                log.warning("%s", error)
        shard = hashlib.sha256(str(name).encode()).hexdigest()[:2]
        lines = _lines(_index_line(release) for release, _ in sound)
        self._replace(self.root / "index" / shard / name.namespace / f"{name.name}.jsonl", lines)
        folder = self._folder(name)
        latest = newest(release.version for release, _ in sound)
        for release, contract in sound:
            self._replace(folder / "versions" / "sha256" / release.digest.hex, contract)
            self._replace(folder / "versions" / "tags" / str(release.version), contract)
            if release.version == latest:
                self._replace(folder / "component.yaml", contract)

    def _sound_latest(self, name: Name) -> Release | None:
        """Return the newest release; None, with a warning, if its record is damaged."""
        try:
            version = newest(self.versions(name))
            return self.release(name, version) if version is not None else None
        except OutsideError as error:
            log.warning("%s", error)
            return None

    def _folder(self, name: Name) -> Path:
        """Return the folder of a component's records and of KFP's layout."""
        return self.root / "c" / name.namespace / name.name

    def _record_path(self, name: Name, version: Version) -> Path:
        """Return the path of a release's record."""
        return self._folder(name) / "v" / f"{version}.json"

    def _blob_path(self, digest: Digest) -> Path:
        """Return the path of a blob, in one of 256 folders."""
        return self.root / "blobs" / "sha256" / digest.hex[:2] / digest.hex

    def _add_blob(self, data: bytes) -> None:
        """Store content under its digest."""
        # Publishing the same content again mends a damaged blob.
        self._replace(self._blob_path(Digest.of(data)), data)

    def _blob(self, digest: Digest) -> bytes:
        """Return a blob, verified. Raises OutsideError if it is missing or damaged."""
        path = self._blob_path(digest)
        try:
            data = read_foreign(path, RECORD_SIZE)
        except InputError as error:
            raise OutsideError(f"the registry's blob {path} is damaged: {error.message}") from error
        except OSError as error:
            raise OutsideError(f"the registry lacks the blob {path}: {error.strerror}") from error
        if Digest.of(data) != digest:
            raise OutsideError(f"the registry's blob {path} is damaged: its digest is {Digest.of(data)}")
        return data

    def _create(self, path: Path, data: bytes) -> bool:
        """Create a file with its whole content; False if it exists already, perhaps since a moment ago."""
        with self._room(path), temporary_beside(path) as made:
            made.stream.write(data)
            mode = _file_mode(path.parent)
            made.finish(mode)
            # The mode decides whether the group may write, not the umask of this user.
            made.path.chmod(mode)
            try:
                # A rename would replace the record of another publisher; a link fails if the name exists.
                os.link(made.path, path)
            except FileExistsError:
                return False
        return True

    def _replace(self, path: Path, data: bytes) -> None:
        """Write a file, unless it has this content already."""
        with self._room(path):
            if not path.is_file() or path.stat().st_size != len(data) or path.read_bytes() != data:
                write_bytes(path, data)
                path.chmod(_file_mode(path.parent))

    @contextmanager
    def _room(self, path: Path) -> Iterator[None]:
        """Make the folders of a file; each new one has the permissions of the folder above it.

        If the block fails, new and empty ones are removed again. Raises InputError for links that lead out of the
        registry.
        """
        # Others may write to a shared registry, and a link in it must not lead a publisher's files elsewhere.
        check_inside(self.root, path)
        missing = [folder for folder in path.parents if not folder.exists()]
        try:
            for folder in reversed(missing):
                # Another publisher may make the same folder at this moment.
                folder.mkdir(exist_ok=True)
                mode = stat.S_IMODE(folder.parent.stat().st_mode)
                if mode & 0o022:
                    # In a sticky folder only a file's owner could replace it, and others replace derived files.
                    folder.chmod(mode & ~stat.S_ISVTX)
            yield
        except BaseException:
            # `rmdir` spares a folder in which another publisher put something.
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the registry's lock, which orders those who rebuild derived files."""
        lock = self.root / ".lock"
        # Only the user who made the file may change its mode.
        new = not lock.exists()
        # A link in a shared folder must not lead this user to another file.
        with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666), "a") as stream:
            if new:
                lock.chmod(_file_mode(self.root))
            # The system drops the lock when the process ends, so a crash leaves none behind.
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Turn errors of the disk into OutsideErrors."""
    try:
        yield
    except OSError as error:
        raise cannot(what, error) from error


def _is_record(path: Path) -> bool:
    """Whether a file is a record, and not one that a publisher is still writing."""
    return not path.name.startswith(".")


def _folders(folder: Path) -> list[Path]:
    """Return the subfolders that can be a namespace or a component."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and is_part(path.name))


def _index_line(release: Release) -> dict[str, Any]:
    """Return the part of a record that indexes hold."""
    record = release.to_dict()
    kept = ("namespace", "name", "version", "digest", "image", "interface_digest", "published", "by")
    return {key: record[key] for key in kept}


def _lines(values: Iterable[dict[str, Any]]) -> bytes:
    """Return data as JSON lines, in UTF-8."""
    return b"".join(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for value in values)


def _zipped(data: bytes) -> bytes:
    """Return data compressed, in equal bytes for equal data: without a time in the header."""
    stream = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, stream, mtime=0) as zipped:
        zipped.write(data)
    return stream.getvalue()


def _file_mode(folder: Path) -> int:
    """Return the mode of a new file: writable by those who may write to its folder, as in git's shared repositories."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    return 0o644 | (mode & 0o022)
