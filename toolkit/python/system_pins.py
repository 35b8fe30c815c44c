"""Pins of Debian packages that are added to a base, as a lock records them."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError

_FORMS = {
    "name": re.compile(r"[a-z0-9][a-z0-9+.-]{0,200}"),
    "version": re.compile(r"[A-Za-z0-9.+~:-]{1,200}"),
    "architecture": re.compile(r"[a-z0-9][a-z0-9-]{0,30}"),
    "archive": re.compile(r"[a-z0-9][a-z0-9-]{0,30}|https?://[A-Za-z0-9][^\s@?#\\]{0,300}"),
    # Below the archive's folder: it becomes a part of an address.
    "path": re.compile(r"(?!(?:.*/)?\.\.?/)[\w.+~:%-]+(?:/[\w.+~:%-]+)*\.deb"),
}


class SystemPin(Struct, frozen=True, kw_only=True):
    """One package: its file is at `path` of an `archive`, which is `debian` or another name, or an address."""

    name: str
    version: str
    architecture: str
    archive: str
    path: str
    digest: Digest

    def to_dict(self) -> dict[str, str]:
        """Return the pin as it is written."""
        texts = {name: str(getattr(self, name)) for name in _FORMS}
        return texts | {"sha256": self.digest.hex}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SystemPin":
        """Read a pin. Raises InputError for what cannot be one, KeyError for one that lacks a part."""
        for name, form in _FORMS.items():
            if not isinstance(data[name], str) or not form.fullmatch(data[name]):
                raise InputError(f"{str(data[name])[:80]!r} is not the {name} of a Debian package")
        return cls(**{name: data[name] for name in _FORMS}, digest=Digest.parse_hex(data["sha256"]))


class SystemPins(Struct, frozen=True, kw_only=True):
    """What `system-packages` came to on one platform.

    `wanted` are the names of the settings, `base` is the digest of the base, `image` that of the base with the packages
    on it. `packages` are those that the base lacked, in order of name.
    """

    wanted: tuple[str, ...]
    base: Digest
    image: Digest
    packages: tuple[SystemPin, ...]

    @property
    def versions(self) -> dict[str, str]:
        """The version of each package that is added."""
        return {pin.name: pin.version for pin in self.packages}

    def to_dict(self) -> dict[str, Any]:
        """Return the pins as they are written, without the packages."""
        return {"wanted": list(self.wanted), "base": str(self.base), "image": str(self.image)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], packages: tuple[SystemPin, ...]) -> "SystemPins":
        """Read what `to_dict` returned. Raises InputError for another form, KeyError for one that lacks a part."""
        wanted = data["wanted"]
        if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
            raise InputError("what is wanted of Debian is not a list of names")
        return cls(
            wanted=tuple(wanted),
            base=Digest.parse(str(data["base"])),
            image=Digest.parse(str(data["image"])),
            packages=tuple(sorted(packages, key=lambda pin: pin.name)),
        )
