"""`[tool.comp.licenses]`: under which licenses the packages of an image may be.

It checks the form; `toolkit.supply.policy` applies it.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from toolkit.config.settings import nearest_document
from toolkit.config.toml import Keys, TomlDocument
from toolkit.errors import InputError, Location

LICENSES: Keys = ("tool", "comp", "licenses")
LICENSE_KEYS = ("allow", "deny", "exceptions", "base")


class LicenseSettings(Struct, frozen=True, kw_only=True):
    """A policy. `allow` and `deny` are SPDX identifiers, or names as packages write them.

    Without `allow` everything is allowed that is not denied. `exceptions` are packages with the reason why they may be
    there. With `base` it holds for the packages of the base too. `where` is the place of the table.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    exceptions: Mapping[str, str] = MappingProxyType({})
    base: bool = False
    where: Location | None = None


def license_settings_of(folder: Path) -> LicenseSettings | None:
    """Return the policy of the nearest pyproject.toml that has one, up to the root of the version control.

    Raises InputError with the place of an invalid setting.
    """
    document = nearest_document(folder.absolute(), LICENSES[-1])
    return read_license_settings(document) if document else None


def read_license_settings(document: TomlDocument) -> LicenseSettings:
    """Return the policy of one pyproject.toml. Raises InputError with the place of an invalid setting."""
    table = document.table(*LICENSES)
    document.check(table, LICENSE_KEYS, *LICENSES)
    base = table.get("base", False)
    if not isinstance(base, bool):
        raise InputError("base is not true or false", where=document.where(*LICENSES, "base"), hint="write base = true")
    return LicenseSettings(
        allow=_names(document, "allow"),
        deny=_names(document, "deny"),
        exceptions=MappingProxyType(_exceptions(document)),
        base=base,
        where=document.where(*LICENSES),
    )


def _names(document: TomlDocument, key: str) -> tuple[str, ...]:
    """Return a list of licenses."""
    value = document.table(*LICENSES).get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise InputError(
            f"{key} is not a list of licenses",
            where=document.where(*LICENSES, key),
            hint=f'write {key} = ["MIT", "Apache-2.0"]',
        )
    return tuple(item.strip() for item in value)


def _exceptions(document: TomlDocument) -> dict[str, str]:
    """Return the reasons of exceptions, by the packages' names."""
    value = document.table(*LICENSES).get("exceptions", {})
    if not isinstance(value, dict) or not all(isinstance(reason, str) and reason.strip() for reason in value.values()):
        raise InputError(
            "exceptions is not a table of packages with their reasons",
            where=document.where(*LICENSES, "exceptions"),
            hint='write exceptions = { certifi = "its list of certificates is data" }',
        )
    return dict(value)
