"""Whether what a component requires changed: projects and files of the same repository, and another tool's lock."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field
from packaging.utils import canonicalize_name

from toolkit.collection.changed_paths import ChangedPaths
from toolkit.config.project import Project
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError
from toolkit.requirements.building.project_files import files_outside, is_project_file
from toolkit.requirements.follow import PackageOrigins, follow
from toolkit.requirements.imported import included_files
from toolkit.requirements.origins import FileOrigin, FolderOrigin
from toolkit.requirements.uv_sources import uv_sources
from toolkit.requirements.uv_workspace import workspace_of

_UV_LOCK = "uv.lock"
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
# In a uv.lock, everything but packages that decides them; not the list of a workspace's members.
_GENERAL = ("version", "requires-python", "options")


class RequiredProjects(Struct, frozen=True, kw_only=True):
    """The requirements of components, compared with an earlier commit. What many have in common is compared once."""

    paths: ChangedPaths
    environ: Mapping[str, str]
    _followed: dict[tuple[Path | None, tuple[str, ...]], list[str]] = field(default_factory=dict)
    _changed: dict[Path, bool] = field(default_factory=dict)
    _locks: dict[Path, tuple[dict[str, Any], dict[str, Any]] | None] = field(default_factory=dict)

    def changed_for(self, own: TomlDocument) -> list[str]:
        """Return what `changed_names` does for a component with this document, if nothing else of it changed.

        Most components of a collection are of this kind, and require the same few projects: one of each kind is
        followed. Raises InputError for an unusable source.
        """
        sources = uv_sources(own, self.environ)
        texts = own.strings("project", "dependencies")
        # An address follows an @ in a requirement (PyPA, "Dependency specifiers").
        elsewhere = tuple(text for text in texts if "@" in text or not sources.keys().isdisjoint(_named([text])))
        if not elsewhere:
            return []
        if own.table("tool", "uv"):
            return self.changed_names(follow(own, elsewhere, self.environ))
        root = workspace_of(own.path.parent)
        key = (root.path if root else None, elsewhere)
        if key not in self._followed:
            self._followed[key] = self.changed_names(follow(own, elsewhere, self.environ))
        return self._followed[key]

    def changed_names(self, packages: PackageOrigins) -> list[str]:
        """Return the names of required packages that lie in the repository and changed."""
        changed = []
        for name, origin in packages.origins.items():
            place = None
            if isinstance(origin, FolderOrigin):
                place = origin.folder
            elif isinstance(origin, FileOrigin) and origin.url.startswith("file:"):
                place = Path(unquote(urlsplit(origin.url).path))
            if place and self._is_changed(place):
                # A second origin of a name has a number after it.
                changed.append(name.partition(" ")[0])
        return list(dict.fromkeys(changed))

    def changed_lock(self, project: Project, packages: PackageOrigins) -> bool:
        """Whether the file that another tool locked changed for a component that requires these packages."""
        if project.requirements is None:
            return False
        files = included_files(project.requirements, self.environ)
        # Links are followed by the reader, and git knows both ends.
        if not any(self.paths.at(place) for file in files for place in (file, file.resolve())):
            return False
        if project.requirements.name != _UV_LOCK:
            return True
        locks = self._both_locks(project.requirements.resolve())
        if locks is None:
            return True
        old, new = locks
        roots = required_names(packages) | {canonicalize_name(project.name)}
        return _needed(old, roots) != _needed(new, roots)

    def _is_changed(self, place: Path) -> bool:
        """Whether a project's folder, or a file, changed."""
        if place not in self._changed:
            self._changed[place] = self._compared(place)
        return self._changed[place]

    def _compared(self, place: Path) -> bool:
        if not place.is_dir():
            return self.paths.at(place) is not None
        if self.paths.covering(place):
            return True
        takes = is_project_file(place)
        return any(map(takes, self.paths.below(place))) or any(
            self.paths.at(path) or self.paths.below(path) or self.paths.covering(path) for path in files_outside(place)
        )

    def _both_locks(self, path: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the data of a uv.lock as it was and as it is, empty if missing; None if one of them is not TOML."""
        if path not in self._locks:
            data = self.paths.old(path)
            try:
                old = TomlDocument.parse(path, data) if data is not None else None
                new = TomlDocument.read(path)
            except InputError:
                self._locks[path] = None
            else:
                self._locks[path] = (old.data if old else {}, new.data if new else {})
        return self._locks[path]


def required_names(packages: PackageOrigins) -> frozenset[str]:
    """Return the normalised names of all packages that are required."""
    return frozenset({*packages.origins, *packages.indexes, *_named(packages.requirements)})


def _named(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the normalised names that requirements begin with; an invalid one is reported where it is read."""
    for text in requirements:
        # The whole grammar of requirements takes ten times as long (PyPA, "Names and normalization").
        if match := _NAME.match(text):
            yield canonicalize_name(match[1])


def _needed(lock: Mapping[str, Any], roots: frozenset[str]) -> dict[str, Any]:
    """Return what a uv.lock says about these packages and those that they require, of any platform and extra."""
    listed: dict[str, list[Mapping[str, Any]]] = {}
    for package in _tables(lock.get("package")):
        listed.setdefault(str(package.get("name")), []).append(package)
    needed: dict[str, Any] = {key: lock.get(key) for key in _GENERAL}
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed[name] = listed.get(name)
        waiting += [required for package in listed.get(name, ()) for required in _required(package)]
    return needed


def _required(package: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that a package in a uv.lock requires."""
    optional = package.get("optional-dependencies")
    groups = [package.get("dependencies"), *(optional.values() if isinstance(optional, dict) else ())]
    for group in groups:
        yield from (str(table.get("name")) for table in _tables(group))


def _tables(value: object) -> list[Mapping[str, Any]]:
    """Return the tables in a list, none of another value."""
    return [table for table in value if isinstance(table, dict)] if isinstance(value, list) else []
