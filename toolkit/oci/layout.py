"""OCI image layouts: a folder of blobs and an index (OCI image specification, image-layout.md)."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from toolkit.atomic import replacing, write_bytes
from toolkit.errors import InputError, Location, OutsideError
from toolkit.oci.descriptor import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Platform,
)
from toolkit.oci.digest import Digest
from toolkit.oci.image import Built, Image, Layer

REF_NAME = "org.opencontainers.image.ref.name"

_INDEXES = {OCI_INDEX, DOCKER_INDEX}
_MANIFESTS = {OCI_MANIFEST, DOCKER_MANIFEST}
_CHUNK = 1 << 20


def write_layout(built: Built, folder: Path, *, name: str | None = None) -> None:
    """Write an image or an index into the layout at `folder`, made if missing; blobs that are there already are kept.

    The layout's own index then names it alone, as `name` if one is given.
    """
    for image in built.images:
        for layer in image.layers:
            _write_blob(folder, layer.descriptor.digest, layer.chunks())
        _write_blob(folder, Digest.of(image.config), [image.config])
        _write_blob(folder, image.digest, [image.manifest])
    _write_blob(folder, built.digest, [built.document])
    descriptor = built.descriptor.to_dict()
    if name:
        descriptor["annotations"] = {REF_NAME: name}
    if isinstance(built, Image):
        descriptor["platform"] = {"architecture": built.platform.architecture, "os": built.platform.os}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor]}
    write_bytes(folder / "index.json", json.dumps(index, separators=(",", ":")).encode())
    write_bytes(folder / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')


def read_layout(folder: Path, *, platform: Platform, name: str | None = None) -> Image:
    """Read the image for `platform` from the layout at `folder`; layers are read when asked for, and verified.

    Raises InputError when `folder` is no layout, is damaged, or has no image of that platform or name.
    """
    if not (folder / "oci-layout").is_file():
        raise InputError(f"{folder} is not an OCI image layout", hint="expected the files oci-layout and index.json")
    index = _parsed(folder / "index.json")
    try:
        for descriptor in _manifests(folder, index):
            if name and descriptor.annotations.get(REF_NAME) != name:
                continue
            if image := _resolve(folder, descriptor, platform):
                return image
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"the layout {folder} is damaged: {error!r}", hint="make it again") from error
    wanted = f"{name!r} for {platform}" if name else f"an image for {platform}"
    raise InputError(f"the layout {folder} does not have {wanted}", hint="look into its index.json")


def _resolve(folder: Path, descriptor: Descriptor, platform: Platform) -> Image | None:
    if descriptor.media_type in _INDEXES:
        index = json.loads(_blob(folder, descriptor))
        for inner in _manifests(folder, index):
            if image := _resolve(folder, inner, platform):
                return image
        return None
    if descriptor.media_type not in _MANIFESTS:
        return None
    manifest = _blob(folder, descriptor)
    parsed = json.loads(manifest)
    config = _blob(folder, Descriptor.from_dict(parsed["config"]))
    settings = json.loads(config)
    if (settings.get("os"), settings.get("architecture")) != (platform.os, platform.architecture):
        return None
    layers = [Descriptor.from_dict(layer) for layer in parsed["layers"]]
    diff_ids = [Digest.parse(text) for text in settings["rootfs"]["diff_ids"]]
    if len(layers) != len(diff_ids):
        raise InputError(f"{folder}: the image has {len(layers)} layers and {len(diff_ids)} diff_ids")
    return Image(
        media_type=descriptor.media_type,
        manifest=manifest,
        config=config,
        layers=tuple(
            Layer(descriptor=layer, diff_id=diff_id, chunks=partial(_verified, folder, layer))
            for layer, diff_id in zip(layers, diff_ids, strict=True)
        ),
    )


def _manifests(folder: Path, index: dict[str, Any]) -> list[Descriptor]:
    entries = index.get("manifests")
    if not isinstance(entries, list):
        raise InputError(f"{folder}: the index has no list of manifests")
    return [Descriptor.from_dict(entry) for entry in entries]


def _blob(folder: Path, descriptor: Descriptor) -> bytes:
    return b"".join(_verified(folder, descriptor))


def _verified(folder: Path, descriptor: Descriptor) -> Iterator[bytes]:
    path = folder / "blobs" / "sha256" / descriptor.digest.hex
    hasher, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                hasher.update(chunk)
                size += len(chunk)
                yield chunk
    except OSError as error:
        raise OutsideError(f"cannot read the blob {path}: {error.strerror}") from error
    if hasher.hexdigest() != descriptor.digest.hex:
        raise InputError(f"the blob {path} is damaged: its sha256 is {hasher.hexdigest()}")
    if size != descriptor.size:
        raise InputError(f"the blob {path} has {size} bytes, its descriptor says {descriptor.size}")


def _write_blob(folder: Path, digest: Digest, chunks: Iterable[bytes]) -> None:
    path = folder / "blobs" / "sha256" / digest.hex
    if path.is_file():
        return
    hasher = hashlib.sha256()
    with replacing(path) as stream:
        for chunk in chunks:
            hasher.update(chunk)
            stream.write(chunk)
        if hasher.hexdigest() != digest.hex:
            raise OutsideError(f"a blob that should be {digest} turned out to be sha256:{hasher.hexdigest()}")


def _parsed(path: Path) -> dict[str, Any]:
    try:
        parsed = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"not readable as JSON: {error}", where=Location(path=path)) from error
    if not isinstance(parsed, dict):
        raise InputError("not a JSON object", where=Location(path=path))
    return parsed
