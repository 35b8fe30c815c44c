"""Write whole files: a temporary one beside the target, then a rename. No reader and no crash sees half of one."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import Limit
from toolkit.system.os_errors import cannot, naming
from toolkit.system.paths import real
from toolkit.system.reading import read_foreign
from toolkit.system.signals import undone
from toolkit.system.temporary import hold, left_over

_UMASK_LOCK = threading.Lock()
# Bytes in the middle of a temporary name: twice as many digits, by which `_sweep` recognises it.
_RANDOM = 4


@contextmanager
def replacing(path: Path, *, mode: int = 0o644, synced: bool = True) -> Iterator[BinaryIO]:
    """Return a stream to a temporary file, which replaces `path` when the block ends without an exception.

    Parent folders are made. The file gets `mode`, less the umask. It is on disk before the rename, so a crash leaves
    the old content or the new one; if it is not `synced`, a crash of the machine may leave an empty file. Raises
    OutsideError when it cannot be written, or when `path` is a device, a pipe or a socket: a rename would put a file in
    the place of `/dev/null`.
    """
    with _failing(path):
        # A folder is left to the rename, whose error says that one is there.
        special = path.exists() and not (path.is_file() or path.is_dir())
    if special:
        raise OutsideError(f"cannot write {path}: it is a device, a pipe or a socket", hint="name a file")
    with temporary_beside(path) as file:
        yield file.stream
        with _failing(path):
            file.finish(mode, synced=synced)
            # A link in the place of the target is replaced itself: rename(2) does not follow it.
            file.path.replace(path)


@contextmanager
def temporary_beside(path: Path) -> Iterator["TemporaryFile"]:
    """Make a file beside `path`, and its parent folders. It is removed in the end, unless it was renamed.

    Files that killed processes left there are removed. Raises OutsideError when the file cannot be made or written.
    """
    file = TemporaryFile(path)
    # The file is registered in the moment in which it is made, so that no signal comes between the two.
    with made_parents(path), undone(file.remove, do=file.make):
        try:
            with naming(path):
                yield file
        finally:
            file.close()


@contextmanager
def made_parents(path: Path) -> Iterator[None]:
    """Make the folders that `path` lies in. If the block fails, new and empty ones are removed again.

    Raises OutsideError when they cannot be made.
    """
    # Innermost first: in this order they can be removed when they are empty.
    new = list(takewhile(lambda parent: not parent.exists(), path.parents))
    try:
        with _failing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        # An interruption counts as well. `rmdir` spares a folder in which another process put something.
        for parent in new:
            with suppress(OSError):
                parent.rmdir()
        raise


class TemporaryFile:
    """A file beside its target that this process holds: its `path`, and an open `stream`."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = self._another_name()
        self.stream: BinaryIO

    def make(self) -> None:
        """Make the file and hold it."""
        with _failing(self._target):
            _sweep(self._target)
            descriptor = self._opened()
            # Another process took the file for a leftover before this one held it.
            while not hold(descriptor, self.path):
                os.close(descriptor)
                self.path = self._another_name()
                descriptor = self._opened()
        self.stream = os.fdopen(descriptor, "wb")

    def _opened(self) -> int:
        """Return the descriptor of the file, which is made. Raise FileExistsError if there is one."""
        # For its user alone until `finish` sets the mode: others do not read half of it.
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def _another_name(self) -> Path:
        """Return a hidden name beside the target: in its folder, a rename stays on one file system."""
        return self._target.with_name(f".{self._target.name}.{os.urandom(_RANDOM).hex()}.tmp")

    def finish(self, mode: int, *, synced: bool = True) -> None:
        """Write everything, if `synced` to the disk itself, and set the mode, less the umask."""
        self.stream.flush()
        if synced:
            # Before the rename: else a crash may leave the new name with nothing in it.
            os.fsync(self.stream.fileno())
        self.path.chmod(mode & ~_umask())

    def close(self) -> None:
        """Close the stream, without an error: after a failed write, closing tries that write again."""
        with suppress(OSError):
            self.stream.close()

    def remove(self) -> None:
        """Remove the file, unless it was renamed."""
        self.path.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644, synced: bool = True) -> None:
    """Replace the content of `path`, or create it, in one step; for `synced` see `replacing`."""
    with replacing(path, mode=mode, synced=synced) as stream:
        stream.write(data)


def write_text(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace the content of `path` with text in UTF-8; line ends stay as they are."""
    write_bytes(path, text.encode(), mode=mode)


def replace_text(path: Path, before: str, after: str, limit: Limit) -> None:
    """Replace the text of a file that was read as `before`; it keeps its permissions, and a link to it stays one.

    Raises OutsideError if it cannot be written or is read-only, InputError if it has changed since it was read.
    """
    # The file behind a link is replaced, since a rename would put a file in the place of the link.
    target = real(path)
    with _failing(path):
        mode = stat.S_IMODE(target.stat().st_mode)
        writable = os.access(target, os.W_OK)
    if not writable:
        raise OutsideError(f"cannot write {path}: it is read-only", hint="allow writing to it, or use `--diff`")
    with temporary_beside(target) as file:
        file.stream.write(after.encode())
        file.finish(mode)
        # The umask is for new files, and this one is not.
        file.path.chmod(mode)
        if read_foreign(target, limit) != before.encode():
            raise InputError(
                "the file has changed since it was read, and stays as it is",
                where=Location(path=path),
                hint="run the command again",
            )
        file.path.replace(target)


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    """Raise an OutsideError that names `path` for an OSError in the block."""
    try:
        yield
    except OSError as error:
        raise cannot(f"cannot write {path}", error) from error


def _sweep(path: Path) -> None:
    """Remove the temporary files beside `path` that killed processes left."""
    begin, end = f".{path.name}.", ".tmp"
    with os.scandir(path.parent) as listed:
        names = [entry.name for entry in listed if entry.name.startswith(begin) and entry.name.endswith(end)]
    for name in names:
        other = path.with_name(name)
        # A user's own file may be called like `.NAME.old.tmp`.
        if len(name) != len(begin) + 2 * _RANDOM + len(end):
            continue
        with left_over(other) as dead:
            if dead:
                other.unlink(missing_ok=True)


def _umask() -> int:
    """Return the umask of this process."""
    # It can only be read by setting it; without the lock, two threads could leave the wrong one behind.
    with _UMASK_LOCK:
        current = os.umask(0o022)
        os.umask(current)
    return current
