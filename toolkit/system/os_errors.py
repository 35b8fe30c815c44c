"""Errors of the operating system that are not bugs: a full disk, a read-only folder, too few descriptors.

An OSError can be a bug, too. Those listed here come from the state of the machine or of the user's folders, and become
an OutsideError; the others (a missing file that should be there, a closed descriptor) stay as they are, and `comp`
reports them as bugs.
"""

import errno
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import CompError, MachineError, OutsideError

_SPACE = "free some space there, or use a place on another disk"
_PERMISSION = "use a place that you may write to, or ask its owner"
_DESCRIPTORS = "close other programs, or raise the limit: `ulimit -n` shows it"
_MEMORY = "close other programs, or use a machine with more memory"
_NAME = "use a shorter path"
_DISK = "the disk may be failing; `dmesg` shows more"

_ADVICE = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    # Python ignores SIGXFSZ, so a write beyond the limit raises this instead of ending the process.
    errno.EFBIG: "raise the limit on the size of files: `ulimit -f` shows it",
    errno.EROFS: "use a place that can be written to",
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EMFILE: _DESCRIPTORS,
    errno.ENFILE: _DESCRIPTORS,
    errno.ENOMEM: _MEMORY,
    # fork(2) fails with it at the limit of the user's processes.
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
# A write to an open file raises these without the name of the file.
_OF_WRITES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
# The form in which programs in Rust, such as uv, print an error of the operating system.
_OS_ERROR = re.compile(r"[^:\n│]*\(os error (\d+)\)")


def expected_error(error: Exception) -> CompError | None:
    """Return the error as one that has advice for the user; None if it is a bug."""
    return error if isinstance(error, CompError) else refusal(error)


def refusal(error: Exception, doing: str | None = None) -> OutsideError | None:
    """Return the OutsideError for an error of the operating system, None if it may be a bug.

    `doing` says what failed, such as `cannot write PATH`; without it the message names the error's own path.
    """
    if not isinstance(error, OSError):
        return _wrapped(error)
    advice = _ADVICE.get(error.errno or 0)
    if advice is None:
        return None
    if doing is None:
        # Of a rename, the second name is the one that the user knows: the first is often a temporary one.
        path = error.filename if error.filename2 is None else error.filename2
        doing = "the operating system refuses" if path is None else f"cannot use {os.fsdecode(path)}"
    return MachineError(doing, reason=error.strerror or str(error), hint=advice)


def _wrapped(error: Exception) -> OutsideError | None:
    """Return the error for a refusal that Python does not raise as an OSError."""
    if isinstance(error, MemoryError):
        return OutsideError("there is not enough memory", hint=_MEMORY)
    # CPython raises both from the machine's refusal, and keeps no error number.
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return OutsideError("no thread can be started", hint=_ADVICE[errno.EAGAIN])
    if isinstance(error, ImportError) and os.strerror(errno.EMFILE) in str(error):
        return OutsideError(f"cannot load a module: {error}", hint=_DESCRIPTORS)
    return None


def cannot(doing: str, error: OSError) -> OutsideError:
    """Return the error for a failure that is due to one place, whatever it is; `doing` is like `cannot write PATH`."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        # One tuple for each file of a folder: its source, its copy, and the message of the operating system.
        return MachineError(doing, reason=error.args[0][0][2], hint=_SPACE)
    # Errors that could be bugs elsewhere cannot be here: the caller names a place that the user chose.
    return refusal(error, doing) or MachineError(doing, reason=error.strerror or str(error), hint=_PERMISSION)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Raise an OutsideError with this path for a failed write in the block: the OSError itself does not name it."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in _OF_WRITES:
            raise cannot(f"cannot write {path}", error) from error
        raise


def machine_failure(program: str, code: int, output: str = "") -> OutsideError | None:
    """Return the error for a program that the machine stopped or refused something; None if it failed by itself.

    `code` is the exit code, negative for a signal.
    """
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        message = f"{program} was ended by {name}"
        # The kernel kills with SIGKILL when memory runs out (proc(5), oom_score).
        return OutsideError(message, hint=_MEMORY if -code == signal.SIGKILL else "try again")
    for match in _OS_ERROR.finditer(output):
        if int(match[1]) in _ADVICE:
            return OutsideError(f"{program} failed: {match[0].strip()}", hint=_ADVICE[int(match[1])])
    return None
