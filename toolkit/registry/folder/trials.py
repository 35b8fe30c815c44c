"""What the file system of a registry's folder can do, found out by trying it with files that are removed again."""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from toolkit.errors import OutsideError
from toolkit.registry.ability import Ability, ability
from toolkit.words import in_bytes

# Bytes: a few thousand releases.
_ROOM = 100_000_000


def try_folder(folder: Path) -> Iterator[Ability]:
    """Yield what a folder can do for a registry. Raises OutsideError if it cannot be looked at."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise OutsideError(f"cannot look at {folder}: {error.strerror}") from error
    try:
        trial = Path(tempfile.mkdtemp(prefix=".doctor-", dir=folder))
    except OSError as error:
        found = error.strerror or str(error)
        yield ability(
            "writing",
            found,
            "you can read here; others publish",
            able=False,
            needed=True,
        )
        return
    try:
        yield ability(
            "writing",
            "a file was made",
            "you can publish here",
            able=True,
            needed=True,
        )
        yield from _tries(trial)
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    shared = bool(mode & 0o022)
    yield ability(
        "a shared folder",
        f"its permissions are {mode:04o}",
        "those who may write here can publish; files get the folder's permissions"
        if shared
        else "only you can publish; `chmod g+ws` of an empty registry shares it with its group",
        able=shared,
    )
    yield ability(
        "free space",
        in_bytes(free),
        "a release has at most 1 MB",
        able=free >= _ROOM,
        needed=True,
    )


def _tries(trial: Path) -> Iterator[Ability]:
    """Yield what the file system does in an empty folder."""
    first, second = trial / "first", trial / "second"
    first.write_bytes(b"first")
    linked = _works(lambda: os.link(first, second))
    yield ability(
        "links",
        linked or "a second name was made",
        "of several publishers of one version exactly one wins",
        able=not linked,
        needed=True,
    )
    second.exists() or second.write_bytes(b"first")
    taken = _works(lambda: os.link(first, second))
    yield ability(
        "links to new names alone",
        "an existing name stays" if taken else "an existing name was replaced",
        "a release is never replaced",
        able=taken == os.strerror(errno.EEXIST),
        needed=True,
    )
    (trial / "other").write_bytes(b"other")
    replaced = _works(lambda: (trial / "other").replace(first))
    yield ability(
        "replacing a file",
        replaced or "in one step",
        "readers see an index before or after a publish, never half of it",
        able=not replaced and first.read_bytes() == b"other",
        needed=True,
    )
    with first.open("rb+") as one, first.open("rb+") as two:
        fcntl.flock(one, fcntl.LOCK_EX)
        locked = _works(lambda: fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB))
    yield ability(
        "locks",
        "a second writer waits" if locked else "two writers hold the same lock",
        "writers of the indexes take turns" if locked else "indexes may miss a release until `comp registry reindex`",
        able=bool(locked),
    )
    (trial / "case").touch()
    distinct = not (trial / "CASE").exists()
    yield ability(
        "upper and lower case",
        "Case and case are two files" if distinct else "Case and case are one file",
        "prereleases that differ in case alone, such as 1.0.0-RC1 and 1.0.0-rc1, are two versions"
        if distinct
        else "do not publish prereleases that differ in case alone",
        able=distinct,
    )


def _works(trial: Callable[[], object]) -> str:
    """Do something; return why the system refused it, empty if it did not."""
    try:
        trial()
    except OSError as error:
        return error.strerror or str(error)
    return ""
