"""Descriptors, platforms and media types (OCI image specification: descriptor.md, media-types.md)."""

from collections.abc import Mapping
from platform import machine
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.digest import Digest
from toolkit.errors import InputError

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

# A size is an int64 (OCI image specification, descriptor.md).
_LARGEST = (1 << 63) - 1
_HINT = "expected an object with mediaType, digest and size"


class Platform(Struct, frozen=True, order=True):
    """An operating system and an architecture, in Go's words: `linux/amd64`, `linux/arm64/v8`."""

    os: str
    architecture: str
    variant: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Read `os/architecture[/variant]`. Raises InputError."""
        parts = text.split("/")
        if len(parts) not in {2, 3} or not all(parts):
            raise InputError(f"not a platform: {text!r}", hint="write it as linux/amd64 or linux/arm64")
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(Struct, frozen=True, kw_only=True):
    """Type, digest and size in bytes of a blob or manifest."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    platform: Platform | None = None

    @classmethod
    def from_dict(cls, data: Any) -> "Descriptor":  # noqa: ANN401 (a JSON value of any shape)
        """Read a descriptor from parsed JSON. Raises InputError when a required field is missing or of another type."""
        try:
            media_type, size = data["mediaType"], data["size"]
            digest = Digest.parse(data["digest"])
            annotations = {str(key): str(value) for key, value in (data.get("annotations") or {}).items()}
            platform = _platform(data["platform"]) if data.get("platform") else None
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"not a descriptor: {error!r} in {str(data)[:120]}", hint=_HINT) from error
        if not isinstance(media_type, str) or not isinstance(size, int) or not 0 <= size <= _LARGEST:
            raise InputError(f"not a descriptor: {str(data)[:120]}", hint=_HINT)
        return cls(media_type=media_type, digest=digest, size=size, annotations=annotations, platform=platform)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, keys in the order of the specification's examples."""
        data: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.annotations:
            # Sorted, so that equal descriptors give equal bytes.
            data["annotations"] = dict(sorted(self.annotations.items()))
        if self.platform:
            data["platform"] = {"architecture": self.platform.architecture, "os": self.platform.os}
            if self.platform.variant:
                data["platform"]["variant"] = self.platform.variant
        return data


def host_platform() -> Platform:
    """Name this machine's architecture as images do; the system is always Linux."""
    name = machine().lower()
    # Python has the kernel's words for architectures, images have Go's.
    return Platform("linux", {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name))


def _platform(data: Any) -> Platform:  # noqa: ANN401 (a JSON value of any shape)
    """Return a descriptor's platform. Raises KeyError or TypeError for another shape."""
    parts = (data["os"], data["architecture"], data.get("variant"))
    if not all(isinstance(part, str | None) for part in parts) or None in parts[:2]:
        raise TypeError(f"no platform: {data}")
    return Platform(*parts)
