"""A layer as a stream: tar entries in, gzip members out, without a compressor and without holding a file.

Content that is already deflated is taken over as a gzip member of its own; headers, padding and small files
between are encoded by `toolkit.oci.deflate`. Readers see one tar: members of a gzip file are concatenated
(RFC 1952, section 2.2).
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Protocol

from toolkit.cache.records import Record
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.image_paths import folders_of
from toolkit.oci import tar
from toolkit.oci.deflate import (
    GZIP_HEADER,
    LARGEST_ENCODED,
    LONGEST_STORED,
    gzip_member,
    gzip_trailer,
    stored,
)
from toolkit.oci.file import CHUNK, File, Frame, Stream
from toolkit.selective import Selective

# Whole stored blocks, so that only the last one of a file is shorter.
_STORED_CHUNK = 16 * LONGEST_STORED


class Measured(Selective, Record, frozen=True, kw_only=True):
    """The facts about a layer in a manifest and a config, and the digest of its recipe in the cache, if any."""

    IGNORED = frozenset({"recipe"})

    KIND: ClassVar[str] = "layer"

    digest: Digest
    diff_id: Digest
    size: int
    recipe: Digest | None = None


def compressed(files: Iterable[File]) -> Iterator[bytes]:
    """Yield the layer's compressed bytes in chunks of about a mebibyte.

    Raises InputError when a stream does not have its declared size.
    """
    # A layer has tens of thousands of frames, most of them a few bytes; a call for each would cost its readers much.
    waiting: list[bytes] = []
    size = 0
    for frame in frames(files, inflate=False):
        waiting.append(frame.data)
        size += len(frame.data)
        if size >= CHUNK:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)


def measure(files: Iterable[File], *, take: Callable[[Frame], None] = lambda _: None) -> Measured:
    """Make the layer without keeping it, and check every deflated stream against its size and CRC32.

    Every frame goes to `take` too. Raises InputError naming the file whose content is damaged.
    """
    digest, diff_id = hashlib.sha256(), hashlib.sha256()
    size = 0
    for frame in frames(files, inflate=True):
        digest.update(frame.data)
        diff_id.update(frame.plain)
        size += len(frame.data)
        take(frame)
    return Measured(digest=Digest(digest.hexdigest()), diff_id=Digest(diff_id.hexdigest()), size=size)


class Listener(Protocol):
    """Is called for every header that is written, and where contents begin and end."""

    def header(self, path: str, kind: bytes, mode: int, size: int, target: str) -> None:
        """Note a header: path without slash at the end, tar's kind, permissions, size, target of a link."""
        ...

    def begin(self) -> None:
        """Note that the next bytes are the file's content, and begin a gzip member."""
        ...

    def end(self) -> None:
        """Note that the content has ended."""
        ...


def frames(files: Iterable[File], *, inflate: bool, listener: Listener | None = None) -> Iterator[Frame]:
    """Yield the layer in pieces; with `inflate`, deflated content comes with its plain bytes.

    With a `listener` every content begins a member, and the end of the tar is left to the caller. Raises InputError
    for two files of one path, and for content that is damaged.
    """
    # Headers, padding and small files wait here for one member together: a member for each would make a larger layer.
    pending = bytearray()
    folders: set[str] = set()
    others: set[str] = set()
    for file in files:
        for folder in folders_of(file.path):
            # A folder comes once, before the first file in it: its mode and owner are fixed, so wheels cannot disagree.
            if folder not in folders:
                _refuse_again(folder, others, file)
                folders.add(folder)
                pending += _folder(folder, listener)
        _refuse_again(file.path, others, file)
        _refuse_again(file.path, folders, file)
        others.add(file.path)
        content, size = file.content, file.size
        pending += _header(file, listener)
        if listener:
            if size:
                yield from _flush(pending)
                listener.begin()
                yield from _content(content, file.name, inflate=inflate)
                listener.end()
        elif isinstance(content, bytes) and size <= LARGEST_ENCODED:
            pending += content
        elif size:
            # An empty member of a wheel has two bytes of deflate stream, which need not be carried over.
            yield from _flush(pending)
            yield from _streamed(content, file.name, inflate=inflate)
        pending += tar.padding(size)
        if len(pending) >= LARGEST_ENCODED:
            yield from _flush(pending)
    # eStargz puts its table of contents before the end.
    if listener is None:
        pending += tar.END_OF_ARCHIVE
    yield from _flush(pending)


def _content(content: bytes | Stream, what: str, *, inflate: bool) -> Iterator[Frame]:
    """Yield a file's content as one gzip member, whatever its size."""
    if isinstance(content, bytes) and len(content) <= LARGEST_ENCODED:
        yield Frame(gzip_member(content), content)
    else:
        yield from _streamed(content, what, inflate=inflate)


def _refuse_again(path: str, taken: set[str], file: File) -> None:
    """Raise InputError if a path is in the layer already."""
    if path in taken:
        raise InputError(
            f"{file.name}: {path} would be in the layer twice",
            hint="two files cannot have one path; rename or remove one",
        )


def _folder(path: str, listener: Listener | None) -> bytes:
    """Return the header of a folder."""
    if listener:
        listener.header(path, tar.DIRECTORY, 0o755, 0, "")
    return tar.header(path, kind=tar.DIRECTORY, mode=0o755)


def _header(file: File, listener: Listener | None) -> bytes:
    """Return the header of a file or link."""
    kind, target = (tar.REGULAR, "") if file.target is None else (tar.SYMLINK, file.target)
    # Linux does not look at the mode of a link.
    mode = file.mode if file.target is None else 0o777
    if listener:
        listener.header(file.path, kind, mode, file.size, target)
    return tar.header(file.path, kind=kind, mode=mode, size=file.size, target=target)


def _flush(pending: bytearray) -> Iterator[Frame]:
    """Yield the waiting bytes as gzip members, and empty the buffer."""
    # In pieces that the encoder still looks into.
    for start in range(0, len(pending), LARGEST_ENCODED):
        plain = bytes(pending[start : start + LARGEST_ENCODED])
        yield Frame(gzip_member(plain), plain)
    pending.clear()


def _streamed(content: bytes | Stream, what: str, *, inflate: bool) -> Iterator[Frame]:
    """Yield large or deflated content as a gzip member."""
    if isinstance(content, bytes):
        member = GZIP_HEADER + stored(content, last=True) + gzip_trailer(zlib.crc32(content), len(content))
        yield Frame(member, content)
    elif content.raw:
        yield from _raw_frames(content, what, inflate=inflate)
    else:
        yield from _stored_frames(content, what)


def _stored_frames(stream: Stream, what: str) -> Iterator[Frame]:
    """Yield plain content as a member of stored blocks."""
    yield Frame(GZIP_HEADER)
    crc, size = 0, 0
    for chunk in _evenly(stream.chunks()):
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        yield Frame(stored(chunk, last=False), chunk)
    yield Frame(stored(b"", last=True) + gzip_trailer(crc, size))
    stream.check(what, size=size, crc=crc)


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
    """Yield a deflate stream as a member; with `inflate`, check its content on the way."""
    yield Frame(GZIP_HEADER)
    yield from stream.inflated(what) if inflate else map(Frame, stream.chunks())
    # A zip states the CRC32 of each member, so the trailer needs no inflating.
    yield Frame(gzip_trailer(stream.crc or 0, stream.size))
