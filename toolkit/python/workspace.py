"""uv's workspaces: the root around a folder, and its members. uv's documentation, "Using workspaces"."""

from pathlib import Path

from packaging.utils import canonicalize_name

from toolkit.toml import Document


def workspace_of(folder: Path) -> Document | None:
    """Find the root of the workspace around a folder, up to that of the version control."""
    for place in (folder, *folder.parents):
        document = Document.read(place / "pyproject.toml")
        if document and "workspace" in document.table("tool", "uv"):
            return document
        if (place / ".git").exists():
            break
    return None


def members_of(document: Document) -> dict[str, Path]:
    """Find the members of the workspace around a document, by normalised name."""
    root = workspace_of(document.path.parent)
    if root is None:
        return {}
    top = root.path.parent
    left_out = {path for pattern in root.strings("tool", "uv", "workspace", "exclude") for path in top.glob(pattern)}
    folders = [
        top,
        *(path for pattern in root.strings("tool", "uv", "workspace", "members") for path in top.glob(pattern)),
    ]
    members: dict[str, Path] = {}
    for folder in folders:
        inner = Document.read(folder / "pyproject.toml") if folder not in left_out else None
        if inner and (name := inner.string("project", "name")):
            members[canonicalize_name(name)] = folder.resolve()
    return members
