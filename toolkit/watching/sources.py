"""The files that a build of a component reads from this disk, and those that it would read if they existed."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.builders.code import code_paths
from toolkit.builders.dockerfile_context import context_paths
from toolkit.builders.ignore import NAME as IGNORE_FILE
from toolkit.config.project import Project, is_on_disk, read_project
from toolkit.requirements.project_sources import local_projects, may_name_sources, project_origins

# Settings of the component, of its repository and of uv.
_SETTINGS = ("pyproject.toml", "uv.toml")


class Sources(Struct, frozen=True, kw_only=True):
    """Absolute paths: `files` decide the result whether they exist or not; in `folders` a new file may be one.

    A build itself writes `contracts`, by a pin, and `locks`.
    """

    files: frozenset[Path] = frozenset()
    folders: frozenset[Path] = frozenset()
    contracts: frozenset[Path] = frozenset()
    locks: frozenset[Path] = frozenset()

    def without(self, written: Iterable[Path]) -> "Sources":
        """Leave out files and folders that the work itself writes, with all that is in them."""
        places = tuple(path.resolve() for path in written)

        def kept(paths: frozenset[Path]) -> frozenset[Path]:
            """Return the paths outside of all places."""
            return frozenset(path for path in paths if not any(path.is_relative_to(place) for place in places))

        return replace(self, files=kept(self.files), folders=kept(self.folders), contracts=kept(self.contracts))

    def joined(self, other: "Sources") -> "Sources":
        """Return these sources and others."""
        return Sources(
            files=self.files | other.files,
            folders=self.folders | other.folders,
            contracts=self.contracts | other.contracts,
            locks=self.locks | other.locks,
        )


def sources_of_settings(folder: Path) -> Sources:
    """List the settings that a component may have, also while they cannot be read."""
    place = folder.resolve()
    files = [above / name for above in (place, *place.parents) for name in _SETTINGS]
    return Sources(files=frozenset(files), folders=frozenset([place]))


def sources_of_build(folder: Path, overrides: Mapping[str, str], environ: Mapping[str, str]) -> Sources:
    """List what a build of the component in `folder` reads. Raises CompError if its settings cannot be read."""
    project = read_project(folder, overrides=overrides, environ=environ)
    found = _Found()
    found.files |= sources_of_settings(project.folder).files
    found.files |= {project.pyproject, project.lock_file, project.folder / IGNORE_FILE}
    contracts = frozenset(entry.contract for entry in project.entries)
    if project.dockerfile:
        files, places = context_paths(project.dockerfile)
        found.files |= {*files}
        found.folders |= {*places}
    code, folders = ([], []) if project.is_dockerfile_alone else code_paths(project)
    found.files |= {*contracts, *code}
    # A `src` that is made later would take the place of the component's folder.
    found.folders |= {*folders, project.folder}
    found.files |= set(_bases(project))
    if may_name_sources(project):
        _add_origins(found, project, environ)
    return Sources(
        files=frozenset(found.files),
        folders=frozenset(found.folders),
        contracts=contracts,
        locks=frozenset([project.lock_file]),
    )


def sources_of_paths(paths: Iterable[Path]) -> Sources:
    """List files that a run gets as its inputs, and all that is in the folders among them."""
    found = _Found()
    for path in paths:
        place = Path(os.path.abspath(path))  # noqa: PTH100 (a link stays: another target is a change)
        found.files.add(place)
        for folder, _, names in os.walk(place):
            found.folders.add(Path(folder))
            found.files |= {Path(folder, name) for name in names}
    return Sources(files=frozenset(found.files), folders=frozenset(found.folders))


class _Found(Struct):
    """Paths while they are collected."""

    files: set[Path] = field(default_factory=set)
    folders: set[Path] = field(default_factory=set)


def _bases(project: Project) -> Iterator[Path]:
    """List the files that identify bases on this disk."""
    for base in (project.base, project.build_base):
        if base and is_on_disk(base):
            scheme, _, path = base.partition(":")
            yield Path(path).absolute() / "index.json" if scheme == "layout" else Path(path).absolute()


def _add_origins(found: _Found, project: Project, environ: Mapping[str, str]) -> None:
    """Add what requirements lead to on this disk: files of requirements, wheels, and projects of the repository."""
    from toolkit.requirements.building.project_files import project_files
    from toolkit.requirements.imported import included_files
    from toolkit.requirements.origins import FileOrigin

    if project.requirements:
        found.files |= {*included_files(project.requirements, environ)}
        found.files.add(project.requirements.with_name("pyproject.toml"))
    for origin in project_origins(project, environ).origins.values():
        if isinstance(origin, FileOrigin) and origin.url.startswith("file:"):
            found.files.add(Path(unquote(urlsplit(origin.url).path)))
    for folder in local_projects(project.pyproject, project.dependencies, environ).values():
        files = [path for _, path in project_files(folder)]
        found.files |= {folder / "pyproject.toml", *files}
        found.folders |= {folder, *(path.parent for path in files)}
