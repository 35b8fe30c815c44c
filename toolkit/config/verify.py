"""`[tool.comp.verify]`, or a file of the same keys: what an image has to be.

It checks the form; `toolkit.supply.rules` applies it.
"""

from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.config.settings import nearest_document
from toolkit.config.toml import Keys, TomlDocument
from toolkit.errors import InputError, Location

VERIFY: Keys = ("tool", "comp", "verify")
VERIFY_KEYS = ("keys", "identities", "provenance", "builders", "sources", "bases", "clean", "licenses")


class TrustedIdentity(Struct, frozen=True, kw_only=True):
    """Who may sign keyless: an identity as certificates have it, and the issuer that vouches for it."""

    identity: str
    issuer: str


class VerifySettings(Struct, frozen=True, kw_only=True):
    """A policy. `keys` are files of public keys, by their whole paths; one of them, or an identity, has to have signed.

    `builders`, `sources` and `bases` are patterns; empty ones allow everything. `clean` refuses what was built from
    files that differ from their commit. `where` is the place of the policy.
    """

    keys: tuple[Path, ...] = ()
    identities: tuple[TrustedIdentity, ...] = ()
    provenance: bool = False
    builders: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    clean: bool = False
    licenses: bool = False
    where: Location | None = None

    @property
    def needs_provenance(self) -> bool:
        """Whether one of the rules is about provenance."""
        return bool(self.provenance or self.builders or self.sources or self.bases or self.clean)


def verify_settings_of(folder: Path) -> VerifySettings | None:
    """Return the policy of the nearest pyproject.toml that has one, up to the root of the version control.

    Raises InputError with the place of an invalid setting.
    """
    document = nearest_document(folder.absolute(), VERIFY[-1])
    return _settings(document, VERIFY) if document else None


def read_policy(path: Path) -> VerifySettings:
    """Return the policy of a file. Raises InputError if it is missing, and with the place of an invalid setting."""
    document = TomlDocument.read(path.absolute())
    if document is None:
        raise InputError(f"there is no policy {path}", hint='write it: keys = ["key.pub"]')
    return _settings(document, ())


def _settings(document: TomlDocument, keys: Keys) -> VerifySettings:
    """Read one table."""
    table = document.table(*keys)
    document.check(table, VERIFY_KEYS, *keys)
    return VerifySettings(
        keys=tuple(document.path.parent / name for name in _texts(document, table, *keys, "keys")),
        identities=_identities(document, table, *keys, "identities"),
        provenance=_flag(document, table, *keys, "provenance"),
        builders=_texts(document, table, *keys, "builders"),
        sources=_texts(document, table, *keys, "sources"),
        bases=_texts(document, table, *keys, "bases"),
        clean=_flag(document, table, *keys, "clean"),
        licenses=_flag(document, table, *keys, "licenses"),
        where=document.where(*keys) if keys else Location(path=document.path),
    )


def _identities(document: TomlDocument, table: dict[str, Any], *keys: str) -> tuple[TrustedIdentity, ...]:
    """Return a list of identities, each with its issuer, by the last of its keys; empty if it is not set."""
    value = table.get(keys[-1])
    if value is None:
        return ()
    names = {"identity", "issuer"}
    if not isinstance(value, list) or not value or not all(_has_texts(item, names) for item in value):
        raise InputError(
            f"{keys[-1]} is not a list of identities with their issuers",
            where=document.where(*keys),
            hint=f'write {keys[-1]} = [{{ identity = "ann@example.com", issuer = "https://accounts.google.com" }}]',
        )
    return tuple(TrustedIdentity(identity=item["identity"], issuer=item["issuer"]) for item in value)


def _has_texts(item: object, names: set[str]) -> bool:
    """Return whether a table has these keys and no others, each with a text."""
    return (
        isinstance(item, dict)
        and item.keys() == names
        and all(isinstance(text, str) and text.strip() for text in item.values())
    )


def _flag(document: TomlDocument, table: dict[str, Any], *keys: str) -> bool:
    """Return a setting that is true or false, by the last of its keys."""
    value = table.get(keys[-1], False)
    if not isinstance(value, bool):
        raise InputError(
            f"{keys[-1]} is not true or false", where=document.where(*keys), hint=f"write {keys[-1]} = true"
        )
    return value


def _texts(document: TomlDocument, table: dict[str, Any], *keys: str) -> tuple[str, ...]:
    """Return a list of texts, by the last of its keys; empty if it is not set."""
    value = table.get(keys[-1])
    if value is None:
        return ()
    # An empty list would allow nothing, or everything: neither is what a reader expects.
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item.strip() for item in value):
        raise InputError(
            f"{keys[-1]} is not a list of texts", where=document.where(*keys), hint=f'write {keys[-1]} = ["…"]'
        )
    return tuple(item.strip() for item in value)
