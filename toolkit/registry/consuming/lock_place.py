"""Where `components.lock` is, for a file that uses components.

This module needs the standard library alone, since it is used in pipelines' own processes too.
"""

import os
from collections.abc import Iterator
from pathlib import Path

LOCK_NAME = "components.lock"
_REPOSITORY = ".git"
_PROJECT = "pyproject.toml"


def lock_above(folder: Path) -> Path | None:
    """Return the nearest lock in a folder or above it, within its repository; None without one."""
    return next((each / LOCK_NAME for each in _upwards(folder) if (each / LOCK_NAME).is_file()), None)


def new_lock(folder: Path) -> Path:
    """Return where the lock of a folder without one is to be: the nearest project's, or else the repository's."""
    folders = list(_upwards(folder))
    for sign in (_PROJECT, _REPOSITORY):
        for each in folders:
            if (each / sign).exists():
                return each / LOCK_NAME
    return folders[0] / LOCK_NAME


def repository_of(folder: Path) -> Path:
    """Return the root of the repository that has a folder; the folder itself outside of any."""
    *_, top = _upwards(folder)
    return top if (top / _REPOSITORY).exists() else folder


def _upwards(folder: Path) -> Iterator[Path]:
    """Yield a folder and those above it, up to the repository's root."""
    # Not resolved: a link to a file of another project belongs to the project that has the link.
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 (`Path.absolute` keeps `..`, whose parents are others)
    for each in (folder, *folder.parents):
        yield each
        if (each / _REPOSITORY).exists():
            return
