"""eStargz: layers that a lazily pulling snapshotter can read file by file (stargz-snapshotter, docs/estargz.md).

Our layers have a gzip member for each large file already. What is added: every file's content begins a member, a
landmark says that nothing needs to be fetched ahead, a table of contents is the last entry of the tar, and a footer
says where that is. Readers that know nothing of it see an ordinary layer.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from toolkit.cache import Cache
from toolkit.oci import tar
from toolkit.oci.deflate import ENCODER_VERSION, GZIP_HEADER, gzip_trailer, stored
from toolkit.oci.digest import Digest
from toolkit.oci.layer import Entry, Frame, Measured, frames

# Raise it with any change to what is added to a layer.
ESTARGZ_VERSION = 1

TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
UNCOMPRESSED_SIZE = "io.containers.estargz.uncompressed-size"

_TOC_NAME = "stargz.index.json"
_LANDMARK = ".no.prefetch.landmark"
_LANDMARK_CONTENT = b"\x0f"
_TIME = datetime.fromtimestamp(tar.MTIME, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
_RECORDED = {"digest", "diff_id", "size", "plain", "toc"}
_KINDS = {tar.DIRECTORY: "dir", tar.REGULAR: "reg", tar.SYMLINK: "symlink"}


@dataclass(slots=True)
class _Contents:
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
        self.entries[-1] |= {"digest": digest, "chunkDigest": digest}
        self._hasher = None

    def take(self, frame: Frame) -> None:
        """Count what is written."""
        self.position += len(frame.data)
        self.size += len(frame.plain)
        if self._hasher is not None:
            self._hasher.update(frame.plain)

    def document(self) -> bytes:
        """Give the table as JSON."""
        return json.dumps({"version": 1, "entries": self.entries}, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lazy:
    """What a layer measured, and what its descriptor says beside that."""

    measured: Measured
    annotations: dict[str, str]
    toc: bytes


def measure(cache: Cache, key: object, entries: Iterable[Entry]) -> Lazy:
    """Measure the layer that `key` identifies, or recall it. Raises InputError naming an entry that is damaged."""
    whole = {"inputs": key, "layout": tar.LAYOUT_VERSION, "encoder": ENCODER_VERSION, "estargz": ESTARGZ_VERSION}
    known = cache.record("estargz", whole)
    if known is None or known.keys() != _RECORDED or not cache.has_blob(str(known["toc"])):
        contents = _Contents()
        digest, diff_id = hashlib.sha256(), hashlib.sha256()
        for frame in _written(entries, contents, inflate=True):
            digest.update(frame.data)
            diff_id.update(frame.plain)
        toc = contents.document()
        for frame in _closing(toc, contents):
            digest.update(frame.data)
            diff_id.update(frame.plain)
        sha256, _ = cache.keep_blob(iter((toc,)))
        known = {
            "digest": digest.hexdigest(),
            "diff_id": diff_id.hexdigest(),
            "size": contents.position,
            "plain": contents.size,
            "toc": sha256,
        }
        cache.write_record("estargz", whole, known)
    measured = Measured(digest=Digest(known["digest"]), diff_id=Digest(known["diff_id"]), size=int(known["size"]))
    annotations = {TOC_DIGEST: f"sha256:{known['toc']}", UNCOMPRESSED_SIZE: str(known["plain"])}
    return Lazy(measured=measured, annotations=annotations, toc=cache.blob_path(known["toc"]).read_bytes())


def compressed(entries: Iterable[Entry], toc: bytes) -> Iterator[bytes]:
    """Give the layer's compressed bytes; `toc` is what measuring it gave."""
    contents = _Contents()
    for frame in _written(entries, contents, inflate=False):
        if frame.data:
            yield frame.data
    for frame in _closing(toc, contents):
        yield frame.data


def _written(entries: Iterable[Entry], contents: _Contents, *, inflate: bool) -> Iterator[Frame]:
    landmark = tar.header(_LANDMARK, size=len(_LANDMARK_CONTENT))
    contents.header(_LANDMARK, tar.REGULAR, 0o644, len(_LANDMARK_CONTENT), "")
    yield from _counted(_member(landmark), contents)
    contents.begin()
    yield from _counted(_member(_LANDMARK_CONTENT), contents)
    contents.end()
    yield from _counted(_member(tar.padding(len(_LANDMARK_CONTENT))), contents)
    for frame in frames(entries, inflate=inflate, listener=contents):
        yield from _counted(frame, contents)


def _closing(toc: bytes, contents: _Contents) -> Iterator[Frame]:
    """Give the table's entry, which ends the tar and is one member, and the footer."""
    position = contents.position
    plain = tar.header(_TOC_NAME, size=len(toc)) + toc + tar.padding(len(toc)) + tar.END_OF_ARCHIVE
    yield from _counted(_member(plain), contents)
    yield from _counted(Frame(_footer(position)), contents)


def _counted(frame: Frame, contents: _Contents) -> Iterator[Frame]:
    contents.take(frame)
    yield frame


def _member(plain: bytes) -> Frame:
    return Frame(GZIP_HEADER + stored(plain, last=True) + gzip_trailer(zlib.crc32(plain), len(plain)), plain)


def _footer(position: int) -> bytes:
    """Give the 51 bytes: an empty gzip member whose extra field (RFC 1952, 2.3.1.1) says where the table is."""
    subfield = f"{position:016x}STARGZ".encode()
    extra = b"SG" + len(subfield).to_bytes(2, "little") + subfield
    header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + len(extra).to_bytes(2, "little") + extra
    return header + stored(b"", last=True) + gzip_trailer(0, 0)
