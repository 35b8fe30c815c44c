"""A folder of this disk as a plain tar, made while it is read: nothing is written in between."""

import os
from collections.abc import Iterator
from pathlib import Path

from toolkit.oci.tar import DIRECTORY, END_OF_ARCHIVE, SYMLINK, header, padding

_CHUNK = 1 << 20


def folder_tar(folder: Path) -> Iterator[bytes]:
    """Yield the tar of what lies in a folder, in order of path, with modes, and without times and owners.

    Raises OSError for what cannot be read.
    """
    for current, folders, files in os.walk(folder):
        # The order in which `walk` goes on.
        folders.sort()
        for name in sorted((*folders, *files)):
            path = Path(current, name)
            yield from _entry(path, path.relative_to(folder).as_posix())
    yield END_OF_ARCHIVE


def _entry(path: Path, name: str) -> Iterator[bytes]:
    """Yield one entry."""
    facts = path.lstat()
    if path.is_symlink():
        yield header(name, kind=SYMLINK, mode=0o777, target=str(path.readlink()))
    elif path.is_dir():
        yield header(name, kind=DIRECTORY, mode=facts.st_mode & 0o7777)
    else:
        yield header(name, mode=facts.st_mode & 0o7777, size=facts.st_size)
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
        yield padding(facts.st_size)
