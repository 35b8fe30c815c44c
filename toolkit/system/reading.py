"""Read a file that others wrote: only a regular file, and only up to a limit.

A pipe or a device in its place may never end, or block at its opening.
"""

import os
import stat
from pathlib import Path

from toolkit.errors import InputError, Location
from toolkit.limits import Limit
from toolkit.system.copying import kind_of


def read_foreign(path: Path, limit: Limit) -> bytes:
    """Return the content of a file. Raises InputError unless it is a regular file within the limit, OSError."""
    # Links are followed: a user may keep a file elsewhere. What they lead to is examined once it is open.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        mode = status.st_mode
        if not stat.S_ISREG(mode):
            raise InputError(
                f"{kind_of(mode)}, expected a file", where=Location(path=path), hint="replace it by a file"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            # Python makes room for all that is asked for, and most files are small.
            data = stream.read(min(status.st_size, limit.value) + 1)
            # One byte more tells a file at the limit from a longer one; the size in its metadata may change meanwhile,
            # and is zero in /proc.
            if len(data) > status.st_size:
                data += stream.read(limit.value + 1 - len(data))
    finally:
        os.close(descriptor)
    if len(data) > limit.value:
        raise limit.exceeded("the file", where=Location(path=path))
    return data
