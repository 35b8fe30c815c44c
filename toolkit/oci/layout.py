"""OCI image layouts: a folder of blobs and an index (OCI image specification, image-layout.md)."""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import RECORD_SIZE
from toolkit.oci.descriptor import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Platform,
)
from toolkit.oci.document import LARGEST_DOCUMENT, parse_document, read_config
from toolkit.oci.image import Built, Image, Layer
from toolkit.system.atomic import made_parents, replacing, write_bytes
from toolkit.system.reading import read_foreign

REF_NAME = "org.opencontainers.image.ref.name"

_INDEXES = {OCI_INDEX, DOCKER_INDEX}
_MANIFESTS = {OCI_MANIFEST, DOCKER_MANIFEST}
_CHUNK = 1 << 20
_VERIFY = "`comp cache verify` removes what is damaged; then try again"
_DAMAGED = "make it again, or copy it again from where it came"


def write_layout(built: Built, folder: Path, *, name: str | None = None) -> None:
    """Write an image or an index into the layout at `folder`, made if missing; blobs that are there already are kept.

    The layout's index then names only this image, as `name` if that is given. After a failure the layout is as it was.
    """
    with made_parents(folder / "blobs" / "sha256" / built.digest.hex), ExitStack() as undoing:
        for digest, chunks in _blobs(built):
            path = folder / "blobs" / "sha256" / digest.hex
            if not path.is_file():
                # Only blobs that this call writes are removed: others may belong to images that were there before.
                undoing.callback(path.unlink, missing_ok=True)
                write_blob(path, digest, chunks())
        # Last, so that the index never names a blob that is not there yet.
        _write_index(built, folder, name)
        undoing.pop_all()


def _blobs(built: Built) -> Iterator[tuple[Digest, Callable[[], Iterable[bytes]]]]:
    """List the blobs of an image: each digest, and the source of its bytes."""
    for image in built.images:
        for layer in image.layers:
            yield layer.descriptor.digest, layer.chunks
        yield Digest.of(image.config), partial(iter, [image.config])
        yield image.digest, partial(iter, [image.manifest])
    yield built.digest, partial(iter, [built.document])


