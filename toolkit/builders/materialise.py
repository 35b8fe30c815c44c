"""A plan as real files in a folder, for builders that copy a tree instead of streaming layers."""

import errno
import os
from pathlib import Path

from toolkit.builders.plan import Plan
from toolkit.errors import OutsideError
from toolkit.image_paths import PREFIX, folders_of
from toolkit.oci.file import File
from toolkit.oci.tar import MTIME
from toolkit.wheels.wheel import cache_suspected


def materialise(plan: Plan, folder: Path) -> None:
    """Write the tree of the plan's layers below `folder`: same paths, bytes, modes and times as in layers.

    Of a path that several layers hold, the upper one's file stays. What lies above `PREFIX` is left to the base. Raises
    InputError for a wheel that cannot be installed, OutsideError when the disk does not take the files.
    """
    try:
        for layer in plan.layers:
            with cache_suspected(layer.wheels):
                for file in layer.entries(plan.facts.minor):
                    _write(file, _place(folder, file.path))
        _settle(folder / PREFIX)
    except OSError as error:
        hint = "TMPDIR names another place for files in between" if error.errno == errno.ENOSPC else None
        raise OutsideError(f"cannot write the image's files to {folder}: {error.strerror}", hint=hint) from error


def _place(folder: Path, name: str) -> Path:
    """Make room for a file: its parents, and nothing where it will be."""
    for parent in folders_of(name):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    path = folder / name
    # A lower layer's file or link: writing through a link would change its target.
    path.unlink(missing_ok=True)
    return path


def _write(file: File, path: Path) -> None:
    """Write a file or link with its mode and time."""
    if file.target is not None:
        path.symlink_to(file.target)
    else:
        with path.open("wb") as stream:
            stream.writelines(file.chunks())
        path.chmod(file.mode)
    os.utime(path, (MTIME, MTIME), follow_symlinks=False)


def _settle(root: Path) -> None:
    """Fix modes and times of the directories, once nothing is written into them any more."""
    for current, _, _ in os.walk(root, topdown=False):
        Path(current).chmod(0o755)
        os.utime(current, (MTIME, MTIME))
