"""A release as an artifact: the interface is the config, and the record and each file are layers.

`oras pull` and other tools get the files by the titles of the layers, and see who published what in the annotations.
OCI image specification 1.1, manifest.md, "Guidelines for Artifact Usage"; annotations.md.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.oci.descriptor import OCI_MANIFEST, Descriptor
from toolkit.oci.document import parse_document
from toolkit.oci.image import Image, Layer
from toolkit.registry.release import CONTRACT, Release, interface_digest, interface_to_dict

RELEASE_TYPE = "application/vnd.comp.component.v1+json"
# The config's, which servers and tools older than `artifactType` take for the artifact's.
INTERFACE_TYPE = "application/vnd.comp.component.interface.v1+json"
RECORD_TYPE = "application/vnd.comp.component.record.v1+json"
CONTRACT_TYPE = "application/vnd.comp.component.contract.v1+yaml"
FILE_TYPE = "application/vnd.comp.component.file.v1"
TITLE = "org.opencontainers.image.title"
RECORD, INTERFACE = "release.json", "interface.json"
# Bytes of all annotations. Servers without a list of referrers keep copies of them in an index of their own.
_ANNOTATIONS = 4_000
_OCI = "org.opencontainers.image."
_OWN = "dev.comp.component."
# Letters of a description: what fits a line or two.
_DESCRIPTION = 300


class Parts(Struct, frozen=True, kw_only=True):
    """What a release's manifest names: the interface, the record, and the files by their paths."""

    manifest: Digest
    interface: Descriptor
    record: Descriptor
    files: Mapping[str, Descriptor]

    @property
    def blobs(self) -> frozenset[Digest]:
        """The digests of all blobs."""
        every = (self.interface, self.record, *self.files.values())
        return frozenset(part.digest for part in every)


def release_artifact(release: Release, contents: Mapping[str, bytes]) -> Image:
    """Return the artifact of a release, whose files have these contents by path.

    Raises InputError for content that is not what the release names.
    """
    paths = (CONTRACT, *(file.path for file in release.files if file.path != CONTRACT))
    for path in paths:
        if path not in contents or Digest.of(contents[path]) != release.digest_of(path):
            raise InputError(f"the content of {path} is not that of {release}")
    interface = interface_bytes(release)
    layers = (
        # A release may have a file of this name, which then is the one that strangers get.
        blob(release.to_bytes(), RECORD_TYPE, title=None if RECORD in paths else RECORD),
        *(blob(contents[path], CONTRACT_TYPE if path == CONTRACT else FILE_TYPE, title=path) for path in paths),
    )
    title = None if INTERFACE in paths else INTERFACE
    return artifact(RELEASE_TYPE, interface, INTERFACE_TYPE, layers, annotations(release), title=title)


def interface_bytes(release: Release) -> bytes:
    """Return the config of a release: its interface, in equal bytes for equal interfaces."""
    return canonical_json(interface_to_dict(release.interface)) + b"\n"


def artifact(
    kind: str,
    config: bytes,
    config_type: str,
    layers: Iterable[Layer] = (),
    notes: Mapping[str, str] | None = None,
    *,
    title: str | None = None,
) -> Image:
    """Return an artifact of a kind with a config, which tools write to a file `title`, layers and annotations."""
    described = blob(config, config_type, title=title).descriptor
    every = tuple(layers)
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": described.to_dict(),
        # Some servers refuse a manifest without layers (image specification, manifest.md, "layers").
        "layers": [layer.descriptor.to_dict() for layer in every] or [described.to_dict()],
    }
    if notes:
        manifest["annotations"] = dict(notes)
    return Image(media_type=OCI_MANIFEST, manifest=canonical_json(manifest), config=config, layers=every)


def blob(data: bytes, media_type: str, *, title: str | None) -> Layer:
    """Return bytes as a layer, which tools write to a file of this title."""
    digest = Digest.of(data)
    notes = {TITLE: title} if title else {}
    described = Descriptor(media_type=media_type, digest=digest, size=len(data), annotations=notes)
    return Layer(descriptor=described, diff_id=digest, chunks=lambda: iter([data]))


def annotations(release: Release) -> dict[str, str]:
    """Return the annotations of a release, less than 4 kB together: what does not fit is in the record alone."""
    values = {
        f"{_OWN}name": str(release.name),
        f"{_OCI}version": str(release.version),
        f"{_OWN}digest": str(release.digest),
        f"{_OWN}interface-digest": str(interface_digest(release.interface)),
        f"{_OCI}created": release.published,
        f"{_OWN}image": release.image,
        f"{_OCI}title": release.title,
        f"{_OCI}licenses": release.licenses,
        f"{_OCI}source": release.source,
        f"{_OCI}revision": release.revision,
        f"{_OCI}authors": ", ".join(release.authors),
        f"{_OWN}tags": ",".join(release.tags),
        f"{_OCI}description": _first_words(release.description),
    }
    kept, left = dict[str, str](), _ANNOTATIONS
    for key, value in values.items():
        # As in JSON, with quotes, colon and comma.
        size = len(canonical_json({key: value}))
        if value and size <= left:
            kept[key] = value
            left -= size
    return kept


def read_parts(manifest: bytes, digest: Digest) -> Parts:
    """Read the manifest of a release. Raises InputError for one of another type, or without its parts."""
    document = parse_document(manifest)
    check_type(document, INTERFACE_TYPE)
    layers = document.get("layers")
    described = [Descriptor.from_dict(layer) for layer in layers] if isinstance(layers, list) else []
    records = [layer for layer in described if layer.media_type == RECORD_TYPE]
    files = {
        layer.annotations.get(TITLE, ""): layer for layer in described if layer.media_type in {CONTRACT_TYPE, FILE_TYPE}
    }
    if len(records) != 1 or CONTRACT not in files:
        raise InputError(f"it has {len(records)} records and {len(files)} files, expected a record and {CONTRACT}")
    return Parts(manifest=digest, interface=Descriptor.from_dict(document["config"]), record=records[0], files=files)


def check_type(document: Mapping[str, Any], expected: str) -> None:
    """Raise InputError unless the config of a manifest has this media type."""
    config = document.get("config")
    found = config.get("mediaType") if isinstance(config, dict) else document.get("mediaType", "no manifest")
    if found != expected:
        raise InputError(f"it is {str(found)[:100]}, expected {expected}")


def _first_words(text: str) -> str:
    """Return the first paragraph of a text on one line, or as much of it as fits."""
    line = " ".join(text.strip().partition("\n\n")[0].split())
    return line if len(line) <= _DESCRIPTION else f"{line[: _DESCRIPTION - 1]}…"
