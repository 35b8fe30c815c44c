"""What the cache holds, and removing what was not used for long or was left by killed processes.

An entry's time is that of its last use, which the cache sets itself: file systems are often mounted so that they do
not record it.
"""

import hashlib
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from toolkit.cache.partial import locked
from toolkit.system.temporary import left_over, remove

log = logging.getLogger(__name__)

KINDS = ("blobs", "records", "bases", "environments", "layouts", "registries", "uv", "home")
# Kinds that are one entry each: another program keeps order inside.
_WHOLE = ("uv", "home")
_UV_LOCK = ".lock"

# What the cache holds, by its path below the root; nothing else is ever counted or removed.
_ENTRIES = {
    "blobs": re.compile(r"blobs/sha256/[0-9a-f]{2}/[0-9a-f]{64}"),
    "records": re.compile(r"records/[^/]+/[0-9a-f]{2}/[0-9a-f]{64}\.json"),
    "bases": re.compile(r"bases/debian-[^/]+"),
    "environments": re.compile(r"environments/[0-9a-f]{32}"),
    "layouts": re.compile(r"layouts/[0-9a-f]{64}"),
    "registries": re.compile(r"registries/[0-9a-f]{32}"),
    "uv": re.compile("uv"),
    "home": re.compile("home"),
}
_LEFTOVER = re.compile(
    r"\.blob[-.][^/]+\.tmp|(?:blobs/sha256|records/[^/]+)/[0-9a-f]{2}/\.[0-9a-f]{64}[^/]*\.tmp"
    r"|(?:bases|environments|layouts|registries)/\.(?:base|new|gone|comp)-[^/]+|\.gone-home"
)
# A writer that holds no lock counts as dead after this many seconds, and the rest of a broken transfer as given up.
_SECONDS_ALIVE = 3600
# While a process uses the cache, entries used in the last so many seconds stay: no build takes longer.
_SECONDS_HELD = 86_400
# Writers hold a lock on their files and folders of these names.
_LOCKED_NAME = re.compile(r"\.comp-[^/]+|.*\.[0-9a-f]{8}\.tmp")


class CacheEntry(Struct, frozen=True, kw_only=True):
    """One thing in the cache: a file or a folder, its size in bytes, and when it was last used (seconds since 1970).

    `leftover` marks what a killed process has left; `kind` is one of `KINDS`, for a leftover the one it lies among.
    """

    kind: str
    path: Path
    size: int
    used: float
    leftover: bool = False


def list_entries(root: Path) -> Iterator[CacheEntry]:
    """List the entries in order of path. Links are never followed, and foreign files are passed over."""
    for path in sorted(_candidates(root)):
        below = path.relative_to(root).as_posix()
        leftover = _LEFTOVER.fullmatch(below) is not None
        kind = below.partition("/")[0] if "/" in below or below in _WHOLE else "blobs"
        # The cache's folder may be one that the user shares with other files.
        if leftover or _ENTRIES[kind].fullmatch(below):
            try:
                size, used = _measured(path)
            except FileNotFoundError:
                continue  # Another process removed it, or gave it its final name, meanwhile.
            yield CacheEntry(kind=kind, path=path, size=size, used=used, leftover=leftover)


def damaged_blobs(root: Path) -> Iterator[CacheEntry]:
    """List the blobs whose bytes no longer have the digest that is their name."""
    for entry in list_entries(root):
        if entry.kind == "blobs" and not entry.leftover:
            with entry.path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != entry.path.name:
                    yield entry


def prune(root: Path, *, older_than: float, alone: bool) -> tuple[CacheEntry, ...]:
    """Remove entries that were not used for `older_than` seconds, and leftovers; return what was removed.

    What a process is writing stays, whatever its age. Unless this process is `alone` in the cache, entries used in the
    last day stay too.
    """
    if not alone and older_than < _SECONDS_HELD:
        # Its build may have asked for a blob, and not yet opened it.
        log.info("another process uses the cache: what was used in the last day stays")
    now = time.time()
    unused = now - (older_than if alone else max(older_than, _SECONDS_HELD))
    return tuple(entry for entry in list_entries(root) if _removed(entry, unused=unused, now=now))


def _candidates(root: Path) -> Iterator[Path]:
    """Yield every path that may be an entry or a leftover."""
    yield from root.glob(".blob*.tmp")
    yield from root.glob(".gone-home")
    for kind in KINDS:
        top = root / kind
        # A link would lead to files that are not the cache's.
        if top.is_symlink() or not top.is_dir():
            continue
        if kind in _WHOLE:
            # uv leaves its lock in a cache that was emptied, as `_emptied` does.
            yield from [top] if any(path.name != _UV_LOCK for path in top.iterdir()) else []
        elif kind in {"blobs", "records"}:
            for folder, _, names in os.walk(top):
                yield from (Path(folder, name) for name in names)
        else:
            yield from (path for path in top.iterdir() if not path.is_symlink())


def _measured(path: Path) -> tuple[int, float]:
    """Return the size in bytes and the time of the last use, of a file or of everything in a folder."""
    facts = path.lstat()
    if not path.is_dir():
        return facts.st_size, facts.st_mtime
    files = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    # The folder's own time: `Cache.use` sets that, and not those of its files.
    return sum(file.lstat().st_size for file in files), facts.st_mtime


def _removed(entry: CacheEntry, *, unused: float, now: float) -> bool:
    """Remove an entry that was not used since `unused`, or is left over; return whether it was."""
    if entry.leftover:
        return _leftover_removed(entry, now)
    if entry.used > unused:
        return False
    if entry.kind == "uv":
        return _emptied(entry.path)
    # Under another name first, so that no process takes half of it for the whole.
    name = entry.path.name.lstrip(".")
    # Both forms count as leftovers, so a later run removes what this one leaves if it is killed.
    doomed = entry.path.with_name(f".gone-{name}" if entry.path.is_dir() else f".{name}.gone.tmp")
    # It is from a run that was killed here, and rename(2) replaces no folder that has content.
    if doomed.is_dir():
        shutil.rmtree(doomed, ignore_errors=True)
    try:
        entry.path.rename(doomed)
    except FileNotFoundError:
        return False
    if doomed.lstat().st_mtime > unused:
        # A process began to use it meanwhile; if another took its place since, that one is as good.
        with suppress(OSError):
            if not entry.path.exists():
                doomed.rename(entry.path)
                return False
    _remove(doomed)
    return True


def _leftover_removed(entry: CacheEntry, now: float) -> bool:
    """Remove a leftover unless its writer is alive, or it is the rest of a transfer that may go on."""
    if not _LOCKED_NAME.fullmatch(entry.path.name) and now - entry.used < _SECONDS_ALIVE:
        return False
    with left_over(entry.path) as dead:
        if dead:
            _remove(entry.path)
    return dead


def _emptied(folder: Path) -> bool:
    """Empty uv's cache unless a uv works with it; return whether it was.

    A uv at work holds a shared lock on `.lock`, and a uv that empties it an exclusive one, as `uv cache clean` does.
    """
    lock = folder / _UV_LOCK
    with locked(lock) as mine:
        if mine is None:
            return False
        for path in folder.iterdir():
            # Another uv may already wait for the lock, and would hold a file that is gone.
            if path != lock:
                _remove(path)
    return True


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir():
        remove(path)
    else:
        path.unlink(missing_ok=True)
