"""Copy files and folders that others wrote without following links: folders are opened one by one, by descriptor.

A link in place of a folder would lead to another place of this machine, to be read or written. Devices and pipes are
refused, since reading one may never end.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.errors import InputError
from toolkit.limits import OUTPUT_DEPTH
from toolkit.system import temporary

# The flags refuse a link even if it took the place of a folder or file after it was examined.
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe that took the place of a file waits for a writer forever.
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
    """Open `root`, then each part below it, and return the descriptor of the last.

    With `make`, missing folders are made. Raises NotADirectoryError for a link or a file, OSError as opening does.
    """
    if make:
        root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, _FOLDER)
    try:
        for part in parts:
            if make:
                # If a link or a file is there instead, opening it as a folder refuses it.
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            inner = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def copy_replacing(source: int, name: str, target: int, new_name: str) -> bool:
    """Copy the file or folder `name` of the folder `source` to `new_name` in `target`. Return False if it is missing.

    `new_name` is replaced in one step: a link itself, not its target. Links inside a folder stay links. Raises
    InputError for a device or a pipe, OSError when the disk refuses.
    """
    try:
        # Before anything is made: a missing output leaves the target's folder untouched.
        os.stat(name, dir_fd=source, follow_symlinks=False)
    except FileNotFoundError:
        return False
    with _staged(target) as staged:
        # Whole before the old one leaves: a refused pipe or a full disk then costs nothing.
        _copy(source, name, staged, "new", depth=0)
        # rename(2) replaces no folder that has content.
        _set_aside(target, new_name, staged)
        os.rename("new", new_name, src_dir_fd=staged, dst_dir_fd=target)
    return True


def remove_entry(folder: int, name: str) -> None:
    """Remove the file, folder or link `name`: a link itself, not its target."""
    with _staged(folder) as staged:
        _set_aside(folder, name, staged)


@contextmanager
def _staged(folder: int) -> Iterator[int]:
    """Return the descriptor of a new folder inside `folder`, which is removed with its content in the end."""
    # Inside `folder`, so that the renames stay on one file system.
    name = temporary.new_name(".comp-output-")
    os.mkdir(name, 0o700, dir_fd=folder)
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
        try:
            # The lock tells `temporary.sweep` that the folder is in use.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        shutil.rmtree(name, ignore_errors=True, dir_fd=folder)


def _set_aside(folder: int, name: str, into: int) -> None:
    """Move an entry into a staged folder, with which it is removed; do nothing if it is missing."""
    with suppress(FileNotFoundError):
        os.rename(name, "old", src_dir_fd=folder, dst_dir_fd=into)


def _copy(source: int, name: str, target: int, new_name: str, *, depth: int) -> None:
    """Copy an entry by its kind, into a folder that this process made."""
    # Each level of folders costs two open descriptors and two calls.
    OUTPUT_DEPTH.check(depth, "the depth of its folders")
    mode = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(name, dir_fd=source), new_name, dir_fd=target)
    elif stat.S_ISDIR(mode):
        _copy_folder(source, name, target, new_name, depth=depth)
    elif stat.S_ISREG(mode):
        _copy_file(source, name, target, new_name)
    else:
        raise InputError(f"{name!r} is {kind_of(mode)}, expected a file or folder")


def _copy_folder(source: int, name: str, target: int, new_name: str, *, depth: int) -> None:
    """Copy a folder with its content; its mode is that of any new folder."""
    os.mkdir(new_name, dir_fd=target)
    from_here = os.open(name, _FOLDER, dir_fd=source)
    try:
        to_here = os.open(new_name, _FOLDER, dir_fd=target)
        try:
            for entry in sorted(os.listdir(from_here)):  # noqa: PTH208 (by descriptor)
                _copy(from_here, entry, to_here, entry, depth=depth + 1)
        finally:
            os.close(to_here)
    finally:
        os.close(from_here)


def _copy_file(source: int, name: str, target: int, new_name: str) -> None:
    """Copy the bytes of a regular file."""
    with os.fdopen(os.open(name, _READ, dir_fd=source), "rb") as reading:
        # Programs stay executable; set-user-ID and the like are dropped.
        mode = 0o777 if os.fstat(reading.fileno()).st_mode & stat.S_IXUSR else 0o666
        with os.fdopen(os.open(new_name, _NEW, mode, dir_fd=target), "wb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)


def kind_of(mode: int) -> str:
    """Return the kind of file that a mode stands for, with its article."""
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return next((words for test, words in _KINDS if test(mode)), "a file")
