"""Component registries by name: `[tool.comp.registries]` of a repository, and the user's own `registries.toml`."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.config.toml import Keys, TomlDocument
from toolkit.errors import InputError, Location

VARIABLE = "COMP_REGISTRIES_FILE"
REGISTRIES: Keys = ("tool", "comp", "registries")
REGISTRY_KEYS = ("place", "namespaces")
_OWN: Keys = ("registries",)
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
# What a namespace may have, and the wildcard.
_PATTERN = re.compile(r"[a-z0-9._*-]+")


class NamedRegistry(Struct, frozen=True, kw_only=True):
    """A registry as a file names it: its place in the file's words, and patterns of the namespaces that are its own.

    A relative place counts from `folder`. Without patterns the registry is one for every namespace that no other one
    has for its own.
    """

    name: str
    place: str
    namespaces: tuple[str, ...]
    folder: Path
    where: Location


def read_registries(folder: Path, environ: Mapping[str, str]) -> tuple[NamedRegistry, ...]:
    """Return the registries that the files above `folder` and the user name: at most one from each file for a name.

    Raises InputError for an invalid table.
    """
    return (*_of_repository(folder), *_of_user(environ))


def check_registries(document: TomlDocument) -> None:
    """Raise InputError if the registries of a pyproject.toml are invalid."""
    for _ in _read_table(document, REGISTRIES):
        pass


def own_file(environ: Mapping[str, str]) -> Path | None:
    """Return the path of the user's own file: COMP_REGISTRIES_FILE, or in the platform's folder for settings.

    None if this user has no home, or the variable names the null device.
    """
    if named := environ.get(VARIABLE):
        return Path(named).absolute() if named != os.devnull else None
    import platformdirs

    try:
        folder = Path(platformdirs.user_config_dir("comp"))
    except RuntimeError:
        return None
    # Older versions give a relative path without a home.
    return folder / "registries.toml" if folder.is_absolute() else None


def _of_repository(folder: Path) -> Iterator[NamedRegistry]:
    """Yield the registries of the nearest pyproject.toml that names some, up to the root of the version control."""
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        document = TomlDocument.read(place / "pyproject.toml")
        if document and "registries" in document.table("tool", "comp"):
            yield from _read_table(document, REGISTRIES)
            return
        if (place / ".git").exists():
            return


def _of_user(environ: Mapping[str, str]) -> Iterator[NamedRegistry]:
    """Yield the registries of the user's own file. Raises InputError if the variable names a missing file."""
    path = own_file(environ)
    document = TomlDocument.read(path) if path else None
    if document is None:
        if path and environ.get(VARIABLE):
            raise InputError(f"{VARIABLE} names {path}, which does not exist", hint=f"unset {VARIABLE}")
        return
    document.check(document.data, _OWN)
    yield from _read_table(document, _OWN)


def _read_table(document: TomlDocument, keys: Keys) -> Iterator[NamedRegistry]:
    """Yield the registries of one table. Raises InputError for an invalid one."""
    for name, value in document.table(*keys).items():
        where = document.where(*keys, name)
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is not a name of a registry", where=where, hint="a-z, 0-9, and . _ - between")
        if isinstance(value, str):
            place, namespaces = value, None
        else:
            document.check(document.table(*keys, name), REGISTRY_KEYS, *keys, name)
            place = document.string(*keys, name, "place")
            namespaces = document.strings(*keys, name, "namespaces") if "namespaces" in value else None
        if not place.strip():
            hint = f'write {name} = "https://…", a folder, git+https://… or oci://HOST/PREFIX'
            raise InputError(f"the registry {name!r} has no place", where=where, hint=hint)
        _check_patterns(namespaces, where)
        yield NamedRegistry(
            name=name, place=place, namespaces=namespaces or (), folder=document.path.parent.absolute(), where=where
        )


def _check_patterns(patterns: tuple[str, ...] | None, where: Location) -> None:
    """Raise InputError for a list of namespaces that is empty, or has what no namespace can match."""
    if patterns == ():
        hint = "leave it out: then the registry is for every namespace that no other one has for its own"
        raise InputError("namespaces is empty", where=where, hint=hint)
    for pattern in patterns or ():
        if not _PATTERN.fullmatch(pattern):
            hint = 'write namespaces = ["ml", "nlp-*"]'
            raise InputError(f"{pattern!r} is not a namespace or a pattern of some", where=where, hint=hint)
