"""The settings of a collection: `[tool.comp.workspace]` in the pyproject.toml of its root."""

import re
from pathlib import Path
from typing import Literal, cast

from msgspec import Struct

from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError

WORKSPACE = ("tool", "comp", "workspace")
WORKSPACE_KEYS = ("members", "exclude", "lock")
_LOCKS = ("each", "shared")
# Beside the pyproject.toml of the root.
SHARED_LOCK = "comp.lock"
# Of the whole disk, or above the root.
_OUTSIDE = re.compile(r"/.*|(?:.*/)?\.\.(?:/.*)?", re.DOTALL)

WorkspaceLock = Literal["each", "shared"]


class WorkspaceSettings(Struct, frozen=True, kw_only=True):
    """The patterns of the members' folders, or None to find them all; of folders to leave out; and how they lock.

    `lock` is `each` if every component has pins of its own, `shared` if all of them take one version of each package.
    """

    members: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    lock: WorkspaceLock = "each"


def workspace_document(folder: Path) -> TomlDocument | None:
    """Return the nearest pyproject.toml with `[tool.comp.workspace]`, up to the root of the version control."""
    for place in (folder, *folder.parents):
        document = TomlDocument.read(place / "pyproject.toml")
        if document and "workspace" in document.table("tool", "comp"):
            return document
        if (place / ".git").exists():
            break
    return None


def shared_lock_of(folder: Path) -> Path | None:
    """Return the lock that the component in a folder shares with its collection; None if each locks for itself."""
    document = workspace_document(folder)
    settings = read_workspace_settings(document) if document else None
    return document.path.with_name(SHARED_LOCK) if document and settings and settings.lock == "shared" else None


def read_workspace_settings(document: TomlDocument) -> WorkspaceSettings | None:
    """Return the settings of the collection whose root has this document, None if it is not a root.

    Raises InputError for an unknown key or an invalid value.
    """
    if "workspace" not in document.table(*WORKSPACE[:-1]):
        return None
    table = document.table(*WORKSPACE)
    document.check(table, WORKSPACE_KEYS, *WORKSPACE)
    lock = document.string(*WORKSPACE, "lock") or "each"
    if lock not in _LOCKS:
        raise InputError(
            f"lock is {lock!r}",
            where=document.where(*WORKSPACE, "lock"),
            hint='write "each" for locks of their own, or "shared" for one version of each package',
        )
    members = _patterns(document, "members") if "members" in table else None
    if members == ():
        raise InputError(
            "members is empty",
            where=document.where(*WORKSPACE, "members"),
            hint='write members = ["components/*"], or leave it out: then every component below is found',
        )
    return WorkspaceSettings(members=members, exclude=_patterns(document, "exclude"), lock=cast("WorkspaceLock", lock))


def _patterns(document: TomlDocument, key: str) -> tuple[str, ...]:
    """Return the patterns of a list without `./` and trailing slashes. Raises InputError for one that leads outside."""
    patterns = document.strings(*WORKSPACE, key)
    for pattern in patterns:
        if not pattern or _OUTSIDE.fullmatch(pattern):
            raise InputError(
                f"{pattern!r} is not a path below the folder of this file",
                where=document.where_item(pattern, *WORKSPACE, key),
                hint='write it as "components/*"',
            )
    return tuple(pattern.removeprefix("./").rstrip("/") or "." for pattern in patterns)
