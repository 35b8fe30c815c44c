"""Check an image: recompute every digest, size and diff_id, and compare manifest, config and layers.

Layers are streamed, so that one of any size takes a few megabytes of memory. Nothing is repaired.
"""

import posixpath
import tarfile
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import IO, Any, cast

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.blob import ChunkStream, compression_errors, plain_content
from toolkit.oci.contents import members, opened_tar
from toolkit.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
)
from toolkit.oci.document import parse_document
from toolkit.oci.image import Image, Layer

_NOTHING: Mapping[Digest, Digest] = MappingProxyType({})


class _UnreadableError(Exception):
    """The source of a layer's bytes refused them; the message says why."""


class _Family(Struct, frozen=True, kw_only=True):
    """The media types that go together: those of Docker's schema 2, or those of OCI."""

    config: str
    layers: tuple[str, ...]


_FAMILIES = {
    OCI_MANIFEST: _Family(
        config=OCI_CONFIG,
        layers=(
            OCI_LAYER,
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+zstd",
        ),
    ),
    DOCKER_MANIFEST: _Family(
        config=DOCKER_CONFIG, layers=(DOCKER_LAYER, "application/vnd.docker.image.rootfs.diff.tar")
    ),
}


def check_image(image: Image, known: Mapping[Digest, Digest] = _NOTHING) -> list[str]:
    """Return every problem of `image` in words, with both values; an empty list means that it is valid.

    Reads every layer from beginning to end. Of those whose content is `known`, as their digests with their diff_ids,
    only the digest is computed. Raises OutsideError if a layer's bytes cannot be fetched.
    """
    return [*_check_documents(image), *_check_layers(image, known)]


def _check_documents(image: Image) -> Iterator[str]:
    """Yield the problems of manifest and config."""
    manifest, config = _parse(image.manifest), _parse(image.config)
    if manifest is None:
        yield "manifest: not a JSON object"
    else:
        yield from _check_manifest(image, manifest)
    if config is None:
        yield "config: not a JSON object"
    else:
        yield from _check_config(image, config)


