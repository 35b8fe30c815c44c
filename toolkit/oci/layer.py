"""A layer as a stream: tar entries in, gzip members out, without a compressor and without holding a file.

Content that is already deflated is taken over as a gzip member of its own; headers, padding and small files
between are encoded by `toolkit.oci.deflate`. Readers see one tar: members of a gzip file are concatenated
(RFC 1952, section 2.2).
"""

import functools
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from toolkit.errors import InputError
from toolkit.oci import tar
from toolkit.oci.deflate import (
    GZIP_HEADER,
    LARGEST_ENCODED,
    LONGEST_STORED,
    gzip_member,
    gzip_trailer,
    stored,
)
from toolkit.oci.digest import Digest

CHUNK = 1 << 20
_STORED_CHUNK = 16 * LONGEST_STORED

_HINT = "the file was damaged, or changed while it was read; try again, and if that fails get it anew"


# A blob of the cache, by the hex of its sha256, and a position in it.
Place = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """Content read while the layer is written. `raw` means a complete deflate stream of `size` bytes with this CRC32.

    Without `raw` the chunks are the content itself; `crc` may then be None, not known before. `place` says where the
    chunks lie one behind the other, if they do.
    """

    chunks: Callable[[], Iterator[bytes]]
    size: int
    crc: int | None = None
    raw: bool = False
    place: Place | None = None


class Frame(NamedTuple):
    """Some bytes of a layer, the plain bytes they stand for, which may come a little apart, and where they lie.

    A tuple, since a layer has tens of thousands.
    """

    data: bytes
    plain: bytes = b""
    place: Place | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file or link of a layer. `what` names it in errors; directories above it come by themselves."""

    path: str
    what: str
    mode: int = 0o644
    content: bytes | Stream = b""
    target: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a manifest and a config say about a layer, and the sha256 of its recipe in the cache where there is one."""

    digest: Digest
    diff_id: Digest
    size: int
    recipe: str | None = field(default=None, compare=False)


