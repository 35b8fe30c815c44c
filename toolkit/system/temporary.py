"""Temporary folders: removed when their block ends, on a signal, and after a `kill -9` by the next run.

The process that made a folder holds a lock on it, which the kernel releases when the process ends in any way. So a
folder that can be locked was left by a dead process, whatever its age.
"""

import errno
import fcntl
import os
import re
import shutil
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.errors import OutsideError
from toolkit.system.os_errors import cannot, naming
from toolkit.system.signals import is_leaving, remove_last, undone

# A folder with such a name is removed when nothing holds it. The checksum keeps users' folders from having one.
_NAME = re.compile(r"(\.?comp-[a-z]+-[0-9a-f]{8})([0-9a-f]{8})\.temporary")
_SWEPT: set[Path] = set()
# What this process holds, by device and inode, and what keeps its threads apart there: see `lock_of`.
_OWN: dict[tuple[int, int], threading.Lock] = {}


def place() -> Path:
    """Return the folder for temporary files: TMPDIR, TEMP or TMP, else the system's.

    Raises OutsideError when it is missing. The standard library would take another one then, or refuse a full disk.
    """
    for variable in ("TMPDIR", "TEMP", "TMP"):
        if named := os.environ.get(variable):
            if not Path(named).is_dir():
                raise OutsideError(
                    f"{variable} is {named}, which is not a folder", hint=f"make it, or unset {variable}"
                )
            return Path(named).absolute()
    return Path("/tmp")  # noqa: S108 (names below it are random, and the folders are made with mode 700)


@contextmanager
def folder(purpose: str, *, beside: Path | None = None) -> Iterator[Path]:
    """Make a folder of mode 700, and remove it in the end: in the place for temporary files, or hidden in `beside`.

    Its name contains the word `purpose`. Raises OutsideError when it cannot be made or filled.
    """
    parent = beside or place()
    sweep(parent)
    held = _Folder(parent, f"{'.' if beside else ''}comp-{purpose}-", is_place=beside is None)
    with undone(held.remove, do=held.make), naming(held.path):
        yield held.path


def lock_of(path: Path) -> "threading.Lock | None":
    """Return the lock for threads in a temporary folder of this process; None for any other path.

    Every other process is kept out of it already, and a second lock of the kernel's would wait for the first.
    """
    try:
        return _OWN.get(_identity(path.stat()))
    except OSError:
        return None


def new_name(prefix: str) -> str:
    """Return a new name that `sweep` recognises; `prefix` is like `.comp-output-`."""
    begin = f"{prefix}{os.urandom(4).hex()}"
    return f"{begin}{_checksum(begin)}.temporary"


def _is_name(text: str) -> bool:
    """Return whether `new_name` makes such names."""
    match = _NAME.fullmatch(text)
    return match is not None and match[2] == _checksum(match[1])


def _checksum(begin: str) -> str:
    """Return the end of a name that begins so."""
    return f"{zlib.crc32(begin.encode()):08x}"


def sweep(parent: Path) -> None:
    """Remove the folders in `parent` that killed processes of this user left. Each process looks once."""
    if parent in _SWEPT:
        return
    # Two threads may still sweep at once: whatever they remove, they hold first.
    _SWEPT.add(parent)
    try:
        with os.scandir(parent) as listed:
            ours = [entry.name for entry in listed if _is_name(entry.name) and _is_ours(entry)]
    except OSError:
        # It is missing or cannot be listed, which making a folder in it reports.
        return
    for name in ours:
        with left_over(parent / name) as dead:
            # A file of this name is the one that `_shut_out` puts in a folder's place.
            if dead and (parent / name).is_dir():
                remove(parent / name)
            elif dead:
                (parent / name).unlink(missing_ok=True)


def is_left(path: Path) -> bool:
    """Return whether no process holds a temporary folder any more: it is gone, or was left."""
    with left_over(path) as dead:
        return dead or not os.path.lexists(path)


