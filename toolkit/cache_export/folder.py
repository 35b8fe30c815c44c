"""An export in a folder: `comp-cache.json`, the table of contents, and `blobs/<64 hex>`.

The folder may come from others, and may be read-only: an import follows no link in it and writes nothing there.
"""

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.cache_export.contents import BlobEntry, Contents
from toolkit.cache_export.place import Source
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.limits import RECORD_SIZE
from toolkit.system.atomic import replacing, write_bytes
from toolkit.system.os_errors import cannot
from toolkit.system.reading import read_foreign

TABLE = "comp-cache.json"
_BLOBS = "blobs"
_LOCK = ".comp-cache.lock"
_NAME = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_AGAIN = "export again, or copy it again from where it came"


class Folder:
    """The export in a folder."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        # The blobs that are known to be whole.
        self._whole: frozenset[Digest] = frozenset()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder, and keep other exporters out. Raises OutsideError if it cannot be written."""
        try:
            (self._path / _BLOBS).mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise cannot(f"cannot write to {self._path}", error) from error
        try:
            # Some file systems have no locks. There, two exports at once may lose entries of one of them.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if (self._path / _BLOBS).is_symlink():
                raise InputError(f"{self._path / _BLOBS} is a link, expected a folder", hint="remove it")
            yield
        finally:
            os.close(descriptor)

    def read(self) -> bytes | None:
        """Return the table; None if the folder has none."""
        try:
            return read_foreign(self._path / TABLE, RECORD_SIZE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot(f"cannot read {self._path / TABLE}", error) from error

    def present(self, blobs: Iterable[BlobEntry]) -> frozenset[Digest]:
        """Return the digests of the files that are whole, so that an export mends the others."""
        self._whole = frozenset(blob.digest for blob in blobs if self._is_whole(blob))
        return self._whole

    def write(self, contents: Contents, source: Source) -> bool:
        """Write the blobs that are missing, then the table; then remove the blobs that it does not name."""
        for blob in contents.blobs:
            if blob.digest not in self._whole:
                with replacing(self._blob(blob.digest)) as stream:
                    for chunk in source(blob.digest):
                        stream.write(chunk)
        write_bytes(self._path / TABLE, contents.to_json())
        named = {blob.digest.hex for blob in contents.blobs}
        # After the table: an export that is cut off leaves too many blobs, and never too few.
        for path in (self._path / _BLOBS).iterdir():
            if _NAME.fullmatch(path.name) and path.name not in named:
                with suppress(OSError):
                    path.unlink()
        return True

    def arriving(self, blob: BlobEntry, start: int) -> Generator[tuple[int, bytes]]:
        """Yield the bytes of a file from its beginning. Raises InputError or OutsideError."""
        del start
        path = self._blob(blob.digest)
        try:
            # A pipe would block, and a link could lead anywhere.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                facts = os.fstat(descriptor)
                if not stat.S_ISREG(facts.st_mode) or facts.st_size != blob.size:
                    raise InputError(f"{path} has {facts.st_size} bytes, expected {blob.size}", hint=_AGAIN)
                position = 0
                # The file may grow while it is read.
                while chunk := os.read(descriptor, min(_CHUNK, blob.size - position)):
                    yield position, chunk
                    position += len(chunk)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            raise InputError(f"{path} is missing", hint=_AGAIN) from None
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}", hint=_AGAIN) from error

    def _is_whole(self, blob: BlobEntry) -> bool:
        """Return whether a file is here with the right content."""
        hasher = hashlib.sha256()
        try:
            for _, chunk in self.arriving(blob, 0):
                hasher.update(chunk)
        except (InputError, OutsideError):
            return False
        return hasher.hexdigest() == blob.digest.hex

    def _blob(self, digest: Digest) -> Path:
        """Return where a blob lies."""
        return self._path / _BLOBS / digest.hex
