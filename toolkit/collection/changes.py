"""Which components of a collection changed since an earlier commit, by content, and why.

The earlier state is read from git's objects, and the later one from the disk: staged, committed or not. A component
changed if something did that decides its image, its contract, its pins or its tests. Its README and license do not.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from toolkit.collection.changed_packages import RequiredProjects, required_names
from toolkit.collection.changed_paths import ChangedPaths
from toolkit.collection.changed_settings import ParentChange, parent_changes
from toolkit.collection.changed_templates import ChangedTemplates
from toolkit.collection.own_changes import Kind, Reason, own_reasons
from toolkit.collection.workspace import member_folders
from toolkit.config.project import Project, is_component, read_project
from toolkit.config.toml import TomlDocument
from toolkit.config.workspace import SHARED_LOCK, WorkspaceSettings, read_workspace_settings, workspace_document
from toolkit.errors import CompError, InputError
from toolkit.git.differences import differences
from toolkit.git.repository import Repository, Start
from toolkit.requirements.project_sources import project_origins
from toolkit.requirements.shared_lock import parse_shared_lock, read_shared_lock
from toolkit.system.glob import Glob
from toolkit.system.moment import one_moment

_PYPROJECT = "pyproject.toml"


class ChangedComponent(Struct, frozen=True, kw_only=True):
    """A component that changed: its real folder, its name, and each reason once."""

    folder: Path
    name: str
    reasons: tuple[Reason, ...]


class RemovedComponent(Struct, frozen=True, kw_only=True):
    """A component that was there: its folder, and its name."""

    folder: Path
    name: str


class Changes(Struct, frozen=True, kw_only=True):
    """The changes since `start`, in the order of the folders; `members` counts all components that there are."""

    start: Start
    changed: tuple[ChangedComponent, ...]
    removed: tuple[RemovedComponent, ...]
    members: int


def read_changes(folder: Path, reference: str, environ: Mapping[str, str], *, bases: bool = False) -> Changes:
    """Return which components at and below a folder changed since the commit that `reference` stands for.

    See `Repository.start` for references. A component whose settings cannot be read is listed: it is not known what
    decides it. With `bases`, servers are asked whether the tags of bases moved. Raises InputError for a collection that
    cannot be read, UsageError for a reference that is not here, OutsideError when git or a server fails.
    """
    folder = Path(os.path.realpath(folder))
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", hint="give the folder that has the components below it")
    repository = Repository.open(folder, environ)
    start = repository.start(reference)
    paths = ChangedPaths.of(repository.top, differences(repository, start.tree))
    with one_moment():
        collection = _Collection.read(folder)
        old = paths.old_documents(_PYPROJECT)
        comparison = _Comparison.of(paths, old, environ, collection)
        changed = {member: found for member in collection.folders if (found := comparison.compared(member))}
        removed = tuple(comparison.removed())
        if bases:
            changed = _with_moved_bases(changed, collection.folders, environ)
    if not collection.folders and not removed:
        raise InputError(f"no component below {folder}", hint="run it in the folder that has the components below it")
    return Changes(start=start, changed=tuple(changed.values()), removed=removed, members=len(collection.folders))


def _with_moved_bases(
    changed: Mapping[Path, ChangedComponent], folders: Sequence[Path], environ: Mapping[str, str]
) -> dict[Path, ChangedComponent]:
    """Return the changed components, with those whose bases moved, in the order of the folders."""
    from toolkit.collection.moved_bases import moved_bases

    projects: dict[Path, Project] = {}
    for folder in folders:
        # One that cannot be read is among the changed ones, or its build reports it.
        with suppress(CompError):
            projects[folder] = read_project(folder, environ=environ)
    moved = moved_bases([*projects.values()], environ)
    new = {
        folder: ChangedComponent(
            folder=folder,
            name=projects[folder].name,
            reasons=(
                *(changed[folder].reasons if folder in changed else ()),
                Reason(kind=Kind.BASE, detail=base),
            ),
        )
        for folder, base in moved.items()
    }
    return {folder: found for folder in folders if (found := new.get(folder) or changed.get(folder))}


class _Collection(Struct, frozen=True, kw_only=True):
    """The folders of the components below `folder`, and the settings of their collection at `root`."""

    folder: Path
    root: Path
    settings: WorkspaceSettings
    folders: tuple[Path, ...]

    @classmethod
    def read(cls, folder: Path) -> "_Collection":
        """Find the components. Raises InputError for faulty settings of the collection."""
        document = workspace_document(folder)
        root = document.path.parent if document else folder
        settings = (read_workspace_settings(document) if document else None) or WorkspaceSettings()
        found = member_folders(root, document, settings)
        inside = tuple(place for place in found if place.is_relative_to(folder))
        return cls(folder=folder, root=root, settings=settings, folders=inside)

    def would_have(self, place: Path) -> bool:
        """Whether a component in this folder, which need not exist, would be a member below `folder`."""
        if not place.is_relative_to(self.folder) or not place.is_relative_to(self.root):
            return False
        path = place.relative_to(self.root).as_posix()
        if any(glob.matches(path) for glob in _globs(self.settings.exclude)):
            return False
        if self.settings.members is None:
            return not any(part.startswith(".") for part in place.relative_to(self.root).parts)
        return place == self.root or any(glob.matches(path, whole=True) for glob in _globs(self.settings.members))


class _Comparison(Struct, frozen=True, kw_only=True):
    """The comparison of a collection with an earlier commit.

    `old` has the earlier documents of changed pyproject.toml files, `parents` the changes of those above components,
    `required` the comparison of what components require, `relocked` the folders whose parts of a shared lock differ.
    `before` is the collection by its earlier settings, None if they are the same.
    """

    paths: ChangedPaths
    old: Mapping[Path, TomlDocument | None]
    parents: Sequence[ParentChange]
    required: RequiredProjects
    relocked: frozenset[Path]
    templates: ChangedTemplates
    collection: _Collection
    before: _Collection | None

    @classmethod
    def of(
        cls,
        paths: ChangedPaths,
        old: Mapping[Path, TomlDocument | None],
        environ: Mapping[str, str],
        collection: _Collection,
    ) -> "_Comparison":
        """Return the comparison of what changed at `paths`."""
        # What lies above no component decides none.
        above = {parent for member in collection.folders for parent in member.parents}
        return cls(
            paths=paths,
            old=old,
            parents=parent_changes(
                {path: document for path, document in old.items() if path.parent in above},
                {p: d for p, d in paths.old_documents("uv.toml").items() if p.parent in above},
            ),
            required=RequiredProjects(paths=paths, environ=environ),
            relocked=_relocked(paths, collection),
            templates=ChangedTemplates.of(paths),
            collection=collection,
            before=_earlier(collection, old),
        )

    def compared(self, folder: Path) -> ChangedComponent | None:
        """Return the component in a folder if it changed."""
        if self._is_new(folder):
            name = _name(_document(folder / _PYPROJECT), folder)
            return ChangedComponent(folder=folder, name=name, reasons=(Reason(kind=Kind.ADDED),))
        own = _document(folder / _PYPROJECT)
        if own is None and not self._has_changed_files(folder):
            # Its settings were as wrong before.
            return None
        try:
            if own and not self._is_touched(own):
                names = self.required.changed_for(own) if self.paths.order else ()
                reasons = tuple(Reason(kind=Kind.DEPENDENCY, detail=name) for name in names)
                name = _name(own, folder)
            else:
                project = read_project(folder, environ=self.required.environ)
                name, reasons = project.name, tuple(dict.fromkeys(self._reasons(project)))
        except CompError:
            # The work on this component reports what is wrong.
            return ChangedComponent(folder=folder, name=folder.name, reasons=(Reason(kind=Kind.UNREADABLE),))
        return ChangedComponent(folder=folder, name=name, reasons=reasons) if reasons else None

    def removed(self) -> Iterator[RemovedComponent]:
        """Yield the components that were there."""
        collection = self.before or self.collection
        for path, document in sorted(self.old.items()):
            folder = path.parent
            if folder in self.collection.folders or document is None or not _is_component(document):
                continue
            if collection.would_have(folder):
                yield RemovedComponent(folder=folder, name=_name(document, folder))

    def _is_new(self, folder: Path) -> bool:
        """Whether a folder was no component of the collection."""
        path = folder / _PYPROJECT
        if self.before and not self.before.would_have(folder):
            return True
        difference = self.paths.at(path) or self.paths.covering(folder)
        document = self.old.get(path)
        # What a partial clone lacks, or was not TOML, is taken for the settings of a component.
        return difference is not None and (
            difference.what == "added" or (document is not None and not _is_component(document))
        )

    def _has_changed_files(self, folder: Path) -> bool:
        """Whether something in a folder changed."""
        return bool(self.paths.below(folder)) or self.paths.covering(folder) is not None

    def _is_touched(self, own: TomlDocument) -> bool:
        """Whether more may have changed than what a component requires. It is False for most of a collection."""
        folder = own.path.parent
        if self.parents or self._has_changed_files(folder) or folder in self.relocked or self.templates.made(folder):
            return True
        elsewhere = "project" not in own.data or bool({"requirements", "dockerfile"} & own.table("tool", "comp").keys())
        return elsewhere and bool(self.paths.order)

    def _reasons(self, project: Project) -> Iterator[Reason]:
        """Yield why a component changed. Raises InputError if it cannot be known."""
        yield from own_reasons(project, self.paths, self.old)
        if self.templates.made(project.folder):
            yield Reason(kind=Kind.TEMPLATE)
        packages = project_origins(project, self.required.environ)
        yield from (Reason(kind=Kind.DEPENDENCY, detail=name) for name in self.required.changed_names(packages))
        if self.required.changed_lock(project, packages) or project.folder in self.relocked:
            yield Reason(kind=Kind.LOCK)
        own = TomlDocument.read(project.folder / _PYPROJECT)
        above = [change for change in self.parents if change.path.parent in project.folder.parents]
        names = required_names(packages) if above else frozenset()
        for change in above:
            if own and change.reaches(own, names):
                yield Reason(kind=Kind.PARENT, detail=change.path.relative_to(self.paths.top).as_posix())


def _name(document: TomlDocument | None, folder: Path) -> str:
    """Return the name in a component's settings, else that of its folder."""
    project = document.data.get("project") if document else None
    name = project.get("name") if isinstance(project, dict) else None
    return name if isinstance(name, str) else folder.name


