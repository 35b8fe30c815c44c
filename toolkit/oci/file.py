"""A file or a symbolic link of an image: where it lies, and its content, which may be read only when it is needed.

Everything that goes into a layer is a `File`, whether it comes from a wheel, from a component's code or from us.
"""

import functools
import hashlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.selective import Selective

CHUNK = 1 << 20

_HINT = "the file was damaged, or changed while it was read; try again, and if that fails get it anew"

# A blob of the cache, and a position in it.
Place = tuple[Digest, int]


class Frame(NamedTuple):
    """Bytes of a layer, plain bytes of its tar, and the place in the cache where the former lie.

    Over all frames, `data` is the layer and `plain` its tar; within one frame they need not stand for each other. A
    tuple, since a layer has tens of thousands of frames.
    """

    data: bytes
    plain: bytes = b""
    place: Place | None = None


class Stream(Struct, frozen=True, kw_only=True):
    """Content that is read while it is used. `raw` means a complete deflate stream of `size` bytes with this CRC32.

    Without `raw` the chunks are the content itself; `crc` may then be None, if it is not known before. `place` is where
    the chunks lie in a blob of the cache, one behind the other; None if they do not.
    """

    chunks: Callable[[], Iterator[bytes]]
    size: int
    crc: int | None = None
    raw: bool = False
    place: Place | None = None

    def plain(self, what: str) -> Iterator[bytes]:
        """Yield the content itself. Raises InputError naming `what` when its size or CRC32 is wrong."""
        if self.raw:
            yield from (frame.plain for frame in self.inflated(what) if frame.plain)
            return
        crc, size = 0, 0
        for chunk in self.chunks():
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            yield chunk
        self.check(what, size=size, crc=crc)

    def inflated(self, what: str) -> Iterator[Frame]:
        """Yield the chunks of a deflate stream, each with the content that it inflates to. Raises as `plain` does."""
        zip_library = _inflater()
        # A negative window means deflate without a frame, as a zip's members are.
        inflater = zip_library.decompressobj(wbits=-15)
        crc, size = 0, 0
        place = self.place
        try:
            for chunk in self.chunks():
                data, waiting = chunk, chunk
                while True:
                    # At most a chunk at a time: a small input can inflate to a thousand times its size.
                    plain = inflater.decompress(waiting, CHUNK)
                    crc = zip_library.crc32(plain, crc)
                    size += len(plain)
                    if size > self.size:
                        # At once: a small stream can inflate to more than there is room or time for.
                        raise InputError(f"{what}: over {size} bytes of content, expected {self.size}", hint=_HINT)
                    yield Frame(data, plain, place)
                    # The compressed bytes go out once, with the first of their plain pieces.
                    data, waiting = b"", inflater.unconsumed_tail
                    # A full piece may leave plain bytes inside the inflater even if no input waits.
                    if inflater.eof or (not waiting and len(plain) < CHUNK):
                        break
                place = place and (place[0], place[1] + len(chunk))
                if inflater.unused_data:
                    raise InputError(f"{what}: there are bytes after the end of the compressed data", hint=_HINT)
        except zip_library.error as error:
            raise InputError(f"{what}: the compressed data is damaged", hint=_HINT) from error
        if not inflater.eof:
            raise InputError(f"{what}: the compressed data ends too early", hint=_HINT)
        self.check(what, size=size, crc=crc)

    def check(self, what: str, *, size: int, crc: int) -> None:
        """Raise InputError naming `what` unless the content that was read has the expected size and CRC32."""
        if size != self.size:
            raise InputError(f"{what}: {size} bytes of content, expected {self.size}", hint=_HINT)
        if self.crc is not None and crc != self.crc:
            raise InputError(f"{what}: the content's CRC32 is {crc:08x}, expected {self.crc:08x}", hint=_HINT)


class File(Selective, frozen=True, kw_only=True):
    """One file or, with `target`, one symbolic link; folders above it come by themselves.

    `path` is absolute, without the leading slash. Owner and time are the same for all (`toolkit.oci.tar`).
    `origin` names the file in errors, where its path does not.
    """

    IGNORED = frozenset({"origin"})

    path: str
    mode: int = 0o644
    content: bytes | Stream = b""
    target: str | None = None
    # Not compared: the same content from another place makes the same image.
    origin: str = ""

    @property
    def name(self) -> str:
        """The file in an error."""
        return self.origin or self.path

    @property
    def size(self) -> int:
        """The size of the content in bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    def chunks(self) -> Iterator[bytes]:
        """Yield the content piece by piece; a link has none. Raises InputError for content that is damaged."""
        if isinstance(self.content, bytes):
            yield self.content
        else:
            yield from self.content.plain(self.name)

    def identity(self) -> tuple[str, int, str]:
        """Return everything that decides what the file is in an image: path, mode, and content or link target."""
        if self.target is not None:
            return self.path, self.mode, f"link {self.target}"
        hasher = hashlib.sha256()
        for chunk in self.chunks():
            hasher.update(chunk)
        return self.path, self.mode, f"sha256 {hasher.hexdigest()}"


def stored_on_host(source: Path, size: int) -> Stream:
    """Return the content of a file of this machine, read when it is used. Reading raises OutsideError."""
    # The size goes into a header before the content is read, so a file that grows meanwhile is an error.
    return Stream(chunks=functools.partial(_read, source), size=size)


def _read(source: Path) -> Iterator[bytes]:
    """Yield the content of a file of this machine. Raises OutsideError."""
    try:
        with source.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except OSError as error:
        raise OutsideError(f"cannot read {source}: {error.strerror}") from error


@functools.cache
def _inflater() -> Any:  # noqa: ANN401 (two modules with the same functions)
    """Choose isal's inflate, twice as fast as zlib's; what comes out is the same."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    return isal_zlib
