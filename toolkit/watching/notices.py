"""Notices of the operating system that something happened in a folder."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.words import some_of

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

# Milliseconds without a further notice that end a group of them: what an editor does to save one file.
_STEP = 5
_LONGEST_GROUP = 100
# Seconds between two looks where the system gives no notices.
POLL = 0.3


class Notices:
    """Waits for notices about folders. Without them, since the system refuses, it waits for a short time instead.

    `warn` gets the reason once.
    """

    def __init__(self, warn: Callable[[str], object]) -> None:
        self._warn = warn
        self._folders: frozenset[tuple[Path, int, int]] = frozenset()
        self._watcher: RustNotify | None = None
        self._refused = False

    def follow(self, folders: Iterable[Path]) -> bool:
        """Watch these folders, and return whether any of them is new: what happened in it before went unnoticed.

        A folder that is missing is waited for in the nearest one above it. Links to folders are followed.
        """
        wanted = frozenset(identity for folder in folders if (identity := _existing(folder)))
        if self._refused or wanted == self._folders:
            return False
        self.close()
        self._folders = wanted
        # One that may not be read, or has a name that is not UTF-8, is looked at now and then.
        self._watcher = self._opened(
            sorted({str(folder) for folder, _, _ in wanted if os.access(folder, os.R_OK) and _is_text(folder)})
        )
        return True

    def wait(self, seconds: float) -> set[Path] | None:
        """Return the paths that notices name, or None when the time is over or there are no notices to wait for."""
        if self._watcher is None:
            # A caller whose looks take long asks for more than a second.
            time.sleep(max(min(seconds, POLL), POLL * seconds))
            return None
        from watchfiles._rust_notify import WatchfilesRustInternalError

        try:
            noticed = self._watcher.watch(_LONGEST_GROUP, _STEP, max(1, int(seconds * 1000)), None)
        except WatchfilesRustInternalError:
            # Something happened to a file whose name is not UTF-8. The watcher would repeat that for ever.
            self.close()
            self._folders = frozenset()
            return None
        return {Path(path) for _, path in noticed} if isinstance(noticed, set) else None

    def close(self) -> None:
        """End the watch."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def _opened(self, folders: list[str]) -> "RustNotify | None":
        """Return a watcher of folders alone, not of what is below them; None if the system refuses it."""
        # Not `watchfiles.watch`: it begins to watch only when it is first waited for.
        from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

        try:
            # The last: it would ignore not only a refusal of rights, but also that the limit of watches is reached.
            return RustNotify(folders, False, False, 0, False, False)  # noqa: FBT003 (it takes no keywords)
        except FileNotFoundError:
            # Removed meanwhile: the next look finds that.
            self._folders = frozenset()
            return None
        except (OSError, WatchfilesRustInternalError) as error:
            self._refused = True
            self._warn(_refusal(error, folders))
            return None


def _existing(folder: Path) -> tuple[Path, int, int] | None:
    """Return a folder, or the nearest one above it that exists, with what tells it from another of its name."""
    for place in (folder, *folder.parents):
        try:
            status = place.stat()
        except OSError:
            continue
        if place.is_dir():
            return place, status.st_dev, status.st_ino
    return None


def _is_text(path: Path) -> bool:
    """Return whether a path is UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refusal(error: Exception, folders: list[str]) -> str:
    """Return a warning for a refused watch."""
    # The library adds its own record of the error.
    reason = str(error).partition(" (")[0].partition(". about")[0]
    return (
        f"the system refuses to watch {some_of(folders)}: {reason}; looking every {POLL:g} s instead\n"
        "hint: on Linux, `sudo sysctl -w fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024` "
        "raises the limits"
    )
