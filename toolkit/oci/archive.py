"""Image archives: one tar that is an OCI layout and what `docker load` reads; and what `docker save` writes.

OCI image specification, image-layout.md; Docker image specification 1.2, "Combined Image JSON + Filesystem
Changeset Format".
"""

import hashlib
import io
import json
import posixpath
import tarfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.oci.blob import ChunkStream
from toolkit.oci.compressed import compressed
from toolkit.oci.contents import members, opened_tar
from toolkit.oci.descriptor import OCI_INDEX, OCI_LAYER, Descriptor, Platform
from toolkit.oci.document import LARGEST_DOCUMENT, read_config
from toolkit.oci.image import Built, Image, Layer, Source

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_BLOCK = 512
# 1980-01-01 in UTC, as in our layers.
_FILE_TIME = 315532800


def write_archive(built: Built, stream: BinaryIO, *, names: Sequence[str] = ()) -> None:
    """Write the archive of an image or an index; equal arguments give equal bytes."""
    stream.writelines(archive_chunks(built, names=names))


def archive_chunks(built: Built, *, names: Sequence[str] = ()) -> Iterator[bytes]:
    """Yield the archive's bytes. On loading it, docker gives `names` to the image, or to the first of several."""
    written: set[str] = set()
    for digest, size, chunks in _blobs(built):
        path = _blob(digest)
        # A layer that an image holds twice, or two images share, is written once.
        if path not in written:
            written.add(path)
            yield from _member(path, size, chunks())
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [built.descriptor.to_dict()]}
    loaded = [
        {
            "Config": _blob(image.config_descriptor.digest),
            # A name means one image, so of several only the first gets it. An image without a name has null here, as
            # `docker save` writes it.
            "RepoTags": (list(names) or None) if image is built.images[0] else None,
            "Layers": [_blob(layer.descriptor.digest) for layer in image.layers],
        }
        for image in built.images
    ]
    for path, document in (
        ("index.json", index),
        ("manifest.json", loaded),
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
    ):
        data = json.dumps(document, separators=(",", ":")).encode()
        yield from _member(path, len(data), iter((data,)))
    # Two empty blocks end a tar (POSIX.1-2017, pax, "ustar Interchange Format").
    yield bytes(2 * _BLOCK)


def _blobs(built: Built) -> Iterator[tuple[Digest, int, Source]]:
    """List everything that the archive holds: layers, configs, manifests, and the index."""
    for image in built.images:
        for layer in image.layers:
            yield layer.descriptor.digest, layer.descriptor.size, partial(_verified, layer)
        yield _whole(image.config)
        yield _whole(image.manifest)
    yield _whole(built.document)


def _whole(data: bytes) -> tuple[Digest, int, Source]:
    """Return digest, size and source of a blob that is in memory."""
    return Digest.of(data), len(data), lambda: iter((data,))


def read_archive(path: Path, *, platform: Platform, cache: Cache) -> Image:
    """Read the first image of an archive that `docker save` or `write_archive` wrote.

    Compressed layers are read from the archive when they are asked for; plain ones are compressed into the cache now.
    Raises InputError if the file is not such an archive, or its image is for another platform.
    """
    try:
        config, found, layers = _look_into(path, cache)
    except OSError as error:
        raise OutsideError(
            f"cannot read {path}: {error.strerror or error}", hint="`docker save IMAGE > FILE` writes an archive"
        ) from error
    except (tarfile.TarError, InputError, KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"not an image archive: {error if isinstance(error, InputError) else repr(error)}",
            where=Location(path=path),
            hint="`docker save IMAGE > FILE` writes one",
        ) from error
    if (found.os, found.architecture) != (platform.os, platform.architecture):
        raise InputError(
            f"the archive {path} is for {found}, expected {platform}",
            hint="choose an archive of that platform, or change `platforms` in [tool.comp]",
        )
    return Image.of(config, layers)


def _look_into(path: Path, cache: Cache) -> tuple[bytes, Platform, list[Layer]]:
    """Return the config's bytes, its platform, and the layers."""
    # Layers are read by their offset in the file later, so the archive itself must not be compressed.
    with opened_tar(path, mode="r:") as archive:
        found = _files(archive)
        loaded = json.loads(_read(archive, found["manifest.json"]))[0]
        data = _read(archive, found[loaded["Config"]])
        config = read_config(data)
        # Counts that differ raise ValueError, which `read_archive` reports.
        paired = zip(loaded["Layers"], config.diff_ids, strict=True)
        return data, config.platform, [_layer(path, found[name], diff_id, cache) for name, diff_id in paired]


def _files(archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """List the files by name; docker links a layer that an image holds twice to its first copy."""
    found, links = {}, {}
    for member in members(archive):
        name = posixpath.normpath(member.name)
        if member.isfile():
            found[name] = member
        elif member.issym():
            links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
    return found | {name: found[target] for name, target in links.items() if target in found}


def _layer(path: Path, member: tarfile.TarInfo, diff_id: Digest, cache: Cache) -> Layer:
    """Return a layer of the archive; a plain one is compressed into the cache."""
    chunks = partial(_range, path, member.offset_data, member.size)
    # A layer's name in the archive need not be its digest, so the blob is hashed.
    if next(chunks(), b"")[:2] == _GZIP:
        packed = ChunkStream(chunks())
        packed.drain()
        descriptor = Descriptor(media_type=OCI_LAYER, digest=packed.digest, size=packed.size)
        return Layer(descriptor=descriptor, diff_id=diff_id, chunks=chunks)
    descriptor = compressed(chunks, diff_id, cache)
    return Layer(descriptor=descriptor, diff_id=diff_id, chunks=partial(cache.read_blob, descriptor.digest))


def _range(path: Path, offset: int, size: int) -> Iterator[bytes]:
    """Yield `size` bytes of a file from `offset` on."""
    with path.open("rb") as stream:
        stream.seek(offset)
        while size > 0 and (chunk := stream.read(min(_CHUNK, size))):
            size -= len(chunk)
            yield chunk


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return the content of a JSON document. Raises ValueError for one that is too large."""
    if member.size > LARGEST_DOCUMENT:
        raise ValueError(f"{member.name} is too large")
    stream = archive.extractfile(member)
    return stream.read() if stream else b""


def _blob(digest: Digest) -> str:
    """Return the path of a blob in an OCI layout."""
    return f"blobs/sha256/{digest.hex}"


def _verified(layer: Layer) -> Iterator[bytes]:
    """Yield a layer's bytes, which have to be what its descriptor says: a reader of the archive cannot tell."""
    hasher, size = hashlib.sha256(), 0
    for chunk in layer.chunks():
        hasher.update(chunk)
        size += len(chunk)
        yield chunk
    if (hasher.hexdigest(), size) != (layer.descriptor.digest.hex, layer.descriptor.size):
        raise OutsideError(
            f"the layer {layer.descriptor.digest} of {layer.descriptor.size} bytes"
            f" turned out to be sha256:{hasher.hexdigest()} of {size}",
            hint="`comp cache verify` removes what is damaged; then try again",
        )


def _member(path: str, size: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield one member of the tar: header, content and padding."""
    # The daemon is sent these bytes as they come, so the size stands in the header before the content is read.
    info = tarfile.TarInfo(path)
    info.size = size
    info.mtime = _FILE_TIME
    buffer = io.BytesIO()
    # The size field of ustar ends below 8 GiB.
    buffer.write(info.tobuf(tarfile.USTAR_FORMAT if size < 8 << 30 else tarfile.PAX_FORMAT))
    yield buffer.getvalue()
    yield from chunks
    yield bytes(-size % _BLOCK)
