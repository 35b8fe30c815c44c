"""A registry's `config.json`: what it is, and which program can read it."""

import json

from msgspec import Struct

from toolkit.errors import InputError, OutsideError
from toolkit.registry.release import API


class RegistryConfig(Struct, frozen=True, kw_only=True):
    """What a registry says of itself; `name` is the one that its makers suggest to users.

    `git` says that it is in a git repository, where each release is committed.
    """

    name: str | None = None
    git: bool = False

    def to_bytes(self) -> bytes:
        """Return the document."""
        named = {"name": self.name} if self.name is not None else {}
        document = {"api": API, **named, "immutable": True, **({"git": True} if self.git else {})}
        return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes, *, registry: str, where: str) -> "RegistryConfig":
        """Read the document that lies at `where`. Raises InputError if a newer program made it, OutsideError."""
        try:
            document = json.loads(data)
            api, name = document["api"], document.get("name")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise OutsideError(
                f"{where} is damaged: not the config of a component registry",
                hint=f'a registry has {{"api": {API}}} there',
            ) from error
        if api != API:
            raise InputError(f"{registry} is a registry of api {api!r}, this program knows {API}", hint="update comp")
        return cls(name=name if isinstance(name, str) else None, git=document.get("git") is True)
