"""Copy images as they are, with every platform and attestation, between distribution servers and layouts.

Manifests keep their bytes, and layers their compression, so that a copy has the digest of its original.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from toolkit.oci.document import LARGEST_DOCUMENT, parse_document
from toolkit.oci.image import Image, ImageIndex, Layer
from toolkit.oci.layout_store import LayoutStore
from toolkit.oci.reference import Reference
from toolkit.progress import Report, silent
from toolkit.remote.client import Remote

log = logging.getLogger(__name__)

# An index may name further indexes (image specification, image-index.md).
_MAX_DEPTH = 3
_INDEXES = {OCI_INDEX, DOCKER_INDEX}
# Layers that may not be passed on, which their own servers keep (image specification, layer.md).
_ELSEWHERE = ("nondistributable", "foreign")


class Document(Struct, frozen=True, kw_only=True):
    """A manifest or index as it is: its bytes, and what they say."""

    data: bytes
    parsed: dict[str, Any]
    media_type: str

    @property
    def descriptor(self) -> Descriptor:
        """Describe the document."""
        return Descriptor(media_type=self.media_type, digest=Digest.of(self.data), size=len(self.data))


class Source(Protocol):
    """Where images are read."""

    def document(self, image: Reference) -> Document:
        """Return a manifest or index, verified. Raises InputError if it is missing, OutsideError if it is damaged."""

    def chunks(self, image: Reference, blob: Descriptor) -> Iterator[bytes]:
        """Yield the bytes of a blob of an image; the reader verifies them."""


class Target(Protocol):
    """Where images are written."""

    def has(self, image: Reference) -> bool:
        """Return whether an image by digest is there with all of its parts."""

    def put(self, built: Image | ImageIndex, place: Reference, name: str | None) -> None:
        """Write a manifest or index after its blobs; `name` is given for the whole image alone."""


def copy_image(source: Source, image: Reference, target: Target, place: Reference) -> Digest:
    """Make `place`'s repository have an image, and return its digest. Sends only what is missing there.

    Raises InputError if the image is missing, OutsideError if a part of it cannot be read, is damaged, or cannot be
    written.
    """
    # A tag is looked up: only a digest can be compared.
    if image.digest and target.has(place.with_digest(image.digest)):
        return image.digest
    document = source.document(image)
    digest = document.descriptor.digest
    if not target.has(place.with_digest(digest)):
        _copy(source, image, target, place, document, depth=0)
    return digest


def found_image(source: Source, image: Reference, target: Target, place: Reference) -> Digest:
    """Return the digest of an image that `copy_image` could copy, or has copied; nothing is written.

    Only its manifest is read. Raises InputError if the image is missing, OutsideError if it cannot be read.
    """
    if image.digest and target.has(place.with_digest(image.digest)):
        return image.digest
    return source.document(image).descriptor.digest


def _copy(source: Source, image: Reference, target: Target, place: Reference, document: Document, depth: int) -> None:
    """Copy what a document names, then the document."""
    name = None if depth else f"sha-{document.descriptor.digest.hex[:12]}"
    if document.media_type not in _INDEXES:
        target.put(_image(source, image, document), place, name)
        return
    if depth == _MAX_DEPTH:
        raise OutsideError(f"{image} is an index of indexes of indexes", hint="name its image by digest")
    for entry in _descriptors(document, "manifests", image):
        inner = image.with_digest(entry.digest)
        if not target.has(place.with_digest(entry.digest)):
            _copy(source, inner, target, place, source.document(inner), depth + 1)
    target.put(ImageIndex(media_type=document.media_type, document=document.data, images=()), place, name)


def _image(source: Source, image: Reference, document: Document) -> Image:
    """Return the image of a manifest, whose layers are read when they are sent."""
    (described,) = _descriptors(document, "config", image)
    if described.size > LARGEST_DOCUMENT:
        raise OutsideError(f"the config of {image} has {described.size} bytes, which none has")
    config = b"".join(source.chunks(image, described))
    if Digest.of(config) != described.digest:
        raise OutsideError(f"the config of {image} is damaged: its digest is {Digest.of(config)}")
    layers = [
        Layer(
            descriptor=blob,
            # Only those who unpack it need that of its content.
            diff_id=blob.digest,
            chunks=_chunks_of(source, image, blob),
            origin=image.name,
        )
        for blob in _descriptors(document, "layers", image)
        if not any(word in blob.media_type for word in _ELSEWHERE)
    ]
    return Image(media_type=document.media_type, manifest=document.data, config=config, layers=tuple(layers))


def _chunks_of(source: Source, image: Reference, blob: Descriptor) -> Callable[[], Iterator[bytes]]:
    """Return the source of a layer's bytes."""
    return lambda: source.chunks(image, blob)


