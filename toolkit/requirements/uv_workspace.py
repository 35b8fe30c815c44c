"""uv's workspaces: their root and their members (uv's documentation, "Using workspaces")."""

from pathlib import Path

from packaging.utils import canonicalize_name

from toolkit.config.toml import TomlDocument
from toolkit.system.moment import once


def workspace_of(folder: Path) -> TomlDocument | None:
    """Return the root of the workspace around a folder, None outside of one; version control's root ends the search."""
    document = TomlDocument.read(folder / "pyproject.toml")
    if document and "workspace" in document.table("tool", "uv"):
        return document
    if (folder / ".git").exists() or folder == folder.parent:
        return None
    return once(("uv workspace", folder.parent), lambda: workspace_of(folder.parent))


def members_of(document: TomlDocument) -> dict[str, Path]:
    """Return the folders of the members of the workspace around a document, by normalised name."""
    root = workspace_of(document.path.parent)
    return once(("uv members", root.path), lambda: _members(root)) if root else {}


def _members(root: TomlDocument) -> dict[str, Path]:
    """Return the folders of the members of the workspace with this root."""
    top = root.path.parent
    left_out = {path for pattern in root.strings("tool", "uv", "workspace", "exclude") for path in top.glob(pattern)}
    folders = [
        # The root is a member as well.
        top,
        *(path for pattern in root.strings("tool", "uv", "workspace", "members") for path in top.glob(pattern)),
    ]
    members: dict[str, Path] = {}
    for folder in folders:
        member = TomlDocument.read(folder / "pyproject.toml") if folder not in left_out else None
        if member and (name := member.string("project", "name")):
            members[canonicalize_name(name)] = folder.resolve()
    return members