def remove(path: Path) -> None:
    """Remove a folder with its content, read-only folders included, as far as that is possible."""
    shutil.rmtree(path, ignore_errors=True)
    if not path.is_dir():
        return
    for inner, _, _ in os.walk(path):
        try:
            Path(inner).chmod(0o700)
        except OSError:
            continue
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def left_over(path: Path) -> Iterator[bool]:
    """Return whether no process holds a temporary file or folder; during the block no other can begin to."""
    lock = _locked(path)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def hold(descriptor: int, path: Path) -> bool:
    """Hold a new file or folder for this process. Return False if another process is removing it as left over.

    On a file system without locks nothing is held, and nothing counts as left over.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    # The other process may have removed it just before the lock was free.
    return _is_at(descriptor, path)


def _is_ours(entry: "os.DirEntry[str]") -> bool:
    """Whether this is a folder of this user, or the empty file that may stand in its place (see `_shut_out`)."""
    try:
        facts = entry.stat(follow_symlinks=False)
        kind = entry.is_dir(follow_symlinks=False) or (entry.is_file(follow_symlinks=False) and facts.st_size == 0)
        return kind and facts.st_uid == os.geteuid()
    except OSError:
        return False


class _Folder:
    """A folder that this process holds."""

    def __init__(self, parent: Path, prefix: str, *, is_place: bool) -> None:
        self._parent, self._prefix, self._is_place = parent, prefix, is_place
        self._lock: int | None = None
        self.path = parent

    def make(self) -> None:
        """Make the folder under a new name, and hold it."""
        while self._lock is None:
            path = self._parent / self._name()
            try:
                # The place is often open to all users: with this mode, what is unpacked there is not.
                path.mkdir(mode=0o700)
            except FileExistsError:
                continue
            except OSError as error:
                failure = cannot(f"cannot make a folder in {self._parent}", error)
                # In a container with a read-only root nothing else helps.
                if self._is_place and error.errno in {errno.EROFS, errno.EACCES}:
                    failure.hint = f"mount a volume at {self._parent} that can be written, or name one with TMPDIR"
                raise failure from error
            self._hold(path)

    def _hold(self, path: Path) -> None:
        """Hold a new folder, unless another process is removing it as left over."""
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            # Another process swept it between its making and its opening; the caller makes another.
            return
        except OSError as error:
            path.rmdir()
            raise cannot(f"cannot open {path}", error) from error
        if hold(lock, path):
            self.path, self._lock = path, lock
            _OWN[_identity(os.fstat(lock))] = threading.Lock()
        else:
            os.close(lock)

    def remove(self) -> None:
        """Remove the folder, then release it. While the process leaves, other threads may still write to it."""
        if is_leaving():
            self._shut_out()
        else:
            remove(self.path)
        lock, self._lock = self._lock, None
        if lock is not None:
            _OWN.pop(_identity(os.fstat(lock)), None)
            os.close(lock)

    def _shut_out(self) -> None:
        """Remove the folder under another name, with a file in its place, so that nothing is made there again."""
        doomed = []
        # If a thread makes the folder anew just then, try again; if one has removed it, there is nothing to do.
        with suppress(FileNotFoundError):
            while not self.path.is_file():
                other = self.path.with_name(self._name())
                self.path.rename(other)
                doomed.append(other)
                with suppress(FileExistsError):
                    self.path.touch(exist_ok=False)
        if doomed:
            # Last, since a thread that unpacks something would make the folder anew as soon as the file is gone.
            remove_last(self.path)
        for other in doomed:
            remove(other)

    def _name(self) -> str:
        """Return a new name for the folder."""
        return new_name(self._prefix)


def _identity(facts: os.stat_result) -> tuple[int, int]:
    """Return what a file system knows a folder by."""
    return facts.st_dev, facts.st_ino


def _locked(path: Path) -> int | None:
    """Lock a file or folder that a dead process left; None while its process lives, or without locks."""
    try:
        # The name may be that of anything: opening a pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    # The name may belong to a new file by now, whose process holds that one.
    if _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file or folder still has this path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
