"""Folders for the time of a piece of work: removed at its end, on a signal, and by the next run after a `kill -9`.

The process that made a folder holds a lock on it, which the kernel lets go of when the process ends, however it ends.
So what can be locked is left over from a process that is dead, whatever its age.
"""

import fcntl
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.errors import OutsideError
from toolkit.leaving import is_leaving, removed_last, undone
from toolkit.machine import cannot, naming

# Such a folder is removed when nothing holds it, so no folder of a user may have such a name: hence the checksum.
_NAME = re.compile(r"(\.?comp-[a-z]+-[0-9a-f]{8})([0-9a-f]{8})\.temporary")
_SWEPT: set[Path] = set()


def place() -> Path:
    """Return the folder for temporary files: TMPDIR, TEMP or TMP, else the system's.

    Raises OutsideError when it is not there. The standard library takes another one then, and none that is full.
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
    """Make a folder of mode 700 in the place for temporary files, or hidden in `beside`, and remove it in the end.

    `purpose`, a word, is in its name. Raises OutsideError when it cannot be made or filled.
    """
    parent = beside or place()
    sweep(parent)
    made = _Folder(parent, f"{'.' if beside else ''}comp-{purpose}-")
    with undone(made.remove, do=made.make), naming(made.path):
        yield made.path


def new_name(prefix: str) -> str:
    """Make a name that `sweep` knows as one of this program's; `prefix` is like `.comp-output-`."""
    begin = f"{prefix}{os.urandom(4).hex()}"
    return f"{begin}{_checksum(begin)}.temporary"


def _is_name(text: str) -> bool:
    found = _NAME.fullmatch(text)
    return found is not None and found[2] == _checksum(found[1])


def _checksum(begin: str) -> str:
    return f"{zlib.crc32(begin.encode()):08x}"


def sweep(parent: Path) -> None:
    """Remove the folders in `parent` that this user's processes left when they were killed. Looks once in a process."""
    if parent in _SWEPT:
        return
    _SWEPT.add(parent)
    try:
        with os.scandir(parent) as listed:
            ours = [one.name for one in listed if _is_name(one.name) and _is_ours(one)]
    except OSError:
        # It cannot be listed, or is not there; what makes a folder in it says so.
        return
    for name in ours:
        with left_over(parent / name) as dead:
            if dead and (parent / name).is_dir():
                remove(parent / name)
            elif dead:
                (parent / name).unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a folder with what is in it, folders that nothing may be written to as well, as far as that goes."""
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
    """Tell whether no process holds a temporary file or folder any more; during the block none can."""
    lock = _locked(path)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def hold(descriptor: int, path: Path) -> bool:
    """Hold a new file or folder for this process; False when another process took it for left over before.

    Where there are no locks nothing is held, and nothing taken for left over.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return _is_at(descriptor, path)


def _is_ours(entry: "os.DirEntry[str]") -> bool:
    """Tell whether this is a folder of this user, or the empty file that may stand in the place of one."""
    try:
        facts = entry.stat(follow_symlinks=False)
        kind = entry.is_dir(follow_symlinks=False) or (entry.is_file(follow_symlinks=False) and facts.st_size == 0)
        return kind and facts.st_uid == os.geteuid()
    except OSError:
        return False


class _Folder:
    """A folder that this process holds."""

    def __init__(self, parent: Path, prefix: str) -> None:
        self._parent, self._prefix = parent, prefix
        self._lock: int | None = None
        self.path = parent

    def make(self) -> None:
        """Make it and hold it, under a name of its own."""
        while self._lock is None:
            path = self._parent / self._name()
            try:
                path.mkdir(mode=0o700)
            except FileExistsError:
                continue
            except OSError as error:
                raise cannot(f"cannot make a folder in {self._parent}", error) from error
            self._hold(path)

    def _hold(self, path: Path) -> None:
        """Hold a new folder, unless another process took it for left over before."""
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return
        except OSError as error:
            path.rmdir()
            raise cannot(f"cannot open {path}", error) from error
        if hold(lock, path):
            self.path, self._lock = path, lock
        else:
            os.close(lock)

    def remove(self) -> None:
        """Remove it, then let go of it. While the process leaves, other threads may still be writing to it."""
        if is_leaving():
            self._shut_out()
        else:
            remove(self.path)
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _shut_out(self) -> None:
        """Remove it under another name, with a file in its place meanwhile, so that nothing is made there again."""
        doomed = []
        # A thread that makes the folder anew just then is tried again; one that has removed it has won.
        with suppress(FileNotFoundError):
            while not self.path.is_file():
                other = self.path.with_name(self._name())
                self.path.rename(other)
                doomed.append(other)
                with suppress(FileExistsError):
                    self.path.touch(exist_ok=False)
        if doomed:
            # Not before: a thread that unpacks something would make the folder anew as soon as the file is gone.
            removed_last(self.path)
        for other in doomed:
            remove(other)

    def _name(self) -> str:
        return new_name(self._prefix)


def _locked(path: Path) -> int | None:
    """Lock what a dead process left; None while its process lives, or where there are no locks."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    if _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
