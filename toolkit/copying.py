"""Copy what others wrote without following a link: every folder on the way is opened as the folder it is.

A link that stands where a folder is expected would lead to another place of this machine, to be read or written.
Devices and pipes are refused: reading one may never end.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit import temporary
from toolkit.errors import InputError
from toolkit.limits import OUTPUT_DEPTH

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


@contextmanager
def opened_folder(root: Path, *parts: str, make: bool = False) -> Iterator[int]:
    """Open `root`, then each part below it, and give the descriptor of the last; a part that is a link is an error.

    With `make`, folders that are missing are made. Raises OSError, NotADirectoryError for a link or a file.
    """
    if make:
        root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, _FOLDER)
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            inner = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def copied(source: int, name: str, target: int, wanted: str) -> bool:
    """Copy the file or folder `name` of the folder `source` to `wanted` in `target`; False if it is missing.

    What is at `wanted` is replaced in one step, a link itself and not what it leads to. Links inside a folder stay
    links. Raises InputError for what is neither file nor folder, OSError when the disk refuses.
    """
    try:
        os.stat(name, dir_fd=source, follow_symlinks=False)
    except FileNotFoundError:
        return False
    with _staged(target) as staged:
        _copy(source, name, staged, "new", depth=0)
        _set_aside(target, wanted, staged)
        os.rename("new", wanted, src_dir_fd=staged, dst_dir_fd=target)
    return True


def removed(folder: int, name: str) -> None:
    """Remove what stands at `name`, a link itself and not what it leads to."""
    with _staged(folder) as staged:
        _set_aside(folder, name, staged)


@contextmanager
def _staged(folder: int) -> Iterator[int]:
    """Give a new folder inside of one; it is removed with all that is in it."""
    name = temporary.new_name(".comp-output-")
    os.mkdir(name, 0o700, dir_fd=folder)
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
        try:
            # By which `temporary.sweep` knows that it is in use.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        shutil.rmtree(name, ignore_errors=True, dir_fd=folder)


def _set_aside(folder: int, name: str, into: int) -> None:
    with suppress(FileNotFoundError):
        os.rename(name, "old", src_dir_fd=folder, dst_dir_fd=into)


def _copy(source: int, name: str, target: int, wanted: str, *, depth: int) -> None:
    OUTPUT_DEPTH.check(depth, "the depth of its folders")
    mode = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(name, dir_fd=source), wanted, dir_fd=target)
    elif stat.S_ISDIR(mode):
        _copy_folder(source, name, target, wanted, depth=depth)
    elif stat.S_ISREG(mode):
        _copy_file(source, name, target, wanted)
    else:
        raise InputError(f"{name!r} is {kind_of(mode)}, expected a file or folder")


def _copy_folder(source: int, name: str, target: int, wanted: str, *, depth: int) -> None:
    os.mkdir(wanted, dir_fd=target)
    from_here = os.open(name, _FOLDER, dir_fd=source)
    try:
        to_here = os.open(wanted, _FOLDER, dir_fd=target)
        try:
            for entry in sorted(os.listdir(from_here)):  # noqa: PTH208 (by descriptor)
                _copy(from_here, entry, to_here, entry, depth=depth + 1)
        finally:
            os.close(to_here)
    finally:
        os.close(from_here)


def _copy_file(source: int, name: str, target: int, wanted: str) -> None:
    with os.fdopen(os.open(name, _READ, dir_fd=source), "rb") as reading:
        # A program stays one; whose rights it runs with is not the container's to say.
        mode = 0o777 if os.fstat(reading.fileno()).st_mode & stat.S_IXUSR else 0o666
        with os.fdopen(os.open(wanted, _NEW, mode, dir_fd=target), "wb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)


def kind_of(mode: int) -> str:
    """Name what a mode says that a path is."""
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return next((words for test, words in _KINDS if test(mode)), "a file")
