"""Write files so that a reader or a crash never sees half of one: a temporary name beside the target, then a rename."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_UMASK_LOCK = threading.Lock()


@contextmanager
def replacing(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of `path` when the block ends without an exception.

    Parents are made. `mode` is what a new file would get before the umask; the file is on disk before the
    rename, so a crash leaves either the old content or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace the content of `path`, or create it, in one step."""
    with replacing(path, mode=mode) as stream:
        stream.write(data)


def write_text(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace the content of `path` with UTF-8 text, line ends as given."""
    write_bytes(path, text.encode(), mode=mode)


def _umask() -> int:
    # The only way to read it is to set it; without the lock, two threads could leave the wrong one behind.
    with _UMASK_LOCK:
        current = os.umask(0o022)
        os.umask(current)
    return current
