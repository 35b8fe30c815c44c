"""Wait for changes of a registry: a folder gives notices, any other kind is asked now and then."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from toolkit.registry.place import PlaceKind
from toolkit.registry.protocol import Registry
from toolkit.watching.notices import Notices

# Seconds between two looks: at a folder, since network file systems give no notices, and at another machine.
_LOOK_EVERY = 1.0
_ASK_EVERY = 30.0
# Seconds in which a publisher writes its files one after the other.
_QUIET = 0.1

State = tuple[tuple[str, int, int], ...]


def follow(registry: Registry, changed: Callable[[], object], warn: Callable[[str], object]) -> NoReturn:
    """Call `changed` whenever a registry may have changed, until a signal ends the process."""
    if registry.place.kind is not PlaceKind.FOLDER:
        while True:
            time.sleep(_ASK_EVERY)
            changed()
    root, notices = registry.place.folder, Notices(warn)
    seen = state_of(root)
    while True:
        notices.follow(frozenset(watched(root)))
        notices.wait(_LOOK_EVERY)
        if (now := state_of(root)) != seen:
            time.sleep(_QUIET)
            # Before the work: what changes meanwhile is seen the next time.
            seen = state_of(root) if now != seen else now
            changed()


def watched(root: Path) -> list[Path]:
    """Return the folders whose files tell that a registry changed: its root, where every index is replaced."""
    return [root]


def state_of(root: Path) -> State:
    """Return how the files at the root of a registry are now; they change with every release and every mark."""
    found = []
    try:
        with os.scandir(root) as listed:
            for entry in listed:
                status = entry.stat()
                found.append((entry.name, status.st_mtime_ns, status.st_ino))
    except OSError:
        # Away for a moment, or for good; then the next build says so.
        return ()
    return tuple(sorted(found))
