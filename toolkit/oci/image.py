"""An image: manifest and config as raw bytes, layers as descriptors with a way to read them.

Raw bytes decide identity, so they are kept as they came; the parsed views are for looking only. An image may
be lazy: a layer's bytes are fetched or made when somebody iterates over `Layer.chunks()`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from toolkit.oci.descriptor import Descriptor
from toolkit.oci.digest import Digest

# Each call starts the blob's compressed bytes from the beginning, in chunks of at most about a mebibyte.
Source = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One layer: the descriptor of its compressed bytes, the digest of its tar, and where the bytes come from.

    `origin` is the repository (`host/path`) the blob is known to be in, for cross-repository mounts.
    """

    descriptor: Descriptor
    diff_id: Digest
    chunks: Source
    origin: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """One platform's image. `media_type` is the manifest's (OCI or Docker schema 2)."""

    media_type: str
    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]

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

    def parsed_config(self) -> dict[str, Any]:
        """Parse the config, to look at; never re-encode it to hash."""
        parsed: dict[str, Any] = json.loads(self.config)
        return parsed