def _parse(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object, or None if the bytes are something else."""
    try:
        return parse_document(data)
    except InputError:
        return None


def _check_manifest(image: Image, manifest: dict[str, Any]) -> Iterator[str]:
    """Yield the problems of the manifest."""
    if manifest.get("schemaVersion") != 2:  # noqa: PLR2004 (the only version there is)
        yield f"manifest: schemaVersion is {manifest.get('schemaVersion')!r}, expected 2"
    declared = manifest.get("mediaType", image.media_type)
    if declared != image.media_type:
        yield f"manifest: mediaType is {declared!r}, the image says {image.media_type!r}"
    # Schema 2 requires the field, OCI only recommends it (manifest.md).
    if image.media_type == DOCKER_MANIFEST and "mediaType" not in manifest:
        yield f"manifest: mediaType is missing, expected {DOCKER_MANIFEST!r}"
    yield from _check_families(image, manifest)
    yield from _check_descriptors(image, manifest)


def _check_families(image: Image, manifest: dict[str, Any]) -> Iterator[str]:
    """Yield the media types that are not of the manifest's family."""
    family = _FAMILIES.get(image.media_type)
    if family is None:
        yield f"manifest: media type is {image.media_type!r}, expected one of {', '.join(_FAMILIES)}"
        return
    config_type = _get(manifest.get("config"), "mediaType")
    if config_type != family.config:
        yield f"manifest: the config's media type is {config_type!r}, expected {family.config!r}"
    for index, layer in enumerate(_list(manifest.get("layers"))):
        found = _get(layer, "mediaType")
        if found not in family.layers:
            yield f"layer {index}: media type is {found!r}, expected {' or '.join(map(repr, family.layers))}"


def _check_descriptors(image: Image, manifest: dict[str, Any]) -> Iterator[str]:
    """Yield the differences between the manifest's descriptors and the blobs."""
    yield from _compare_blob("config", manifest.get("config"), Digest.of(image.config), len(image.config))
    listed = _list(manifest.get("layers"))
    if len(listed) != len(image.layers):
        yield f"manifest: {len(listed)} layers, the image has {len(image.layers)}"
    # Not strict: a difference in number is reported above, and the pairs that exist are still compared.
    for index, (data, layer) in enumerate(zip(listed, image.layers, strict=False)):
        yield from _compare_blob(f"layer {index}", data, layer.descriptor.digest, layer.descriptor.size)
        if _get(data, "mediaType") != layer.descriptor.media_type:
            theirs = _get(data, "mediaType")
            yield f"layer {index}: the manifest's media type is {theirs!r}, the layer's {layer.descriptor.media_type!r}"


def _compare_blob(what: str, data: object, digest: Digest, size: int) -> Iterator[str]:
    """Yield the differences between a descriptor in the manifest and a blob."""
    try:
        descriptor = Descriptor.from_dict(data)
    except InputError as error:
        yield f"{what}: {error.message}"
        return
    if descriptor.digest != digest:
        yield f"{what}: the manifest's digest is {descriptor.digest}, the content's {digest}"
    if descriptor.size != size:
        yield f"{what}: the manifest's size is {descriptor.size}, the content's {size}"


def _check_config(image: Image, config: dict[str, Any]) -> Iterator[str]:
    """Yield the problems of the config."""
    for key in ("os", "architecture"):
        if not isinstance(config.get(key), str):
            yield f"config: {key} is {config.get(key)!r}, expected text"
    rootfs = config.get("rootfs")
    if _get(rootfs, "type") != "layers":
        yield f"config: rootfs.type is {_get(rootfs, 'type')!r}, expected 'layers'"
    listed = _list(_get(rootfs, "diff_ids"))
    if len(listed) != len(image.layers):
        yield f"config: {len(listed)} diff_ids, the image has {len(image.layers)} layers"
    # Not strict, for the same reason as in the manifest.
    for index, (theirs, layer) in enumerate(zip(listed, image.layers, strict=False)):
        if theirs != str(layer.diff_id):
            yield f"layer {index}: the config's diff_id is {theirs!r}, the layer's {layer.diff_id}"
    history = config.get("history")
    # The field is optional (config.md), but engines pair its entries with layers by counting.
    if history:
        filled = sum(1 for entry in _list(history) if not _get(entry, "empty_layer"))
        if filled != len(listed):
            yield f"config: {filled} history entries with a layer, {len(listed)} diff_ids"


def _get(data: object, key: str) -> Any:  # noqa: ANN401 (a JSON value of any shape)
    """Return a value of an object; None if it is missing, or the data is not an object."""
    return data.get(key) if isinstance(data, dict) else None


def _list(data: object) -> list[Any]:
    """Return the data if it is a list, else an empty one."""
    return data if isinstance(data, list) else []


def _check_layers(image: Image, known: Mapping[Digest, Digest]) -> Iterator[str]:
    """Yield the problems of every layer's content."""
    seen: dict[Digest, Digest] = {}
    for index, layer in enumerate(image.layers):
        digest = layer.descriptor.digest
        # One blob is read once, however often an image lists it.
        if digest not in seen:
            is_known = known.get(digest) == layer.diff_id
            yield from (f"layer {index}: {problem}" for problem in _check_layer(layer, is_known=is_known))
            seen[digest] = layer.diff_id
        elif seen[digest] != layer.diff_id:
            yield f"layer {index}: diff_id is {layer.diff_id}, the same blob has {seen[digest]} elsewhere"


def _check_layer(layer: Layer, *, is_known: bool) -> Iterator[str]:
    """Yield the problems of one layer's content, and of its blob alone if the content is known."""
    raw = ChunkStream(_chunks(layer))
    try:
        if not is_known:
            yield from _check_content(raw, layer)
        # Broken content ends the reading early, and the digest is that of all bytes.
        raw.drain()
    except _UnreadableError as error:
        # The source compares the blob with its descriptor as well, and has stopped in the middle.
        yield str(error)
        return
    if raw.digest != layer.descriptor.digest:
        yield f"digest is {layer.descriptor.digest}, the content's {raw.digest}"
    if raw.size != layer.descriptor.size:
        yield f"size is {layer.descriptor.size}, the content's {raw.size}"


def _chunks(layer: Layer) -> Iterator[bytes]:
    """Yield the blob's bytes. Raises _UnreadableError, since an InputError would be taken for a bad archive."""
    try:
        yield from layer.chunks()
    except InputError as error:
        raise _UnreadableError(error.message) from error


def _check_content(raw: ChunkStream, layer: Layer) -> Iterator[str]:
    """Yield the problems of what a layer's blob unpacks to."""
    content = plain_content(raw, layer.descriptor.media_type)
    try:
        yield from _check_members(content)
        # A tar may end before its stream does, and the diff_id covers the rest.
        content.drain()
    except compression_errors() as error:
        yield f"not a whole compressed stream: {error}"
    else:
        if content.digest != layer.diff_id:
            yield f"diff_id is {layer.diff_id}, the content's {content.digest}"


def _check_members(content: ChunkStream) -> Iterator[str]:
    """Yield the problems of the entries of a layer's tar."""
    seen: set[str] = set()
    links: set[str] = set()
    try:
        with opened_tar(fileobj=cast("IO[bytes]", content), mode="r|") as tar:
            for member in members(tar):
                yield from _check_member(member, seen, links)
    except (tarfile.TarError, InputError) as error:
        yield f"not a tar archive: {error}"


def _check_member(member: tarfile.TarInfo, seen: set[str], links: set[str]) -> Iterator[str]:
    """Yield the problems of one entry; `seen` and `links` are the paths before it, and are added to."""
    if problem := _unsafe(member.name):
        yield f"unsafe path {member.name!r}: {problem}"
    # A symbolic link's target may be anything: it is followed inside the container, a hard link's while unpacking.
    if member.islnk() and (problem := _unsafe(member.linkname)):
        yield f"unsafe hard link {member.name!r} to {member.linkname!r}: {problem}"
    # `a` and `./a` are one file.
    path = posixpath.normpath(member.name)
    if path in seen:
        yield f"duplicate path {member.name!r}"
    seen.add(path)
    if member.issym():
        links.add(path)
    parent = posixpath.dirname(path)
    while parent:
        # Unpacking may write through the link, to wherever it leads.
        if parent in links:
            yield f"unsafe path {member.name!r}: {parent!r} is a symbolic link in the same layer"
        parent = "" if parent == "/" else posixpath.dirname(parent)


def _unsafe(name: str) -> str | None:
    """Return why a path could leave the root or means nothing; None if it is good."""
    if name.startswith("/"):
        return "it is absolute"
    if ".." in name.split("/"):
        return "it has a .. part"
    if posixpath.basename(name.rstrip("/")) == ".wh.":
        return "it is a whiteout of nothing"
    return None
