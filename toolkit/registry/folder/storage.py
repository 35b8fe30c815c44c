"""The files of a registry in a folder that many may write to: created once, replaced in one step, locked.

Paths are those of `toolkit.registry.folder.layout`. Errors of the disk are OSErrors, or the OutsideErrors of
`system.atomic`.
"""

import fcntl
import logging
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.errors import InputError
from toolkit.limits import CATALOGUE_SIZE, RECORD_SIZE, Limit
from toolkit.system.atomic import temporary_beside
from toolkit.system.paths import check_inside
from toolkit.system.reading import read_foreign

log = logging.getLogger(__name__)

LOCK = ".lock"
_IMMUTABLE = 0o444
# Seconds after which a writer that waits for another one says so.
_QUIET = 3.0


class Storage:
    """The folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Return where a file lies."""
        return self.root / name

    def read(self, name: str, limit: Limit = RECORD_SIZE) -> bytes:
        """Read a file. Raises OSError, InputError for one that is too large or not a regular file."""
        return read_foreign(self.root / name, limit)

    def create(self, name: str, data: bytes, *, immutable: bool = False) -> bool:
        """Create a file with its whole content; False if it exists already, perhaps since a moment ago.

        Once it returns, the file survives a loss of power. An `immutable` one is read-only, as git's objects are, so
        that no editor writes to it.
        """
        path = self.root / name
        with self._room(path), temporary_beside(path) as made:
            made.stream.write(data)
            made.finish(0o644)
            # The mode decides whether the group may write, not the umask of this user.
            made.path.chmod(_IMMUTABLE if immutable else _mode(path.parent))
            try:
                # A rename would replace the record of another publisher; a link fails if the name exists.
                os.link(made.path, path)
            except FileExistsError:
                return False
            sync_folder(path.parent)
        return True

    def replace(self, name: str, data: bytes, *, immutable: bool = False, always: bool = False) -> None:
        """Write a file, unless it has this content already; `always` even then."""
        if always or not self.holds(name, data):
            path = self.root / name
            with self._room(path), temporary_beside(path) as made:
                made.stream.write(data)
                made.finish(0o644)
                made.path.chmod(_IMMUTABLE if immutable else _mode(path.parent))
                made.path.replace(path)

    def keep(self, name: str, data: bytes, *, used_now: bool) -> None:
        """Write a read-only file whose name says its content, unless it is whole; it survives a loss of power.

        One that is `used_now` gets a new time, so that it is not garbage before a record names it.
        """
        if self.holds(name, data):
            with suppress(PermissionError):
                if used_now:
                    os.utime(self.root / name)
                return
        self.replace(name, data, immutable=True, always=True)
        sync_folder((self.root / name).parent)

    def share(self, source: str, name: str, data: bytes) -> None:
        """Give a file whose content is `data` a second name, which takes no space.

        It is a copy where the file system has no links, or the file is another user's.
        """
        path = self.root / name
        if self.holds(name, data):
            return
        with self._room(path):
            # A second name cannot replace another one in one step, but its own rename can.
            linked = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
            try:
                os.link(self.root / source, linked)
            except OSError:
                self.replace(name, data, immutable=True)
                return
            try:
                linked.replace(path)
            finally:
                linked.unlink(missing_ok=True)

    def holds(self, name: str, data: bytes) -> bool:
        """Return whether a file has this content."""
        path = self.root / name
        try:
            return path.stat().st_size == len(data) and self.read(name, CATALOGUE_SIZE) == data
        except (OSError, InputError):
            return False

    def listed(self, folder: str) -> list[str]:
        """Return the names in a folder, in order; empty if it is missing. Hidden ones are unfinished, and left out."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return sorted(name for name in os.listdir(self.root / folder) if not name.startswith("."))  # noqa: PTH208 (names alone)
        return []

    def files_below(self, folder: str) -> Iterator[str]:
        """Yield the paths of all files below a folder, in order; links are not followed."""
        for each in self.listed(folder):
            path = f"{folder}/{each}"
            if stat.S_ISDIR((self.root / path).lstat().st_mode):
                yield from self.files_below(path)
            else:
                yield path

    def now(self) -> float:
        """Return the time that the folder's file system gives a file, which may differ from this machine's clock."""
        with temporary_beside(self.root / ".now") as made:
            return made.path.stat().st_mtime

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.root / name).unlink(missing_ok=True)

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
                sync_folder(folder.parent)
            yield
        except BaseException:
            # `rmdir` spares a folder in which another publisher put something.
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
            raise

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the registry's lock: of all that publish, mark, reindex or collect garbage, one works at a time."""
        lock = self.root / LOCK
        # Only the user who made the file may change its mode.
        new = not lock.exists()
        # A link in a shared folder must not lead this user to another file.
        with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666), "a") as stream:
            if new:
                lock.chmod(_mode(self.root))
            # The system drops the lock when the process ends, so a crash leaves none behind.
            waiting = threading.Timer(_QUIET, log.info, ["waiting for another publisher to %s", self.root])
            waiting.daemon = True
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting.start()
                fcntl.flock(stream, fcntl.LOCK_EX)
            finally:
                waiting.cancel()
            yield


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk itself, where the file system can do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some network file systems refuse it: their servers decide.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mode(folder: Path) -> int:
    """Return the mode of a new file: writable by those who may write to its folder, as in git's shared repositories."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    return 0o644 | (mode & 0o022)
