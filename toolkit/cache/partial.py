"""Blobs that have arrived in part: kept when a transfer breaks, and continued by the next try or the next process."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from toolkit.digest import Digest

_CHUNK = 1 << 20
# Bytes; less than this is not worth continuing.
_WORTH_KEEPING = 1 << 20


class PartialBlob:
    """The first `size` bytes of a blob, whether they arrived now or before a transfer broke."""

    def __init__(self, stream: BinaryIO, expected: Digest) -> None:
        self._stream, self._expected = stream, expected
        self._hasher, self.size = hashlib.sha256(), 0
        while chunk := stream.read(_CHUNK):
            self._hasher.update(chunk)
            self.size += len(chunk)

    @property
    def digest(self) -> Digest:
        """The digest of the bytes so far."""
        return Digest(self._hasher.hexdigest())

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole blob."""
        return self.digest == self._expected

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._stream.write(chunk)
        # A process may be killed at any time, and the bytes should stay.
        self._stream.flush()
        self._hasher.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Drop all bytes."""
        self._stream.seek(0)
        self._stream.truncate()
        self._hasher, self.size = hashlib.sha256(), 0


@contextmanager
def open_partial(path: Path, digest: Digest) -> Iterator[PartialBlob | None]:
    """Open the part of a blob that arrived before; None while another process or thread continues it.

    At the end of the block it becomes the blob, at `path`, if it is whole. Otherwise it stays for the next time unless
    it is small.
    """
    # `pruning` recognises the name, and spares it for an hour, so that a later process can continue it.
    file = path.with_name(f".{digest.hex}.part.tmp")
    file.parent.mkdir(parents=True, exist_ok=True)
    with locked(file) as stream:
        if stream is None:
            yield None
            return
        part = PartialBlob(stream, digest)
        try:
            yield part
        except (ConnectionError, TimeoutError):
            # These are errors of the network, although Python derives them from OSError.
            raise
        except OSError:
            # The disk is full, and these bytes take up room.
            part.restart()
            raise
        finally:
            if part.is_whole:
                # Before the rename, so that a crash leaves no blob without its bytes.
                os.fsync(stream.fileno())
                file.replace(path)
            elif part.size < _WORTH_KEEPING:
                file.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO | None]:
    """Open a file that only one at a time may change, made if missing; None while another has it."""
    while True:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as stream:
            try:
                # The kernel releases it however the process ends, so a dead one never keeps others from the part.
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                mine = False  # Or there are no locks here.
            else:
                if not _is_at(stream, path):
                    continue  # The process that had it before gave it another name.
                mine = True
            yield stream if mine else None
            return


def _is_at(stream: BinaryIO, path: Path) -> bool:
    """Whether an open file still has this path."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False
