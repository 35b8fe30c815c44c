"""What a layer lists: the path of each entry, and the content of files that describe packages.

A listing is kept in the cache, so that a layer is read once for all images that have it; of a layer that this program
makes, it is kept when that is measured. The record holds the entries in their order, whiteouts too: what the layer does
to those below depends on them.
"""

import base64
import binascii
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec
from msgspec import Struct

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.image_paths import folders_of
from toolkit.limits import PACKAGE_FILE_SIZE
from toolkit.oci.contents import layer_tar, members
from toolkit.oci.file import File
from toolkit.oci.image import Layer
from toolkit.oci.package_files import describes_packages
from toolkit.oci.tree import Kind, kind_of, path_of

# Raise it with any change of what is kept of a layer; it is part of the key.
_READER_VERSION = 1
# A listing that is larger is not kept: paths and contents together, and the form in which they are kept.
_MOST_BYTES = 64 << 20
# What an entry takes beside its texts.
_ENTRY = 64


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """One entry of a layer: `target` is a link's, `content` that of a file that describes packages."""

    path: str
    kind: Kind
    target: str = ""
    content: bytes | None = None

    @property
    def size(self) -> int:
        """How many bytes it takes in memory, roughly."""
        return _ENTRY + len(self.path) + len(self.target) + len(self.content or b"")


class LayerListing(Record, frozen=True, kw_only=True):
    """The entries of a layer: MessagePack, compressed, in base64."""

    KIND: ClassVar[str] = "layer-listing"

    entries: str


class Lister:
    """Notes the entries of a layer in their order, up to a bound; then it can keep them."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._size = 0

    def note(self, entry: Entry) -> Entry:
        """Note an entry, and return it."""
        self._size += entry.size
        if self._size > _MOST_BYTES:
            self._entries.clear()
        else:
            self._entries.append(entry)
        return entry

    def noted(self, files: Iterable[File]) -> Iterator[File]:
        """Note files, with the folders above them, as a layer of them has them; yield each."""
        folders: set[str] = set()
        for file in files:
            for folder in folders_of(file.path):
                if folder not in folders:
                    folders.add(folder)
                    self.note(Entry(folder, Kind.FOLDER))
            self.note(_entry_of(file))
            yield file

    def keep(self, cache: Cache, *, digest: Digest, diff_id: Digest) -> None:
        """Keep the entries for the layer with this digest and diff_id, unless they are too large."""
        if self._size <= _MOST_BYTES:
            packed = zlib.compress(msgspec.msgpack.encode(self._entries), 1)
            cache.remember(_key(digest, diff_id), LayerListing(entries=base64.b64encode(packed).decode()))


def list_layer(layer: Layer, cache: Cache) -> Iterator[Entry]:
    """Yield the entries of a layer in their order, from the cache or by reading the layer once.

    Raises InputError for a layer that is damaged, or a file that describes packages and is above the limit.
    """
    known = cache.recall(LayerListing, _key(layer.descriptor.digest, layer.diff_id))
    if known is not None and (entries := _unpacked(known)) is not None:
        yield from entries
        return
    lister = Lister()
    with layer_tar(layer) as archive:
        for member in members(archive):
            yield lister.note(_read(archive, member))
    # Only now is the layer known to be what its digests say.
    lister.keep(cache, digest=layer.descriptor.digest, diff_id=layer.diff_id)


def _key(digest: Digest, diff_id: Digest) -> object:
    """Return the key of a layer's record.

    It has both digests: an image may claim the diff_id of another's layer for its own.
    """
    return {
        "digest": str(digest),
        "diff_id": str(diff_id),
        "largest": PACKAGE_FILE_SIZE.value,
        "reader": _READER_VERSION,
    }


def _unpacked(listing: LayerListing) -> list[Entry] | None:
    """Return the entries of a record; None if it is damaged."""
    try:
        inflater = zlib.decompressobj()
        # The bound is of contents and texts, and more than what MessagePack adds to each entry.
        data = inflater.decompress(base64.b64decode(listing.entries, validate=True), _MOST_BYTES)
        return msgspec.msgpack.decode(data, type=list[Entry])
    except (binascii.Error, zlib.error, msgspec.DecodeError, ValueError):
        return None


def _entry_of(file: File) -> Entry:
    """Return the entry that a layer has for a file or link."""
    if file.target is not None:
        return Entry(file.path, Kind.LINK, file.target)
    if not describes_packages(file.path):
        return Entry(file.path, Kind.FILE)
    PACKAGE_FILE_SIZE.check(file.size, f"the image's /{file.path}")
    content = file.content
    return Entry(
        file.path, Kind.FILE, "", content if isinstance(content, bytes) else b"".join(content.plain(file.name))
    )


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    """Return the entry of a tar's member, whose content can be read now."""
    path, kind = path_of(member), kind_of(member)
    if kind is not Kind.FILE or not describes_packages(path):
        return Entry(path, kind, member.linkname)
    PACKAGE_FILE_SIZE.check(member.size, f"the image's /{path}")
    stream = archive.extractfile(member)
    return Entry(path, kind, "", stream.read() if stream else None)
