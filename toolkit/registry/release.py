"""A release as its record in the registry has it: what was published, when, and the digests of its parts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.errors import InputError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.oci.digest import Digest
from toolkit.registry.names import Name, check_part
from toolkit.registry.semver import Version, parse_version

API = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
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

    def to_dict(self) -> dict[str, Any]:
        """Give the record as JSON data."""
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
        """Give the record's file."""
        return (json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Release":
        """Read a record. Raises InputError that names the first wrong part."""
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
        if data.get("interface_digest") != str(interface_digest(release.interface)):
            raise InputError("interface_digest does not belong to the interface")
        return release


def normalised(contract: bytes) -> bytes:
    """Give a contract with LF line ends: the bytes that are stored and hashed."""
    return contract.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def interface_digest(interface: Interface) -> Digest:
    """Hash what callers depend on: names, types, kinds, defaults, order; descriptions are left out."""
    data = interface_to_dict(interface)
    bare = {
        key: [{part: port[part] for part in port if part != "description"} for port in data[key]]
        for key in sorted(data)
    }
    return Digest.of(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode())


def interface_to_dict(interface: Interface) -> dict[str, Any]:
    """Give an interface as JSON data."""
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
    """Read an interface. Raises InputError that names the first wrong part."""
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
    value = data.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key} is {value!r}, expected a text")
    return value


def _optional(data: Mapping[str, Any], key: str) -> str | None:
    return None if data.get(key) is None else _text(data, key)


def _kind(data: Mapping[str, Any]) -> Kind:
    text = _text(data, "kind")
    if text not in {kind.value for kind in Kind}:
        raise InputError(f"kind is {text!r}, expected parameter or artifact")
    return Kind(text)


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{what} is {value!r}, expected a mapping")
    return value


def _list(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key)
    if not isinstance(value, list):
        raise InputError(f"{key} is {value!r}, expected a list")
    return [_mapping(item, f"an item of {key}") for item in value]
