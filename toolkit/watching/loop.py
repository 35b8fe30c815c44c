"""The loop: begin the work, wait for a change that has settled, stop what still runs, and begin again."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

from toolkit.errors import CompError
from toolkit.watching.snapshot import Change, Snapshot
from toolkit.watching.sources import Sources

# Seconds between two looks without a notice: a network file system gives none, and few are lost.
_LOOK_EVERY = 1.0
# A look takes at most this part of the time, however many files there are.
_SHARE = 0.02
# Seconds of quiet that end a change of several files, and the longest wait for it.
_QUIET = 0.1
_PATIENCE = 10.0


class Waiting(Protocol):
    """Waits for notices about folders, as `Notices` does."""

    def follow(self, folders: "frozenset[Path]") -> bool:
        """Watch these folders, and return whether any of them is new."""
        ...

    def wait(self, seconds: float) -> set[Path] | None:
        """Return the paths that notices name, None when the time is over."""
        ...


class Watch:
    """What is watched, and how it was when the last work began.

    `read` lists the sources, and raises CompError while they cannot be read; then those it listed before stay, at
    first `sources`. `same` returns whether two texts of a contract differ in their pin alone. `clock` counts seconds.
    """

    def __init__(
        self,
        read: Callable[[], Sources],
        sources: Sources,
        notices: Waiting,
        *,
        same: Callable[[bytes, bytes], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._sources = sources
        self._notices = notices
        self._same = same
        self._clock = clock
        self._pause = _LOOK_EVERY
        self.seen = self._look()

    def accept(self) -> None:
        """Take what the work wrote itself for seen: locks and pins. Other changes meanwhile stay changes."""
        now = Snapshot.take(self._sources)
        written = {path: state for path, state in now.states.items() if path in self._sources.locks}
        for path in self._sources.contracts:
            before, after = self.seen.states.get(path), now.states.get(path)
            if isinstance(before, bytes) and isinstance(after, bytes) and self._same(before, after):
                written[path] = after
        self.seen = self.seen.with_states(written)

    def next_change(self) -> tuple[Change, ...]:
        """Wait for a change that has settled, and return the files."""
        while True:
            now = self._look()
            if self.seen.changes_to(now):
                now = self._settled(now)
                if changes := self.seen.changes_to(now):
                    self.seen = now
                    return changes
            self._wait_for_notice()

    def _look(self) -> Snapshot:
        """Look at the sources as they are now, and follow their folders."""
        began = self._clock()
        while True:
            # A file may be half written, or away for a moment.
            with suppress(CompError, OSError):
                self._sources = self._read()
            now = Snapshot.take(self._sources)
            if not self._notices.follow(self._watched(now)):
                break
        self._pause = max(_LOOK_EVERY, (self._clock() - began) / _SHARE)
        return now

    def _watched(self, now: Snapshot) -> frozenset[Path]:
        """Return the folders to watch: those of the sources, and those of files elsewhere that exist."""
        # Folders above the component may be busy, such as /tmp. Where they have no settings, looking now and then has
        # to do.
        return self._sources.folders | {path.parent for path, state in now.states.items() if state is not None}

    def _wait_for_notice(self) -> None:
        """Wait until a notice may be about a source, or until it is time to look without one."""
        until = self._clock() + self._pause
        while (left := until - self._clock()) > 0:
            noticed = self._notices.wait(left)
            if noticed is None or any(map(self._is_ours, noticed)):
                return

    def _is_ours(self, path: Path) -> bool:
        """Return whether a path that a notice names is a source, or may become one."""
        return path in self._sources.files or path.parent in self._sources.folders or path in self._sources.folders

    def _settled(self, now: Snapshot) -> Snapshot:
        """Return how the files are when nothing changes any more, after some seconds at the latest.

        A file that was saved is ready at once. With several, as from a checkout, more may follow, and git holds a lock
        meanwhile. A file that is missing or empty may be in the middle of being saved.
        """
        until = self._clock() + _PATIENCE
        while self._clock() < until and (self.seen.is_under_way(now) or self._git_works()):
            self._notices.wait(_QUIET)
            before, now = now, self._look()
            if before.states == now.states and not self._git_works():
                break
        return now

    def _git_works(self) -> bool:
        """Return whether git is changing the files of the repository."""
        folders = sorted(self._sources.folders)
        root = (
            next((at for at in (folders[0], *folders[0].parents) if (at / ".git").exists()), None) if folders else None
        )
        if root is None:
            return False
        try:
            age = time.time() - (_git_folder(root) / "index.lock").stat().st_mtime
        except OSError:
            return False
        # An older one was left by a git that was killed.
        return age < _PATIENCE


def run_again(
    watch: Watch, begin: Callable[[], Callable[[], object]], announce: Callable[[Sequence[Change]], object]
) -> NoReturn:
    """Begin the work now and after every change, until a signal ends the process.

    `begin` returns how to stop what still goes on; it is called before the work begins again.
    """
    while True:
        stop = begin()
        watch.accept()
        changes = watch.next_change()
        announce(changes)
        stop()


def _git_folder(root: Path) -> Path:
    """Return the folder in which git keeps the index: in a worktree, `.git` is a file that names it."""
    place = root / ".git"
    if not place.is_file():
        return place
    try:
        named = place.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
    except OSError:
        return place
    return root / named
