"""What the operating system refuses, as an error of the outside: a full disk, a read-only folder, too few descriptors.

An OSError can be a bug of ours as well. Those that only the machine's state or the user's folders explain are listed
here; the others (a file that we believed to be there, a descriptor that is closed) stay what they are, and `comp` calls
them bugs.
"""

import errno
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import MachineError, OutsideError

_SPACE = "free some space there, or use a place on another disk"
_PERMISSION = "use a place that you may write to, or ask its owner"
_DESCRIPTORS = "close other programs, or raise the limit: `ulimit -n` shows it"
_MEMORY = "close other programs, or use a machine with more memory"
_NAME = "use a shorter path"
_DISK = "the disk may be failing; `dmesg` shows more"

_ADVICE = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "raise the limit on the size of files: `ulimit -f` shows it",
    errno.EROFS: "use a place that can be written to",
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EMFILE: _DESCRIPTORS,
    errno.ENFILE: _DESCRIPTORS,
    errno.ENOMEM: _MEMORY,
    errno.EAGAIN: "the machine runs as many processes as it may; `ulimit -u` shows the limit",
    errno.EIO: _DISK,
    errno.ENXIO: _DISK,
    errno.ENODEV: _DISK,
    errno.ESTALE: "mount it again",
    errno.ENAMETOOLONG: _NAME,
    errno.ELOOP: "a symbolic link there leads back to itself",
    errno.ENOTDIR: "a part of this path is a file, expected a folder",
    errno.EISDIR: "a folder is there, expected a file",
    errno.ETXTBSY: "a program that runs from there is being written; try again",
    errno.EBUSY: "another program uses it; try again",
    errno.ENOTSUP: "use a place on another file system",
}
# What a write to an open file raises, which does not know its name.
_OF_WRITES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
# As programs in Rust write it, uv among them.
_OS_ERROR = re.compile(r"[^:\n│]*\(os error (\d+)\)")


def refusal(error: Exception, doing: str | None = None) -> OutsideError | None:
    """Return the error for what the operating system refused, or None when it may be a bug of ours.

    `doing` says what failed and on what: `cannot write PATH`; without it the error's own path is named.
    """
    if not isinstance(error, OSError):
        return _wrapped(error)
    advice = _ADVICE.get(error.errno or 0)
    if advice is None:
        return None
    if doing is None:
        path = next((one for one in (error.filename2, error.filename) if one is not None), None)
        doing = "the operating system refuses" if path is None else f"cannot use {os.fsdecode(path)}"
    return MachineError(doing, reason=error.strerror or str(error), hint=advice)


def _wrapped(error: Exception) -> OutsideError | None:
    """Recognise what Python does not raise as an OSError."""
    if isinstance(error, MemoryError):
        return OutsideError("there is not enough memory", hint=_MEMORY)
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return OutsideError("no thread can be started", hint=_ADVICE[errno.EAGAIN])
    if isinstance(error, ImportError) and os.strerror(errno.EMFILE) in str(error):
        return OutsideError(f"cannot load a module: {error}", hint=_DESCRIPTORS)
    return None


def cannot(doing: str, error: OSError) -> OutsideError:
    """Return the error for an operation on one place, where any failure is due to the place: `cannot write PATH`."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        # What failed for each file of a folder: its source, its copy, and the words of the operating system.
        return MachineError(doing, reason=error.args[0][0][2], hint=_SPACE)
    return refusal(error, doing) or MachineError(doing, reason=error.strerror or str(error), hint=_PERMISSION)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the path that is written in the block when a write fails: the error itself does not know it."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in _OF_WRITES:
            raise cannot(f"cannot write {path}", error) from error
        raise


def ended(program: str, code: int, said: str = "") -> OutsideError | None:
    """Return the error for a program that the machine kept from doing its work; None when it failed by itself.

    `code` is its exit code, negative for a signal, and `said` what it printed.
    """
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        killed = f"{program} was ended by {name}"
        return OutsideError(killed, hint=_MEMORY if -code == signal.SIGKILL else "try again")
    for found in _OS_ERROR.finditer(said):
        if int(found[1]) in _ADVICE:
            return OutsideError(f"{program} failed: {found[0].strip()}", hint=_ADVICE[int(found[1])])
    return None
