"""A release and its record in the registry: what was published, when, and the digests of its parts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.registry.names import Name, check_part
from toolkit.registry.semver import Version, parse_version
from toolkit.spec.schema_header import without_schema_header

API = 1


class Release(Struct, frozen=True, kw_only=True):
    """One published version of one component; never changed afterwards.

    `digest` is the component digest, the sha256 of the LF-normalised contract. `published` is UTC, as
    `2025-01-31T12:00:00Z`. `readme` is the digest of a blob.
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
    readme: Digest | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def matches(self, words: Iterable[str]) -> bool:
        """Return whether every word is in the name, title, description, or in the ports' names and types."""
        ports: tuple[Input | Output, ...] = (*self.interface.inputs, *self.interface.outputs)
        searched = [str(self.name), self.title, self.description, *(f"{port.name} {port.type}" for port in ports)]
        text = " ".join(searched).lower()
        return all(word.lower() in text for word in words)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON data."""
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
            "readme": str(self.readme) if self.readme else None,
        }

    def to_bytes(self) -> bytes:
        """Return the bytes of the record's file."""
        return (json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Release":
        """Read a record. Raises InputError that names the first invalid part."""
        if data.get("api") != API:
            raise InputError(f"api is {data.get('api')!r}, expected {API}", hint="a newer comp may have written it")
        readme = _optional(data, "readme")
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
            readme=Digest.parse(readme) if readme else None,
        )
        # An interface that was edited by hand would mislead those who compare releases by its digest.
        if data.get("interface_digest") != str(interface_digest(release.interface)):
            raise InputError("interface_digest does not belong to the interface")
        return release


def normalised(contract: bytes) -> bytes:
    """Return a contract with LF line ends and without an editor's header: the bytes that are stored and hashed."""
    # KFP 1.8's ComponentStore hashes contracts in this form too, so that both have the same digest. A checkout may
    # change the line ends of a copy.
    # The header names a file of the author's repository, which the consumer's has not.
    return without_schema_header(contract.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))


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


def _text(data: Mapping[str, Any], key: str) -> str:
    """Return the text under a key. Raises InputError for any other value."""
    value = data.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key} is {value!r}, expected a text")
    return value


def _optional(data: Mapping[str, Any], key: str) -> str | None:
    """Return the text under a key; None if it is missing or null."""
    return None if data.get(key) is None else _text(data, key)


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
