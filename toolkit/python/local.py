"""Projects on this disk that a component requires: `[tool.uv.sources]` with a path, or members of a uv workspace.

uv's documentation, "Dependency sources" and "Workspaces"; `editable` makes no difference to an image.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from toolkit.config import Project
from toolkit.errors import InputError
from toolkit.python.sources import folder_digest
from toolkit.toml import Document

# How tools are told a version that they would ask git for, as each documents it.
_VERSION_VARIABLES = {
    "setuptools-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "hatch-vcs": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "flit-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "pdm-backend": "PDM_BUILD_SCM_VERSION",
    "poetry-dynamic-versioning": "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "uv-dynamic-versioning": "UV_DYNAMIC_VERSIONING_BYPASS",
}


def local_projects(pyproject: Path, dependencies: Sequence[str]) -> dict[str, Path]:
    """Find the folders of the requirements that are projects on this disk, and of what these require in turn.

    Gives absolute folders by normalised name. Raises InputError for a source that is not there.
    """
    found: dict[str, Path] = {}
    _follow(pyproject, dependencies, found)
    return found


def digests_elsewhere(project: Project) -> dict[str, str]:
    """Digest what decides what is locked and is in no setting: required projects on this disk, and other tools' locks.

    By the name of the project, and `requirements`. Raises InputError for a source that is not there.
    """
    folders = local_projects(project.pyproject, project.dependencies)
    digests = {name: folder_digest(folder) for name, folder in folders.items()}
    if project.requirements:
        from toolkit.python.inputs import inputs_file_digest

        digests["requirements"] = inputs_file_digest(project.requirements)
    return digests


def version_variables(folder: Path, digest: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Say what tells a build its version that would ask git for one, by the names of the environment's variables.

    What is built is a copy without git, and content alone decides: the version is `0+content.` and the beginning of
    `digest`, unless `environ` says another. Empty for projects whose version is written down.
    """
    document = Document.read(folder / "pyproject.toml")
    if document is None or "version" not in document.strings("project", "dynamic"):
        return {}
    tools = {_name(text) for text in document.strings("build-system", "requires")}
    asked = {variable for tool, variable in _VERSION_VARIABLES.items() if tool in tools}
    given = {name: value for name, value in sorted(environ.items()) if asked and name.startswith(tuple(asked))}
    return dict.fromkeys(sorted(asked), f"0+content.{digest[:12]}") | given


def _follow(pyproject: Path, dependencies: Sequence[str], found: dict[str, Path]) -> None:
    document = Document.read(pyproject)
    sources = _sources(document) if document else {}
    if document is None or not sources:
        return
    for text in dependencies:
        name = _name(text)
        source = sources.get(name) if name else None
        if name is None or source is None or name in found:
            continue
        folder = _folder(document, name, source)
        if folder is None:
            continue
        inner = Document.read(folder / "pyproject.toml")
        if inner is None:
            raise InputError(
                f"{name} is required from {folder}, where there is no pyproject.toml",
                where=document.where("tool", "uv", "sources"),
                hint="correct the path in [tool.uv.sources]",
            )
        found[name] = folder
        _follow(inner.path, inner.strings("project", "dependencies"), found)


def _sources(document: Document) -> dict[str, Any]:
    """Give the sources by normalised name; those of the workspace's root hold for its members, too."""
    sources: dict[str, Any] = {}
    root = _workspace(document.path.parent)
    for one in (root, document):
        if one is not None:
            sources |= {canonicalize_name(name): value for name, value in one.table("tool", "uv", "sources").items()}
    return sources


def _name(text: str) -> str | None:
    from packaging.requirements import Requirement

    try:
        return canonicalize_name(Requirement(text).name)
    except ValueError:
        return None


def _folder(document: Document, name: str, source: object) -> Path | None:
    """Say where a source is; None for one that is not a folder here, which is uv's affair."""
    if not isinstance(source, Mapping):
        return None
    if source.get("workspace") is True:
        members = _members(document)
        if name not in members:
            raise InputError(
                f"{name} is required from the workspace, which has no such member",
                where=document.where("tool", "uv", "sources"),
                hint="add its folder to members in [tool.uv.workspace]",
            )
        return members[name]
    path = source.get("path")
    if not isinstance(path, str):
        return None
    # A path in the sources of a workspace's root is relative to that.
    places = [document.path.parent, *([root.path.parent] if (root := _workspace(document.path.parent)) else [])]
    folder = next((place / path for place in places if (place / path).exists()), places[0] / path)
    return None if folder.is_file() else folder.resolve()


def _workspace(folder: Path) -> Document | None:
    """Find the root of the workspace around a folder, up to that of the version control."""
    for place in (folder, *folder.parents):
        document = Document.read(place / "pyproject.toml")
        if document and "workspace" in document.table("tool", "uv"):
            return document
        if (place / ".git").exists():
            break
    return None


def _members(document: Document) -> dict[str, Path]:
    root = _workspace(document.path.parent)
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
