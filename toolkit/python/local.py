"""Projects on this disk that a component requires: `[tool.uv.sources]` with a path, or members of a uv workspace.

uv's documentation, "Dependency sources" and "Workspaces"; `editable` makes no difference to an image.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from toolkit.config import Project
from toolkit.toml import Document

if TYPE_CHECKING:
    from toolkit.python.requirement_sources import Declared

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
    from toolkit.python.requirement_sources import FolderOrigin, follow

    declared = follow(Document.read(pyproject), dependencies)
    return {name: one.folder for name, one in declared.origins.items() if isinstance(one, FolderOrigin)}


def declared(project: Project) -> "Declared":
    """Follow the sources of the project's requirements as far as they are on this disk, for every platform."""
    from toolkit.python.requirement_sources import follow_all

    documents = [Document.read(project.pyproject)]
    if project.requirements and project.requirements.name == "uv.lock":
        documents.append(Document.read(project.requirements.with_name("pyproject.toml")))
    return follow_all(
        [
            (one, project.dependencies if one is documents[0] else one.strings("project", "dependencies"))
            for one in documents
            if one
        ]
    )


def names_sources(project: Project) -> bool:
    """Tell whether any requirement may come from elsewhere than an index; quick, and never False where one does.

    Sources stand in `[tool.uv]` of the project or of a folder above it, in requirements themselves, or in another
    tool's file.
    """
    if project.requirements or any("@" in text for text in project.dependencies):
        return True
    folders = (project.pyproject.parent, *project.pyproject.absolute().parent.parents)
    documents = (Document.read(folder / "pyproject.toml") for folder in folders)
    return any(document.table("tool", "uv") for document in documents if document)


def digests_elsewhere(project: Project) -> dict[str, str]:
    """Digest what decides what is locked and is in no setting: required projects on this disk, and other tools' locks.

    By the name of the project, and `requirements`. Raises InputError for a source that is not there.
    """
    if not names_sources(project):
        return {}
    from toolkit.python.requirement_sources import sources_digest
    from toolkit.python.sources import folder_digest

    folders = local_projects(project.pyproject, project.dependencies)
    digests = {name: folder_digest(folder) for name, folder in folders.items()}
    if sources := sources_digest(declared(project)):
        digests["sources"] = sources
    if project.requirements:
        from toolkit.python.inputs import inputs_file_digest

        digests["requirements"] = inputs_file_digest(project.requirements)
    return digests


# The variables by which a build is given its version.
ASKED = tuple(dict.fromkeys(_VERSION_VARIABLES.values()))


def asks_git(folder: Path) -> bool:
    """Tell whether a project's build asks git for the version."""
    return bool(version_variables(folder, "", {}))


def version_variables(folder: Path, digest: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Say what tells a build its version that would ask git for one, by the names of the environment's variables.

    What is built is a copy without the history, and content alone decides: the version is `0+content.` and the
    beginning of `digest`, unless `environ` says another. Empty for projects whose version is written down.
    """
    document = Document.read(folder / "pyproject.toml")
    if document is None or "version" not in document.strings("project", "dynamic"):
        return {}
    tools = {_name(text) for text in document.strings("build-system", "requires")}
    asked = {variable for tool, variable in _VERSION_VARIABLES.items() if tool in tools}
    given = {name: value for name, value in sorted(environ.items()) if asked and name.startswith(tuple(asked))}
    return dict.fromkeys(sorted(asked), f"0+content.{digest[:12]}") | given


def _name(text: str) -> str | None:
    from packaging.requirements import Requirement

    try:
        return canonicalize_name(Requirement(text).name)
    except ValueError:
        return None