def _relocked(paths: ChangedPaths, collection: _Collection) -> frozenset[Path]:
    """Return the folders of the components whose parts of a lock that a collection shares differ."""
    path = collection.root / SHARED_LOCK
    if paths.at(path) is None:
        return frozenset()
    try:
        after = read_shared_lock(path) if path.is_file() else {}
        data = paths.old(path)
        document = None if data is None else TomlDocument.parse(path, data)
        before = parse_shared_lock(document) if document else {}
    except InputError:
        # The work on the components reports what is wrong; until then each may have changed.
        return frozenset(collection.folders)
    return frozenset(folder for folder in before.keys() | after.keys() if before.get(folder) != after.get(folder))


def _earlier(collection: _Collection, old: Mapping[Path, TomlDocument | None]) -> _Collection | None:
    """Return the collection with its earlier settings; None if they are the same, or were invalid."""
    document = old.get(collection.root / _PYPROJECT)
    try:
        settings = read_workspace_settings(document) if document else None
    except InputError:
        return None
    if settings is None or settings == collection.settings:
        return None
    return _Collection(folder=collection.folder, root=collection.root, settings=settings, folders=())


def _document(path: Path) -> TomlDocument | None:
    """Return the document of a component; None if it cannot be read."""
    try:
        return TomlDocument.read(path)
    except InputError:
        return None


def _is_component(document: TomlDocument) -> bool:
    """Whether a document is that of a component."""
    try:
        return is_component(document)
    except InputError:
        return False


def _globs(patterns: Iterable[str]) -> Iterator[Glob]:
    """Yield patterns; an invalid one matches nothing, and is reported where the settings are read."""
    for pattern in patterns:
        try:
            yield Glob.parse(pattern)
        except ValueError:
            continue
