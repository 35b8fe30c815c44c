"""What lies in a registry's folder and no release has: contents without a record, and what killed writers left.

A writer puts contents down before the record that names them, so that only what is older than an hour is garbage, by
the clock of the folder's file system.
"""

import os
import re
from collections.abc import Iterable, Iterator

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.registry.fault import Garbage
from toolkit.registry.folder import layout
from toolkit.registry.folder.storage import Storage
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT
from toolkit.system.temporary import left_over

_YOUNG = 3600.0
# The names that `system.atomic` gives to files until they are whole.
_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")


def find_garbage(registry: Registry, storage: Storage) -> list[Garbage]:
    """Return what can go, in the order of paths.

    Raises OutsideError if a record is damaged: nothing says then which files belong to it.
    """
    before = storage.now() - _YOUNG
    files = (*_unnamed(registry, storage), *_unfinished(storage, ""))
    return [garbage for path in sorted(files) if (garbage := _old(storage, path, before))]


def remove_garbage(storage: Storage, garbage: Iterable[Garbage]) -> Iterator[Garbage]:
    """Remove what is still garbage, and yield it. The caller holds the registry's lock."""
    before = storage.now() - _YOUNG
    for each in garbage:
        # A publisher that has used it since has given it a new time.
        if _old(storage, each.path, before):
            storage.remove(each.path)
            yield each


def _old(storage: Storage, path: str, before: float) -> Garbage | None:
    """Return a file that was last written or used before a time, and that no process holds; None otherwise."""
    place = storage.path(path)
    try:
        status = place.lstat()
    except FileNotFoundError:
        return None
    if status.st_mtime >= before:
        return None
    if path.endswith(".tmp"):
        with left_over(place) as dead:
            if not dead:
                return None
    return Garbage(path=path, size=status.st_size)


def _unnamed(registry: Registry, storage: Storage) -> Iterator[str]:
    """Yield the contents that no record names."""
    found = {path for path in storage.files_below(layout.BLOBS) if _is_digest(path.rpartition("/")[2])}
    # Listed before the records are read: contents that are added meanwhile are young, but not all clocks are right.
    yield from found - _named(registry)


def _named(registry: Registry) -> set[str]:
    """Return the paths of all contents that records name. Raises OutsideError for a damaged record."""
    named = set()
    for name in registry.names():
        for version in registry.versions(name):
            try:
                release = registry.release(name, version)
            except OutsideError as error:
                error.hint = "`comp registry verify` shows all faults; nothing is removed before records are whole"
                raise
            named |= {layout.blob(release.digest_of(path)) for path in (CONTRACT, *(f.path for f in release.files))}
    return named


def _unfinished(storage: Storage, folder: str) -> Iterator[str]:
    """Yield the unfinished files below a folder; links are not followed."""
    with os.scandir(storage.path(folder)) as listed:
        entries = list(listed)
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            # Other folders that begin with a dot are not the registry's, such as a repository's own.
            if not entry.name.startswith("."):
                yield from _unfinished(storage, path)
        elif _UNFINISHED.fullmatch(entry.name):
            yield path


def _is_digest(text: str) -> bool:
    """Return whether a name is that of a content."""
    try:
        Digest.parse_hex(text)
    except InputError:
        return False
    return True
