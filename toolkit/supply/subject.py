"""The image that an SBOM is about."""

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.oci.image import Image

_LABEL = "org.opencontainers.image."


class Subject(Struct, frozen=True, kw_only=True):
    """What an image says of itself in its labels. `repository` is `host/path`; empty for one that is on no remote."""

    digest: Digest
    name: str
    version: str
    description: str
    licenses: tuple[str, ...]
    source: str
    created: str
    architecture: str
    repository: str = ""


def subject_of(image: Image, *, repository: str = "") -> Subject:
    """Return the subject that an image is."""
    config = image.parsed_config()
    labels = (config.get("config") or {}).get("Labels") or {}
    licenses = str(labels.get(f"{_LABEL}licenses", ""))
    return Subject(
        digest=image.digest,
        name=str(labels.get(f"{_LABEL}title") or repository.rpartition("/")[2] or "image"),
        version=str(labels.get(f"{_LABEL}version", "")),
        description=str(labels.get(f"{_LABEL}description", "")),
        licenses=(licenses,) if licenses else (),
        source=str(labels.get(f"{_LABEL}source", "")),
        created=str(config.get("created", "")),
        architecture=image.platform.architecture,
        repository=repository,
    )
