"""Write files so that a reader or a crash never sees half of one: a temporary name beside the target, then a rename."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from toolkit.leaving import undone
from toolkit.machine import cannot, naming
from toolkit.temporary import hold, left_over

_UMASK_LOCK = threading.Lock()
_RANDOM = 4


@contextmanager
def replacing(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of `path` when the block ends without an exception.

    Parents are made. `mode` is what a new file would get before the umask; the file is on disk before the
    rename, so a crash leaves either the old content or the new one. Raises OutsideError when it cannot be written.
    """
    with temporary_beside(path) as made:
        yield made.stream
        with _failing(path):
            made.finish(mode)
            made.path.replace(path)


@contextmanager
def temporary_beside(path: Path) -> Iterator["Temporary"]:
    """Make a file beside `path`, and its parents. It is removed in the end unless it has got another name.

    What killed processes left there goes. Raises OutsideError when the file cannot be made or written.
    """
    made = Temporary(path)
    with made_parents(path), undone(made.remove, do=made.make):
        try:
            with naming(path):
                yield made
        finally:
            made.close()


@contextmanager
def made_parents(path: Path) -> Iterator[None]:
    """Make the folders that `path` lies in; those that are new go again when the block fails, if they are empty.

    Raises OutsideError when they cannot be made.
    """
    new = list(takewhile(lambda parent: not parent.exists(), path.parents))
    try:
        with _failing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in new:
            with suppress(OSError):
                parent.rmdir()
        raise


class Temporary:
    """A file beside its target, held by this process: `path` and an open `stream`."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = self._another_name()
        self.stream: BinaryIO

    def make(self) -> None:
        """Make the file and hold it."""
        with _failing(self._target):
            _sweep(self._target)
            descriptor = self._opened()
            while not hold(descriptor, self.path):
                os.close(descriptor)
                self.path = self._another_name()
                descriptor = self._opened()
        self.stream = os.fdopen(descriptor, "wb")

    def _opened(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def _another_name(self) -> Path:
        return self._target.with_name(f".{self._target.name}.{os.urandom(_RANDOM).hex()}.tmp")

    def finish(self, mode: int) -> None:
        """Bring what was written to the disk, and set the mode, less the umask."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.path.chmod(mode & ~_umask())

    def close(self) -> None:
        """Close the stream; after a write that failed, that would try it once more."""
        with suppress(OSError):
            self.stream.close()

    def remove(self) -> None:
        """Remove the file, if it still has its name."""
        self.path.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace the content of `path`, or create it, in one step."""
    with replacing(path, mode=mode) as stream:
        stream.write(data)


def write_text(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace the content of `path` with UTF-8 text, line ends as given."""
    write_bytes(path, text.encode(), mode=mode)


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot(f"cannot write {path}", error) from error


def _sweep(path: Path) -> None:
    """Remove what killed processes left of the same file."""
    begin, end = f".{path.name}.", ".tmp"
    with os.scandir(path.parent) as listed:
        names = [one.name for one in listed if one.name.startswith(begin) and one.name.endswith(end)]
    for name in names:
        other = path.with_name(name)
        if len(name) != len(begin) + 2 * _RANDOM + len(end):
            continue
        with left_over(other) as dead:
            if dead:
                other.unlink(missing_ok=True)


def _umask() -> int:
    # The only way to read it is to set it; without the lock, two threads could leave the wrong one behind.
    with _UMASK_LOCK:
        current = os.umask(0o022)
        os.umask(current)
    return current
