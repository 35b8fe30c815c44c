"""Read a file that others wrote: a regular file, and no more of it than a limit.

A pipe or a device in its place may never end, and blocks whoever opens it.
"""

import os
import stat
from pathlib import Path

from toolkit.copying import kind_of
from toolkit.errors import InputError, Location
from toolkit.limits import Limit


def read_foreign(path: Path, limit: Limit) -> bytes:
    """Read a whole file. Raises InputError when it is no file or above the limit, OSError as opening does."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise InputError(
                f"{kind_of(mode)}, expected a file", where=Location(path=path), hint="replace it by a file"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(limit.value + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit.value:
        raise limit.exceeded("the file", where=Location(path=path))
    return data