def _write_index(built: Built, folder: Path, name: str | None) -> None:
    """Write the files that make the folder a layout of this one image."""
    descriptor = built.descriptor.to_dict()
    if name:
        descriptor["annotations"] = {REF_NAME: name}
    # An index has several platforms, and lists them itself.
    if isinstance(built, Image):
        descriptor["platform"] = {"architecture": built.platform.architecture, "os": built.platform.os}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor]}
    write_bytes(folder / "index.json", json.dumps(index, separators=(",", ":")).encode())
    write_bytes(folder / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')


def read_layout(folder: Path, *, platform: Platform, name: str | None = None) -> Image:
    """Read the image for `platform` from the layout at `folder`; layers are read when asked for, and verified.

    Raises InputError if `folder` is not a layout, is damaged, or has no image of that platform or name.
    """
    if not (folder / "oci-layout").is_file():
        raise InputError(f"{folder} is not an OCI image layout", hint="expected the files oci-layout and index.json")
    reader = _Reader(folder, platform)
    try:
        index = parsed_file(folder / "index.json")
        for descriptor in _manifests(index):
            if name and descriptor.annotations.get(REF_NAME) != name:
                continue
            if image := reader.resolve(descriptor):
                return image
    # Indexes may nest without end; RecursionError is then where they stop.
    except (InputError, RecursionError, KeyError) as error:
        raise InputError(f"the layout {folder} is damaged: {error}", hint=_DAMAGED) from error
    wanted = f"{name!r} for {platform}" if name else f"an image for {platform}"
    there = ", ".join(sorted(reader.others))
    raise InputError(
        f"the layout {folder} does not have {wanted}", hint=f"it has {there}" if there else "look into its index.json"
    )


def layout_platforms(folder: Path) -> tuple[str, ...]:
    """List the platforms of the images in a layout. Raises as `read_layout` does."""
    # No image suits this platform, so the reader meets all of them.
    reader = _Reader(folder, Platform("none", "none"))
    for descriptor in _manifests(parsed_file(folder / "index.json")):
        reader.resolve(descriptor)
    return tuple(sorted(reader.others))


def layout_digest(folder: Path) -> Digest:
    """Return the digest of the first image or index that a layout names. Raises InputError if it names none."""
    for descriptor in _manifests(parsed_file(folder / "index.json")):
        return descriptor.digest
    raise InputError(f"the layout {folder} names no image", hint=_DAMAGED)


class _Reader:
    """Looks for one platform's image in a layout; `others` are the platforms met on the way."""

    def __init__(self, folder: Path, platform: Platform) -> None:
        self.others: set[str] = set()
        self._folder = folder
        self._platform = platform
        # An index may name another many times over, and that one a third: each is looked into once.
        self._seen: set[Digest] = set()

    def resolve(self, descriptor: Descriptor) -> Image | None:
        """Find the image in what a descriptor of an index leads to; None when it is not there."""
        if descriptor.digest in self._seen:
            return None
        if descriptor.media_type in _INDEXES:
            self._seen.add(descriptor.digest)
            inner = _manifests(parse_document(read_document_blob(self._folder, descriptor)))
            return next((image for entry in inner if (image := self.resolve(entry))), None)
        # Attestations are listed as manifests for a platform that does not exist. Images for other platforms may be
        # missing: a layout may hold a part of what its index names.
        if descriptor.media_type not in _MANIFESTS or (descriptor.platform and not self._suits(descriptor.platform)):
            return None
        self._seen.add(descriptor.digest)
        manifest = read_document_blob(self._folder, descriptor)
        parsed = parse_document(manifest)
        data = read_document_blob(self._folder, Descriptor.from_dict(parsed["config"]))
        config = read_config(data)
        if not self._suits(config.platform):
            return None
        listed = parsed["layers"]
        if not isinstance(listed, list) or len(listed) != len(config.diff_ids):
            count = len(listed) if isinstance(listed, list) else "no"
            raise InputError(f"an image has {count} layers and {len(config.diff_ids)} diff_ids")
        layers = [Descriptor.from_dict(layer) for layer in listed]
        return Image(
            media_type=descriptor.media_type,
            manifest=manifest,
            config=data,
            layers=tuple(
                Layer(descriptor=layer, diff_id=diff_id, chunks=partial(verified_blob, self._folder, layer))
                for layer, diff_id in zip(layers, config.diff_ids, strict=True)
            ),
        )

    def _suits(self, platform: Platform) -> bool:
        """Return whether a platform is the wanted one, whatever its variant, and note it if not."""
        if (platform.os, platform.architecture) == (self._platform.os, self._platform.architecture):
            return True
        # BuildKit's attestations are for unknown/unknown, which helps no reader of an error.
        if platform.os != "unknown":
            self.others.add(str(platform))
        return False


def _manifests(index: dict[str, Any]) -> list[Descriptor]:
    """Return the descriptors that an index lists. Raises InputError."""
    entries = index.get("manifests")
    if not isinstance(entries, list):
        raise InputError("the index has no list of manifests")
    return [Descriptor.from_dict(entry) for entry in entries]


def read_document_blob(folder: Path, descriptor: Descriptor) -> bytes:
    """Return the bytes of a manifest, index or config. Raises InputError for one that is too large."""
    if descriptor.size > LARGEST_DOCUMENT:
        raise InputError(f"{descriptor.digest} has {descriptor.size} bytes, which no {descriptor.media_type} has")
    return b"".join(verified_blob(folder, descriptor))


def verified_blob(folder: Path, descriptor: Descriptor) -> Iterator[bytes]:
    """Yield a blob's bytes. Raises InputError, at the end too, if it is not what the descriptor says."""
    path = folder / "blobs" / "sha256" / descriptor.digest.hex
    hasher = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            facts = os.fstat(stream.fileno())
            size = facts.st_size
            # A device has no bytes, and never ends.
            if size != descriptor.size or not stat.S_ISREG(facts.st_mode):
                raise InputError(
                    f"the blob {path} has {size} bytes, its descriptor says {descriptor.size}", hint=_DAMAGED
                )
            while chunk := stream.read(_CHUNK):
                hasher.update(chunk)
                yield chunk
    except FileNotFoundError:
        raise InputError(f"the blob {path} is missing", hint=_DAMAGED) from None
    except OSError as error:
        raise OutsideError(f"cannot read the blob {path}: {error.strerror}", hint=_DAMAGED) from error
    # At the end, after the bytes have been yielded: a reader must not keep them before the iterator ends.
    if hasher.hexdigest() != descriptor.digest.hex:
        raise InputError(f"the blob {path} is damaged: its sha256 is {hasher.hexdigest()}", hint=_DAMAGED)


def write_blob(path: Path, digest: Digest, chunks: Iterable[bytes]) -> None:
    """Write a blob, which appears only when it is whole. Raises OutsideError for another digest."""
    hasher = hashlib.sha256()
    with replacing(path) as stream:
        for chunk in chunks:
            hasher.update(chunk)
            stream.write(chunk)
        # Inside `replacing`, so that no file of this name appears.
        if hasher.hexdigest() != digest.hex:
            raise OutsideError(
                f"a blob that should be {digest} turned out to be sha256:{hasher.hexdigest()}", hint=_VERIFY
            )


def parsed_file(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises InputError naming the file."""
    try:
        return parse_document(read_foreign(path, RECORD_SIZE))
    except (OSError, InputError) as error:
        raise InputError(f"{path.name}: {error}", where=Location(path=path)) from error
