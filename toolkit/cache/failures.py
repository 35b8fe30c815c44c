"""The errors of the cache, with advice."""

import errno
import os

from toolkit.digest import Digest
from toolkit.errors import LostError, MachineError, OutsideError

_VERIFY = "`comp cache verify` removes what is damaged; then try again"
_WRITABLE_FOLDER = "name a folder that can be written with COMP_CACHE_DIR"
_READ_ONLY = {os.strerror(errno.EROFS), os.strerror(errno.EACCES)}
_ANOTHER_FOLDER = "free some space, `comp cache prune`, or name another folder with COMP_CACHE_DIR"


def unreadable(what: object, error: OSError) -> OutsideError:
    """Return the error for something in the cache that cannot be read: a LostError if it is gone."""
    message = f"cannot read {what}: {error.strerror or error}"
    # A build that meets a LostError is made again, once: another process may have pruned the entry.
    return (LostError if isinstance(error, FileNotFoundError) else OutsideError)(message, hint=_VERIFY)


def unreadable_cache(root: object, error: OSError) -> OutsideError:
    """Return the error for a cache folder that cannot be read."""
    return OutsideError(f"cannot read the cache {root}: {error.strerror or error}", hint=_ANOTHER_FOLDER)


def unwritable_cache(root: object, error: OSError | MachineError) -> MachineError:
    """Return the error for a cache folder that cannot be written."""
    reason = error.reason if isinstance(error, MachineError) else error.strerror or str(error)
    # Freeing space does not help with a folder that is mounted read-only, or is another user's.
    hint = _WRITABLE_FOLDER if reason in _READ_ONLY else _ANOTHER_FOLDER
    return MachineError(f"cannot write to the cache {root}", reason=reason, hint=hint)


def is_read_only(error: MachineError) -> bool:
    """Return whether a folder cannot be written at all, as opposed to a disk that is full or broken."""
    return error.reason in _READ_ONLY


def damaged(what: object, actual: Digest) -> OutsideError:
    """Return the error for a blob in the cache whose bytes have changed."""
    return OutsideError(f"{what} is damaged: its sha256 is {actual.hex}", hint=_VERIFY)


def wrong_content(what: str, actual: Digest, expected: Digest) -> OutsideError:
    """Return the error for bytes that arrived and do not have the expected digest."""
    return OutsideError(
        f"{what} does not have the expected content: sha256 {actual.hex}, expected {expected.hex}",
        hint="the file changed on its server, or was damaged on the way; try again",
    )
