"""Where the packages of a component come from if not from an index, and the digests of what lies there.

This is cheap where all come from an index: the modules that follow sources are loaded only if there may be some.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.config.project import Project
from toolkit.config.toml import TomlDocument

if TYPE_CHECKING:
    from toolkit.requirements.follow import PackageOrigins


def local_projects(pyproject: Path, dependencies: Sequence[str], environ: Mapping[str, str]) -> dict[str, Path]:
    """Return the absolute folders of required projects on this disk, and of what these require, by normalised name.

    Raises InputError for a missing folder.
    """
    from toolkit.requirements.follow import follow
    from toolkit.requirements.origins import FolderOrigin

    # Without an environment: the projects of every platform count.
    origins = follow(TomlDocument.read(pyproject), dependencies, environ).origins
    return {name: origin.folder for name, origin in origins.items() if isinstance(origin, FolderOrigin)}


def project_origins(project: Project, environ: Mapping[str, str]) -> "PackageOrigins":
    """Return the origins of the project's requirements for all platforms, followed as far as they lie on this disk."""
    from toolkit.requirements.follow import follow_all

    # A uv.lock may be that of a workspace, whose root has sources of its own.
    documents = [TomlDocument.read(project.pyproject)]
    if project.requirements and project.requirements.name == "uv.lock":
        documents.append(TomlDocument.read(project.requirements.with_name("pyproject.toml")))
    return follow_all(
        [
            (
                document,
                project.dependencies if document is documents[0] else document.strings("project", "dependencies"),
            )
            for document in documents
            if document
        ],
        environ,
    )


def may_name_sources(project: Project) -> bool:
    """Whether a requirement may come from elsewhere than an index: a quick test, False only if none does.

    Sources stand in `[tool.uv.sources]` of the project or of a folder above it, in requirements, or in another tool's
    file.
    """
    # An address follows an @ in a requirement (PyPA, "Dependency specifiers").
    if project.requirements or any("@" in text for text in project.dependencies):
        return True
    folders = (project.pyproject.parent, *project.pyproject.absolute().parent.parents)
    documents = (TomlDocument.read(folder / "pyproject.toml") for folder in folders)
    return any(document.table("tool", "uv", "sources") for document in documents if document)


def source_digests(project: Project, environ: Mapping[str, str]) -> dict[str, str]:
    """Return digests of what decides the lock beside the settings, for `inputs_digest`.

    They are those of required projects on this disk, by name, of the other origins (`sources`), and of another tool's
    file (`requirements`). Raises InputError for a missing folder.
    """
    if not may_name_sources(project):
        return {}
    from toolkit.requirements.building.project_files import folder_digest
    from toolkit.requirements.follow import origins_digest

    folders = local_projects(project.pyproject, project.dependencies, environ)
    # A push of a required component pins its contract, which changes nothing that is installed.
    digests = {name: folder_digest(folder, environ, pins=False) for name, folder in folders.items()}
    if sources := origins_digest(project_origins(project, environ)):
        digests["sources"] = sources
    if project.requirements:
        from toolkit.requirements.imported import imported_digest

        digests["requirements"] = imported_digest(project.requirements, environ)
    return {name: digest.hex for name, digest in digests.items()}
