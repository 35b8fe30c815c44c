"""An image: manifest and config as raw bytes, layers as descriptors with a way to read them.

Raw bytes decide identity, so they are kept as they came; the parsed views are for looking only. An image may be lazy: a
layer's bytes are fetched or made while `Layer.chunks()` is read.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.digest import Digest, canonical_json
from toolkit.oci.descriptor import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Platform,
)

# Each call starts the blob's compressed bytes from the beginning, in chunks of at most about a mebibyte.
Source = Callable[[], Iterator[bytes]]


class Layer(Struct, frozen=True, kw_only=True):
    """One layer: the descriptor of its compressed bytes, the digest of its tar, and where the bytes come from.

    `origin` is the repository (`host/path`) the blob is known to be in, for cross-repository mounts.
    """

    descriptor: Descriptor
    diff_id: Digest
    chunks: Source
    origin: str | None = None


class Image(Struct, frozen=True, kw_only=True):
    """One platform's image. `media_type` is the manifest's (OCI or Docker schema 2)."""

    media_type: str
    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, config: bytes, layers: Sequence[Layer]) -> "Image":
        """Return the image of a config and the layers that it names, in OCI's media types."""
        described = Descriptor(media_type=OCI_CONFIG, digest=Digest.of(config), size=len(config))
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": described.to_dict(),
            "layers": [layer.descriptor.to_dict() for layer in layers],
        }
        return cls(media_type=OCI_MANIFEST, manifest=canonical_json(manifest), config=config, layers=tuple(layers))

    @property
    def digest(self) -> Digest:
        """The manifest's digest: the image's identity on a remote."""
        return Digest.of(self.manifest)

    @property
    def descriptor(self) -> Descriptor:
        """Describe the manifest."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.manifest))

    @property
    def config_descriptor(self) -> Descriptor:
        """Describe the config, as the manifest does."""
        return Descriptor.from_dict(json.loads(self.manifest)["config"])

    @property
    def document(self) -> bytes:
        """The manifest's bytes, by the name that `ImageIndex` has for its own."""
        return self.manifest

    @property
    def images(self) -> "tuple[Image, ...]":
        """This one, as an index lists its images."""
        return (self,)

    @property
    def platform(self) -> Platform:
        """The platform that the config names."""
        config = self.parsed_config()
        return Platform(str(config.get("os")), str(config.get("architecture")), config.get("variant"))

    def parsed_config(self) -> dict[str, Any]:
        """Parse the config, to look at; never re-encode it to hash."""
        parsed: dict[str, Any] = json.loads(self.config)
        return parsed


class ImageIndex(Struct, frozen=True, kw_only=True):
    """One component's images for several platforms (OCI image specification, image-index.md; Docker: manifest list)."""

    media_type: str
    document: bytes
    images: tuple[Image, ...]

    @classmethod
    def of(cls, images: Sequence[Image], *, annotations: Mapping[str, str]) -> "ImageIndex":
        """List images of one family; a Docker manifest list has no annotations."""
        docker = images[0].media_type == DOCKER_MANIFEST
        parsed: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": DOCKER_INDEX if docker else OCI_INDEX,
            # Engines choose by the platform in the index, without fetching the configs.
            "manifests": [replace(image.descriptor, platform=image.platform).to_dict() for image in images],
        }
        if annotations and not docker:
            parsed["annotations"] = dict(annotations)
        data = canonical_json(parsed)
        return cls(media_type=parsed["mediaType"], document=data, images=tuple(images))

    @property
    def digest(self) -> Digest:
        """The index's digest: the identity of all the images together."""
        return Digest.of(self.document)

    @property
    def descriptor(self) -> Descriptor:
        """Describe the index."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.document))


# What a build returns: an image for one platform, an index for several.
Built = Image | ImageIndex
