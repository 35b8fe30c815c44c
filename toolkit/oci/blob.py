"""Reading a blob's bytes as a stream, hashed and counted on the way, and undoing its compression.

Nothing is held beyond one chunk, whatever the size of the blob.
"""

import hashlib
import io
import sys
import tarfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from toolkit.digest import Digest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# The kinds of headers whose content tarfile reads into memory whole.
_EXTENDED = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}
# Extended attributes stand there too, and have up to 64 KiB each.
_LARGEST_EXTENDED = 16 << 20


class ChunkStream(io.RawIOBase):
    """A readable stream over chunks of bytes; `digest` and `size` describe what was read so far."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")
        self._hasher = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> Digest:
        """Hash of everything read so far."""
        return Digest(self._hasher.hexdigest())

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill as much of `buffer` as the current chunk has."""
        # Passing over empty chunks matters: a reader takes a return of 0 for the end.
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        target = memoryview(buffer).cast("B")
        taken = self._rest[: len(target)]
        target[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        # What was handed out is hashed, not what arrived: a reader may stop inside a chunk.
        self._hasher.update(taken)
        self.size += len(taken)
        return len(taken)

    def drain(self) -> None:
        """Read to the end, so that digest and size are those of the whole."""
        buffer = bytearray(1 << 20)
        while self.readinto(buffer):
            pass


class BoundedInfo(tarfile.TarInfo):
    """A header of a tar from elsewhere: a broken one is an error, an extended one is bounded."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        """Read the next member's headers. Raises tarfile.ReadError for a broken one, where `tarfile` sees the end."""
        try:
            return super().fromtarfile(archive)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(f"a header that makes no sense: {error}") from error

    # tarfile's own comments name this as the method to override. Its frombuf is not called since 3.14.
    def _proc_member(self, archive: tarfile.TarFile) -> Self:
        """Read what follows a header. Raises tarfile.ReadError for an extended header that is too long to be needed."""
        if self.type in _EXTENDED and self.size > _LARGEST_EXTENDED:
            raise tarfile.ReadError(f"an extended header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]


def plain_content(stream: ChunkStream, media_type: str) -> ChunkStream:
    """Return the tar of a layer: out of gzip of any number of members, out of Zstandard, or as it is.

    OCI image specification, layer.md, and the types of Docker's schema 2. Reading raises one of `compression_errors()`
    when the stream is broken.
    """
    if media_type.endswith(".tar"):
        return stream
    return ChunkStream(read_chunks(_unzstd(stream) if media_type.endswith("zstd") else gunzip(stream)))


def gunzip(stream: io.RawIOBase | io.BytesIO) -> BinaryIO:
    """Inflate a gzip stream of one or many members; reading raises one of `compression_errors()` when it is broken."""
    opener: Any
    try:
        from isal import igzip as opener
    except ImportError:
        import gzip as opener
    return cast("BinaryIO", opener.GzipFile(fileobj=stream, mode="rb"))


def _unzstd(stream: io.RawIOBase) -> BinaryIO:
    """Return the stream that a Zstandard stream unpacks to."""
    return cast("BinaryIO", zstandard().ZstdFile(stream, mode="rb"))


def zstandard() -> Any:  # noqa: ANN401 (two modules with the same names)
    """Find the module for Zstandard: the standard library's since Python 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def read_chunks(stream: BinaryIO, size: int = 1 << 20) -> Iterator[bytes]:
    """Read a stream to its end, in chunks."""
    while chunk := stream.read(size):
        yield chunk


def compression_errors() -> tuple[type[Exception], ...]:
    """List what reading a broken stream of gzip or Zstandard raises."""
    import gzip
    import zlib

    errors: list[type[Exception]] = [EOFError, gzip.BadGzipFile, zlib.error, zstandard().ZstdError]
    try:
        from isal import isal_zlib
    except ImportError:
        return tuple(errors)
    # The stubs call it an instance.
    return (*errors, cast("type[Exception]", isal_zlib.error))