def compressed(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Give the layer's compressed bytes in chunks of about a mebibyte.

    Raises InputError when a stream does not have the size it was said to have.
    """
    waiting: list[bytes] = []
    size = 0
    for frame in frames(entries, inflate=False):
        waiting.append(frame.data)
        size += len(frame.data)
        if size >= CHUNK:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)


def measure(entries: Iterable[Entry], *, heard: Callable[[Frame], None] = lambda _: None) -> Measured:
    """Make the layer without keeping it, and check every deflated stream against its size and CRC32.

    `heard` is told every frame. Raises InputError naming the entry whose content is damaged.
    """
    digest, diff_id = hashlib.sha256(), hashlib.sha256()
    size = 0
    for frame in frames(entries, inflate=True):
        digest.update(frame.data)
        diff_id.update(frame.plain)
        size += len(frame.data)
        heard(frame)
    return Measured(digest=Digest(digest.hexdigest()), diff_id=Digest(diff_id.hexdigest()), size=size)


def inflated(stream: Stream, what: str) -> Iterator[bytes]:
    """Give a stream's plain content. Raises InputError naming `what` when size or CRC32 are not what they should be."""
    for frame in _raw_frames(stream, what, inflate=True) if stream.raw else _stored_frames(stream, what):
        if frame.plain:
            yield frame.plain


class Listener(Protocol):
    """Hears of every header that is written, and where contents begin and end."""

    def header(self, path: str, kind: bytes, mode: int, size: int, target: str) -> None:
        """Take note of an entry: path without slash at the end, tar's kind, permissions, size, target of a link."""
        ...

    def begin(self) -> None:
        """Take note that the next bytes are the entry's content, and begin a gzip member."""
        ...

    def end(self) -> None:
        """Take note that the content has ended."""
        ...


def frames(entries: Iterable[Entry], *, inflate: bool, listener: Listener | None = None) -> Iterator[Frame]:
    """Give the layer in pieces, with plain bytes if it is to `inflate` what is taken over.

    With a `listener` every content begins a member, and the end of the tar is left to the caller.
    """
    pending = bytearray()
    directories: set[str] = set()
    others: set[str] = set()
    for entry in entries:
        for parent in tar.parents(entry.path):
            if parent not in directories:
                _refuse_again(parent, others, entry)
                directories.add(parent)
                pending += _directory(parent, listener)
        _refuse_again(entry.path, others, entry)
        _refuse_again(entry.path, directories, entry)
        others.add(entry.path)
        content = entry.content
        size = len(content) if isinstance(content, bytes) else content.size
        pending += _header(entry, size)
        if listener:
            kind = tar.REGULAR if entry.target is None else tar.SYMLINK
            listener.header(entry.path, kind, entry.mode, size, entry.target or "")
            if size:
                yield from _flush(pending)
                listener.begin()
                yield from _content(content, entry.what, inflate=inflate)
                listener.end()
        elif isinstance(content, bytes) and len(content) <= LARGEST_ENCODED:
            pending += content
        elif size:
            # An empty member of a wheel has two bytes of deflate stream, which need not be carried over.
            yield from _flush(pending)
            yield from _streamed(content, entry.what, inflate=inflate)
        pending += tar.padding(size)
        if len(pending) >= LARGEST_ENCODED:
            yield from _flush(pending)
    if listener is None:
        pending += tar.END_OF_ARCHIVE
    yield from _flush(pending)


def _content(content: bytes | Stream, what: str, *, inflate: bool) -> Iterator[Frame]:
    if isinstance(content, bytes) and len(content) <= LARGEST_ENCODED:
        yield Frame(gzip_member(content), content)
    else:
        yield from _streamed(content, what, inflate=inflate)


def _refuse_again(path: str, taken: set[str], entry: Entry) -> None:
    if path in taken:
        raise InputError(
            f"{entry.what}: {path} would be in the layer twice",
            hint="two files cannot have one path; rename or remove one",
        )


def _directory(path: str, listener: Listener | None) -> bytes:
    if listener:
        listener.header(path, tar.DIRECTORY, 0o755, 0, "")
    return tar.header(path, kind=tar.DIRECTORY, mode=0o755)


def _header(entry: Entry, size: int) -> bytes:
    if entry.target is not None:
        return tar.header(entry.path, kind=tar.SYMLINK, mode=0o777, target=entry.target)
    return tar.header(entry.path, mode=entry.mode, size=size)


def _flush(pending: bytearray) -> Iterator[Frame]:
    # In pieces that the encoder still looks into.
    for start in range(0, len(pending), LARGEST_ENCODED):
        plain = bytes(pending[start : start + LARGEST_ENCODED])
        yield Frame(gzip_member(plain), plain)
    pending.clear()


def _streamed(content: bytes | Stream, what: str, *, inflate: bool) -> Iterator[Frame]:
    if isinstance(content, bytes):
        member = GZIP_HEADER + stored(content, last=True) + gzip_trailer(zlib.crc32(content), len(content))
        yield Frame(member, content)
    elif content.raw:
        yield from _raw_frames(content, what, inflate=inflate)
    else:
        yield from _stored_frames(content, what)


def _stored_frames(stream: Stream, what: str) -> Iterator[Frame]:
    """Carry plain content as a member of stored blocks."""
    yield Frame(GZIP_HEADER)
    crc, size = 0, 0
    for chunk in _evenly(stream.chunks()):
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        yield Frame(stored(chunk, last=False), chunk)
    yield Frame(stored(b"", last=True) + gzip_trailer(crc, size))
    _check(what, size=(size, stream.size), crc=(crc, stream.crc))


def _evenly(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut chunks to one size: where stored blocks end must not depend on how much a read returned."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= _STORED_CHUNK:
            yield bytes(pending[:_STORED_CHUNK])
            del pending[:_STORED_CHUNK]
    if pending:
        yield bytes(pending)


def _raw_frames(stream: Stream, what: str, *, inflate: bool) -> Iterator[Frame]:
    """Carry a deflate stream over as a member, inflating it on the side to look at its content."""
    crc = stream.crc or 0
    yield Frame(GZIP_HEADER)
    if inflate:
        yield from _inflating(stream, what)
    else:
        yield from map(Frame, stream.chunks())
    yield Frame(gzip_trailer(crc, stream.size))


def _inflating(stream: Stream, what: str) -> Iterator[Frame]:
    zip_library = _inflater()
    inflater = zip_library.decompressobj(wbits=-15)
    crc, size = 0, 0
    place = stream.place
    try:
        for chunk in stream.chunks():
            data, waiting = chunk, chunk
            while True:
                plain = inflater.decompress(waiting, CHUNK)
                crc = zip_library.crc32(plain, crc)
                size += len(plain)
                if size > stream.size:
                    # Before there is more of it than anybody has room or time for.
                    raise InputError(f"{what}: over {size} bytes of content, expected {stream.size}", hint=_HINT)
                yield Frame(data, plain, place)
                data, waiting = b"", inflater.unconsumed_tail
                if inflater.eof or (not waiting and len(plain) < CHUNK):
                    break
            place = place and (place[0], place[1] + len(chunk))
            if inflater.unused_data:
                raise InputError(f"{what}: there are bytes after the end of the compressed data", hint=_HINT)
    except zip_library.error as error:
        raise InputError(f"{what}: the compressed data is damaged", hint=_HINT) from error
    if not inflater.eof:
        raise InputError(f"{what}: the compressed data ends too early", hint=_HINT)
    _check(what, size=(size, stream.size), crc=(crc, stream.crc))


def _check(what: str, *, size: tuple[int, int], crc: tuple[int, int | None]) -> None:
    if size[0] != size[1]:
        raise InputError(f"{what}: {size[0]} bytes of content, expected {size[1]}", hint=_HINT)
    if crc[1] is not None and crc[0] != crc[1]:
        raise InputError(f"{what}: the content's CRC32 is {crc[0]:08x}, expected {crc[1]:08x}", hint=_HINT)


@functools.cache
def _inflater() -> Any:  # noqa: ANN401 (two modules with the same functions)
    """Choose isal's inflate, twice as fast as zlib's; what comes out is the same."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    return isal_zlib
