"""eStargz: layers that a lazily pulling snapshotter can read file by file (stargz-snapshotter, docs/estargz.md).

Our layers have a gzip member for each large file already. eStargz adds four things: every file's content begins a
member, a landmark says that nothing needs to be fetched ahead, a table of contents is the last entry of the tar, and a
footer says where that is. Other readers see an ordinary layer.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from msgspec import Struct, field

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci import tar
from toolkit.oci.deflate import ENCODER_VERSION, GZIP_HEADER, gzip_trailer, stored
from toolkit.oci.file import File, Frame
from toolkit.oci.layer import Measured, frames

# Raise it with any change to what is added to a layer.
ESTARGZ_VERSION = 1

# The names of the annotations are the specification's; snapshotters verify the table by the first.
TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
UNCOMPRESSED_SIZE = "io.containers.estargz.uncompressed-size"

_TOC_NAME = "stargz.index.json"
_LANDMARK = ".no.prefetch.landmark"
# The content that the specification gives a landmark.
_LANDMARK_CONTENT = b"\x0f"
_TIME = datetime.fromtimestamp(tar.MTIME, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
_KINDS = {tar.DIRECTORY: "dir", tar.REGULAR: "reg", tar.SYMLINK: "symlink"}


class _Contents(Struct):
    """The table of contents while a layer is written; `position` is in compressed bytes, `size` in plain ones."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    position: int = 0
    size: int = 0
    _hasher: Any = None

    def header(self, path: str, kind: bytes, mode: int, size: int, target: str) -> None:
        """Note an entry of the tar; its content, if it has one, comes next."""
        entry: dict[str, Any] = {"name": f"{path}/" if kind == tar.DIRECTORY else path, "type": _KINDS[kind]}
        entry |= {"modtime": _TIME, "mode": mode, "uid": 0, "gid": 0}
        if kind == tar.SYMLINK:
            entry["linkName"] = target
        # An empty file has neither size nor offset: nothing of it can be fetched.
        elif kind == tar.REGULAR and size:
            entry["size"] = size
        self.entries.append(entry)

    def begin(self) -> None:
        """Note that the content of the last entry begins here, with a gzip member."""
        self.entries[-1]["offset"] = self.position
        self._hasher = hashlib.sha256()

    def end(self) -> None:
        """Note that the content ended."""
        digest = f"sha256:{self._hasher.hexdigest()}"
        # A file is one chunk, so both digests are the same.
        self.entries[-1] |= {"digest": digest, "chunkDigest": digest}
        self._hasher = None

    def take(self, frame: Frame) -> None:
        """Count what is written."""
        self.position += len(frame.data)
        self.size += len(frame.plain)
        if self._hasher is not None:
            self._hasher.update(frame.plain)

    def document(self) -> bytes:
        """Return the table as JSON."""
        return json.dumps({"version": 1, "entries": self.entries}, separators=(",", ":"), ensure_ascii=False).encode()


class Lazy(Struct, frozen=True, kw_only=True):
    """The measures of a layer, the annotations of its descriptor, and its table of contents."""

    measured: Measured
    annotations: dict[str, str]
    toc: bytes


class _Known(Record, frozen=True, kw_only=True):
    """What a layer measured, the size of its tar, and the digest of its table in the cache."""

    KIND: ClassVar[str] = "estargz-layer"

    measured: Measured
    plain_size: int
    toc: Digest


def measure(cache: Cache, key: object, files: Iterable[File]) -> Lazy:
    """Measure the layer that `key` identifies, or recall it. Raises InputError naming an entry that is damaged."""
    whole = {"inputs": key, "layout": tar.LAYOUT_VERSION, "encoder": ENCODER_VERSION, "estargz": ESTARGZ_VERSION}
    with cache.turn("estargz", str(whole)):
        known = cache.recall(_Known, whole)
        # The cache may drop the table and keep the record.
        if known and not cache.has_blob(known.toc):
            known = None
        cache.tally.note("layers", str(whole), hit=known is not None)
        if known is None:
            known = _measured(cache, files)
            cache.remember(whole, known)
    annotations = {TOC_DIGEST: str(known.toc), UNCOMPRESSED_SIZE: str(known.plain_size)}
    return Lazy(measured=known.measured, annotations=annotations, toc=cache.blob_path(known.toc).read_bytes())


def _measured(cache: Cache, files: Iterable[File]) -> _Known:
    """Measure a layer, and keep its table."""
    contents = _Contents()
    digest, diff_id = hashlib.sha256(), hashlib.sha256()
    for frame in _written(files, contents, inflate=True):
        digest.update(frame.data)
        diff_id.update(frame.plain)
    toc = contents.document()
    for frame in _closing(toc, contents):
        digest.update(frame.data)
        diff_id.update(frame.plain)
    measured = Measured(digest=Digest(digest.hexdigest()), diff_id=Digest(diff_id.hexdigest()), size=contents.position)
    return _Known(measured=measured, plain_size=contents.size, toc=cache.store(iter((toc,)))[0])


def compressed(files: Iterable[File], toc: bytes) -> Iterator[bytes]:
    """Yield the layer's compressed bytes; `toc` is the table of contents that `measure` returned."""
    contents = _Contents()
    for frame in _written(files, contents, inflate=False):
        if frame.data:
            yield frame.data
    for frame in _closing(toc, contents):
        yield frame.data


def _written(files: Iterable[File], contents: _Contents, *, inflate: bool) -> Iterator[Frame]:
    """Yield the landmark and all files, each content in a member of its own, and note them in `contents`."""
    # The landmark tells a snapshotter that no file needs to be fetched before the container starts.
    landmark = tar.header(_LANDMARK, size=len(_LANDMARK_CONTENT))
    contents.header(_LANDMARK, tar.REGULAR, 0o644, len(_LANDMARK_CONTENT), "")
    yield from _counted(_member(landmark), contents)
    contents.begin()
    yield from _counted(_member(_LANDMARK_CONTENT), contents)
    contents.end()
    yield from _counted(_member(tar.padding(len(_LANDMARK_CONTENT))), contents)
    for frame in frames(files, inflate=inflate, listener=contents):
        yield from _counted(frame, contents)


def _closing(toc: bytes, contents: _Contents) -> Iterator[Frame]:
    """Yield the table's entry, which ends the tar and is one member, and the footer."""
    position = contents.position
    # The table cannot list itself, so it is written past `contents`.
    plain = tar.header(_TOC_NAME, size=len(toc)) + toc + tar.padding(len(toc)) + tar.END_OF_ARCHIVE
    yield from _counted(_member(plain), contents)
    yield from _counted(Frame(_footer(position)), contents)


def _counted(frame: Frame, contents: _Contents) -> Iterator[Frame]:
    """Yield the frame after `contents` has counted it."""
    contents.take(frame)
    yield frame


def _member(plain: bytes) -> Frame:
    """Return a gzip member of stored blocks."""
    # Stored, not encoded: the specification fixes the footer's length, and a table is too large for the encoder.
    return Frame(GZIP_HEADER + stored(plain, last=True) + gzip_trailer(zlib.crc32(plain), len(plain)), plain)


def _footer(position: int) -> bytes:
    """Return the 51 bytes: an empty gzip member whose extra field (RFC 1952, 2.3.1.1) says where the table is."""
    # 16 hex digits and the magic word, as the specification has them.
    subfield = f"{position:016x}STARGZ".encode()
    extra = b"SG" + len(subfield).to_bytes(2, "little") + subfield
    header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + len(extra).to_bytes(2, "little") + extra
    return header + stored(b"", last=True) + gzip_trailer(0, 0)
