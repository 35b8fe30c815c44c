"""A folder that one process at a time writes to."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.system import temporary


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Wait until no other process holds a folder, and hold it.

    The lock is on the folder itself: a lock file would have to be ignored in version control. A temporary folder of
    this process is held against others for as long as it exists, so that only threads have to wait for one another.
    """
    if (threads := temporary.lock_of(folder)) is not None:
        with threads:
            yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
