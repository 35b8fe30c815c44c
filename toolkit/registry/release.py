"""A release and its record in the registry: what was published, when, and the digests of its parts."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError, OutsideError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.registry.names import Name, check_part
from toolkit.registry.semver import Version, parse_version

API = 1
CONTRACT = "component.yaml"
README = "README.md"


class ReleaseFile(Struct, frozen=True, kw_only=True):
    """A file that a release has besides its contract; `path` has `/` between its parts, `size` is in bytes."""

    path: str
    digest: Digest
    size: int


class Release(Struct, frozen=True, kw_only=True):
    """One published version of one component; never changed afterwards.

    `digest` is the component digest, the sha256 of the LF-normalised contract. `published` is UTC, as
    `2025-01-31T12:00:00Z`. `files` are README.md, LICENSE, CHANGELOG.md and examples, in the order of their paths.
    `licenses` is an SPDX expression; `source` and `revision` are the repository and the commit; `platforms` are those
    of the image, such as `linux/amd64`, and empty if they are not known.
    """

    name: Name
    version: Version
    digest: Digest
    image: str
    title: str
    description: str
    interface: Interface
    published: str
    by: str | None = None
    files: tuple[ReleaseFile, ...] = ()
    licenses: str | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str | None = None
    revision: str | None = None
    platforms: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def digest_of(self, path: str) -> Digest:
        """Return the digest of the contract or of another file. Raises KeyError for a file that it has not."""
        digests = {CONTRACT: self.digest} | {file.path: file.digest for file in self.files}
        return digests[path]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON data; its checksum is of all the rest."""
        record = self._to_dict()
        return record | {"checksum": _checksum(record)}

    def _to_dict(self) -> dict[str, Any]:
        """Return the record without its checksum."""
        return {
            "api": API,
            "namespace": self.name.namespace,
            "name": self.name.name,
            "version": str(self.version),
            "digest": str(self.digest),
            "image": self.image,
            "title": self.title,
            "description": self.description,
            "interface": interface_to_dict(self.interface),
            "interface_digest": str(interface_digest(self.interface)),
            "published": self.published,
            "by": self.by,
            "files": {file.path: {"digest": str(file.digest), "size": file.size} for file in self.files},
            "licenses": self.licenses,
            "authors": list(self.authors),
            "tags": list(self.tags),
            "source": self.source,
            "revision": self.revision,
            "platforms": list(self.platforms),
        }

    def to_bytes(self) -> bytes:
        """Return the bytes of the record's file."""
        return (json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Release":
        """Read a record. Raises InputError that names the first invalid part."""
        if data.get("api") != API:
            raise InputError(f"api is {data.get('api')!r}, expected {API}", hint="a newer comp may have written it")
        release = cls(
            name=Name(
                check_part(_text(data, "namespace"), "namespace"), check_part(_text(data, "name"), "component name")
            ),
            version=parse_version(_text(data, "version")),
            digest=Digest.parse(_text(data, "digest")),
            image=_text(data, "image"),
            title=_text(data, "title"),
            description=_text(data, "description"),
            interface=interface_from_dict(_mapping(data.get("interface"), "interface")),
            published=_text(data, "published"),
            by=_optional(data, "by"),
            files=tuple(_file(path, value) for path, value in _mapping(data.get("files"), "files").items()),
            licenses=_optional(data, "licenses"),
            authors=_texts(data, "authors"),
            tags=_texts(data, "tags"),
            source=_optional(data, "source"),
            revision=_optional(data, "revision"),
            platforms=_texts(data, "platforms"),
        )
        rest = {key: value for key, value in data.items() if key != "checksum"}
        if data.get("checksum") != _checksum(rest):
            raise InputError(
                "its checksum is not that of its content: it was changed after it was published",
                hint="restore the registry's file from a copy; releases never change",
            )
        # An interface that was edited by hand would mislead those who compare releases by its digest.
        if data.get("interface_digest") != str(interface_digest(release.interface)):
            raise InputError("interface_digest does not belong to the interface")
        return release


def read_record(data: bytes, name: Name, version: Version, *, where: str) -> Release:
    """Read the record of one release, which lies at `where`. Raises OutsideError if it is damaged or another's."""
    try:
        release = Release.from_dict(json.loads(data))
    except (ValueError, AttributeError, RecursionError, InputError) as error:
        raise OutsideError(f"the registry's record {where} is damaged: {error}") from error
    if (release.name, release.version) != (name, version):
        raise OutsideError(f"the registry's record {where} is of {release}")
    return release


def interface_digest(interface: Interface) -> Digest:
    """Return the digest of what callers depend on: names, types, kinds, defaults and order, without descriptions."""
    data = interface_to_dict(interface)
    # A better description breaks no caller, so it does not change the digest.
    bare = {
        key: [{part: port[part] for part in port if part != "description"} for port in data[key]]
        for key in sorted(data)
    }
    return Digest.of(canonical_json(bare, ascii_only=True))


def interface_to_dict(interface: Interface) -> dict[str, Any]:
    """Return an interface as JSON data."""
    return {
        "inputs": [
            {
                "name": port.name,
                "type": port.type,
                "kind": port.kind.value,
                "description": port.description,
                "default": port.default,
                "optional": port.optional,
            }
            for port in interface.inputs
        ],
        "outputs": [
            {"name": port.name, "type": port.type, "kind": port.kind.value, "description": port.description}
            for port in interface.outputs
        ],
    }


def interface_from_dict(data: Mapping[str, Any]) -> Interface:
    """Read an interface. Raises InputError that names the first invalid part."""
    return Interface(
        inputs=tuple(
            Input(
                name=_text(port, "name"),
                type=_text(port, "type"),
                kind=_kind(port),
                description=_text(port, "description"),
                default=_optional(port, "default"),
                optional=port.get("optional") is True,
            )
            for port in _list(data, "inputs")
        ),
        outputs=tuple(
            Output(
                name=_text(port, "name"),
                type=_text(port, "type"),
                kind=_kind(port),
                description=_text(port, "description"),
            )
            for port in _list(data, "outputs")
        ),
    )


def _checksum(record: Mapping[str, Any]) -> str:
    """Return the digest of a record, by which changes by hand and by faults of the disk are noticed."""
    # Readers of foreign records call this, and JSON may hold lone surrogates.
    return str(Digest.of(canonical_json(record, ascii_only=True)))


def _text(data: Mapping[str, Any], key: str) -> str:
    """Return the text under a key. Raises InputError for any other value."""
    value = data.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key} is {value!r}, expected a text")
    return value


