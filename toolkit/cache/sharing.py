"""The lock that the users of a cache share, so that pruning spares what they use."""

import fcntl
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK_NAME = ".in-use"


class SharedLock:
    """One process's share in the lock of a cache folder, held until this object goes. Safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._descriptor: int | None = None
        self._opening = threading.Lock()

    def share(self) -> None:
        """Hold the cache together with other processes. Without a folder, or where there are no locks, do nothing."""
        with self._opening:
            if self._descriptor is not None:
                return
            try:
                # Reading is enough for a lock. A child that inherited the descriptor would hold the lock after this
                # process.
                self._descriptor = os.open(self._root / LOCK_NAME, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError:
                return  # What cannot be written to is not pruned either.
            weakref.finalize(self, os.close, self._descriptor)
            with suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep other processes from starting to use the cache; yield False if some use it already."""
        if not self._root.is_dir():
            yield True
            return
        self.share()
        if self._descriptor is None:
            yield False
            return
        try:
            # Without waiting: a build may run for an hour.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Trying for the whole lock may have lost the share in it.
            with suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_SH)
            yield False
            return
        try:
            yield True
        finally:
            # The share stays until the object goes, as after `share`.
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