def _descriptors(document: Document, key: str, image: Reference) -> list[Descriptor]:
    """Return the descriptors under a key. Raises OutsideError for anything else."""
    value = document.parsed.get(key)
    try:
        return [Descriptor.from_dict(entry) for entry in (value if isinstance(value, list) else [value])]
    except InputError as error:
        raise OutsideError(f"the manifest of {image} is broken: {key}: {error.message}") from error


def read_as_document(data: bytes, image: Reference) -> Document:
    """Read a manifest or index. Raises OutsideError for anything else."""
    try:
        parsed = parse_document(data)
    except InputError as error:
        raise OutsideError(f"the manifest of {image} is broken: {error.message}") from error
    kinds = (OCI_INDEX, DOCKER_INDEX) if "manifests" in parsed else (OCI_MANIFEST, DOCKER_MANIFEST)
    if ("manifests" in parsed) == ("layers" in parsed):
        # Two clients could read such a document as two different images (CVE-2021-41190).
        raise OutsideError(f"the manifest of {image} is neither that of an image nor an index")
    declared = str(parsed.get("mediaType") or kinds[0])
    if declared not in kinds:
        raise OutsideError(f"the manifest of {image} is of the type {declared[:80]}")
    return Document(data=data, parsed=parsed, media_type=declared)


class RemoteImages:
    """Images on distribution servers, to read and to write; `sent` gets the size of each part that is sent."""

    def __init__(
        self, remote: Remote, *, report: Report = silent, sent: Callable[[int], object] = lambda _: None
    ) -> None:
        self._remote, self._report, self._sent = remote, report, sent

    def document(self, image: Reference) -> Document:
        """Return a manifest or index."""
        found = self._remote.manifest(image, mirrors=True)
        if found is None:
            raise InputError(f"the image {image} is not on its remote")
        return read_as_document(found.data, image)

    def chunks(self, image: Reference, blob: Descriptor) -> Iterator[bytes]:
        """Yield the bytes of a blob."""
        return self._remote.read_blob(image, blob)

    def has(self, image: Reference) -> bool:
        """Return whether an image is there: a server that has a manifest has its parts."""
        return self._remote.tagged(image) == image.digest

    def put(self, built: Image | ImageIndex, place: Reference, name: str | None) -> None:
        """Send an image, with a tag for the whole one: servers may collect what has none."""
        self._remote.push(built, place, tags=[name] if name else [], report=self._report, sent=self._sent)


class LayoutImages:
    """Images in a layout, each under the name that contracts have for it."""

    def __init__(self, store: LayoutStore, *, sent: Callable[[int], object] = lambda _: None) -> None:
        self._store, self._sent = store, sent

    def document(self, image: Reference) -> Document:
        """Return a manifest or index: by its digest, or by the name of its image."""
        size = self._store.size_of(image.digest) if image.digest else None
        found = self._store.find(str(image)) if size is None else None
        if image.digest and size is not None:
            found = Descriptor(media_type=OCI_MANIFEST, digest=image.digest, size=size)
        if found is None or found.size > LARGEST_DOCUMENT:
            raise InputError(f"the layout does not have the image {image}")
        return read_as_document(b"".join(self._store.chunks(found)), image)

    def chunks(self, image: Reference, blob: Descriptor) -> Iterator[bytes]:
        """Yield the bytes of a blob."""
        del image
        return self._store.chunks(blob)

    def has(self, image: Reference) -> bool:
        """Return whether an image is there: a manifest is written after its parts."""
        return image.digest is not None and self._store.size_of(image.digest) is not None

    def put(self, built: Image | ImageIndex, place: Reference, name: str | None) -> None:
        """Write an image; the whole one gets a name in the layout's index."""
        for each in built.images:
            for blob in (*each.layers, _config(each)):
                if self._store.add(blob.descriptor, blob.chunks):
                    self._sent(blob.descriptor.size)
        self._store.add(built.descriptor, lambda: [built.document])
        if name:
            self._store.name(built.descriptor, str(place.with_digest(built.digest)))


def _config(image: Image) -> Layer:
    """Return the config as a layer: it is one more blob."""
    descriptor = image.config_descriptor
    return Layer(descriptor=descriptor, diff_id=descriptor.digest, chunks=lambda: iter([image.config]))