def _optional(data: Mapping[str, Any], key: str) -> str | None:
    """Return the text under a key; None if it is missing or null."""
    return None if data.get(key) is None else _text(data, key)


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts under a key. Raises InputError for any other value."""
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{key} is {value!r}, expected a list of texts")
    return tuple(value)


def _file(path: str, data: object) -> ReleaseFile:
    """Read a file of a release. Raises InputError for a path that would leave a folder."""
    parts = path.split("/")
    # Readers write these files below a folder of theirs.
    if any(part in {"", ".", ".."} or "\\" in part or not part.isprintable() for part in parts):
        raise InputError(f"files has the path {path!r}, expected plain names with / between them")
    described = _mapping(data, f"the file {path}")
    size = described.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise InputError(f"the size of {path} is {size!r}, expected a number of bytes")
    return ReleaseFile(path=path, digest=Digest.parse(_text(described, "digest")), size=size)


def _kind(data: Mapping[str, Any]) -> Kind:
    """Return the kind of a port. Raises InputError for any other text."""
    text = _text(data, "kind")
    if text not in {kind.value for kind in Kind}:
        raise InputError(f"kind is {text!r}, expected parameter or artifact")
    return Kind(text)


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    """Return a mapping. Raises InputError for any other value."""
    if not isinstance(value, dict):
        raise InputError(f"{what} is {value!r}, expected a mapping")
    return value


def _list(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the mappings under a key. Raises InputError for any other value."""
    value = data.get(key)
    if not isinstance(value, list):
        raise InputError(f"{key} is {value!r}, expected a list")
    return [_mapping(item, f"an item of {key}") for item in value]
