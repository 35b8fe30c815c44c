"""Layers that come from elsewhere as plain tars, compressed into the cache once for each diff_id."""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar, cast

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci.blob import ChunkStream, read_chunks
from toolkit.oci.descriptor import OCI_LAYER, Descriptor
from toolkit.oci.image import Source


def compressed(chunks: Source, diff_id: Digest, cache: Cache) -> Descriptor:
    """Return the blob in the cache that a plain layer is compressed to. Raises ValueError for another diff_id."""
    return _known(diff_id, cache) or _keep_compressed(chunks(), diff_id, cache)


class _Compressed(Record, frozen=True, kw_only=True):
    """The blob that a plain layer was compressed to, by the plain layer's digest."""

    KIND: ClassVar[str] = "compressed"

    digest: Digest
    size: int


def _known(diff_id: Digest, cache: Cache) -> Descriptor | None:
    """Recall how a plain layer was compressed before; None when it was not, or the cache has lost it."""
    record = cache.recall(_Compressed, str(diff_id))
    if record is None:
        return None
    try:
        is_whole = cache.blob_path(record.digest).stat().st_size == record.size
    except OSError:
        return None
    return Descriptor(media_type=OCI_LAYER, digest=record.digest, size=record.size) if is_whole else None


def _keep_compressed(chunks: Iterator[bytes], diff_id: Digest, cache: Cache) -> Descriptor:
    """Return the blob in the cache that a plain layer is compressed to. Raises ValueError for another diff_id."""
    plain = ChunkStream(chunks)
    digest, size = cache.store(_compressed(read_chunks(cast("BinaryIO", plain))))
    if plain.digest != diff_id:
        # Do not record it: the next archive with this diff_id would get these bytes.
        raise ValueError(f"a layer is {plain.digest}, the config says {diff_id}")
    cache.remember(str(diff_id), _Compressed(digest=digest, size=size))
    return Descriptor(media_type=OCI_LAYER, digest=digest, size=size)


def _compressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Compress what comes from elsewhere: it has no digest of ours to keep, so the fastest compressor will do."""
    from isal import isal_zlib

    # 31 is zlib's number for the largest window (15) and gzip's framing (16).
    compressor = isal_zlib.compressobj(2, wbits=31)
    for chunk in chunks:
        if data := compressor.compress(chunk):
            yield data
    yield compressor.flush()
