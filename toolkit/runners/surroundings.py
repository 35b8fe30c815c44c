"""The user that a container runs as on this machine, and the inputs and outputs of that user."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from toolkit.python.users import DEFAULT_USER, is_root
from toolkit.system.copying import copy_replacing, opened_folder
from toolkit.system.os_errors import cannot

# An arbitrary user, which no image has an account for.
RESTRICTED_USER = "12345:12345"
RESTRICTED_HINT = (
    f"--restricted runs it as the unknown user {RESTRICTED_USER.partition(':')[0]}, on a read-only file system, without"
    " capabilities and without a network: let it write below /tmp, or to its outputs"
)


def user_to_run_as(image_user: str, caller: str, *, restricted: bool) -> str:
    """Return the user of a container; `caller` is this user, as the container numbers its users.

    An image of no user in particular runs as the caller, who can read every input and owns every output. For root it
    stays the image's user, since root may do what no pod may.
    """
    if restricted:
        return RESTRICTED_USER
    return caller if image_user == DEFAULT_USER and os.geteuid() != 0 else image_user


def may_read_all(user: str, caller: str) -> bool:
    """Return whether the user of a container reads whatever the caller reads."""
    return user in {"", "root", caller} or is_root(user)


def readable(path: Path, copy: Path) -> Path:
    """Return a file or folder that every user can read: `path`, or else a `copy` of it.

    Raises InputError for a device or a pipe, OutsideError if the copy cannot be made.
    """
    if all(_is_open(found) for found in _tree(path)):
        return path
    try:
        with opened_folder(path.parent) as source, opened_folder(copy.parent, make=True) as target:
            copy_replacing(source, path.name, target, copy.name)
        for made in _tree(copy):
            mode = made.lstat().st_mode
            # Where the owner may run a file or enter a folder, so may everybody.
            made.chmod(stat.S_IMODE(mode) | (0o555 if mode & stat.S_IXUSR else 0o444))
    except OSError as error:
        raise cannot(f"cannot copy {path} for the container", error) from error
    return copy


def _tree(path: Path) -> Iterator[Path]:
    """Yield a file, or a folder with all below it, without links."""
    if path.is_symlink():
        return
    yield path
    if path.is_dir():
        for inner in path.iterdir():
            yield from _tree(inner)


def _is_open(path: Path) -> bool:
    """Return whether every user can read a file, or list and enter a folder."""
    mode = path.lstat().st_mode
    needed = 0o005 if stat.S_ISDIR(mode) else 0o004
    return mode & needed == needed


def has_foreign(folder: Path) -> bool:
    """Return whether a folder holds what belongs to another user than this one, who may be unable to read it."""
    try:
        return any(found.lstat().st_uid != os.geteuid() for found in _tree(folder))
    except PermissionError:
        return True
