"""The components of a collection: those that `[tool.comp.workspace]` names, or all that lie below its root.

Patterns are those of `.dockerignore`, so that `[tool.comp]` has one kind. As in Cargo, a folder that a pattern matches
and that is not a component is passed over, while one that is named in full has to be a component. As in uv, the root
is a member if it is a component.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from msgspec import Struct, field

from toolkit.config.project import Project, is_component, read_project
from toolkit.config.toml import TomlDocument
from toolkit.config.workspace import WORKSPACE, WorkspaceSettings, read_workspace_settings, workspace_document
from toolkit.errors import CompError, InputError, Location
from toolkit.limits import SETTINGS_SIZE
from toolkit.system.glob import Glob
from toolkit.system.moment import one_moment
from toolkit.system.os_errors import cannot
from toolkit.system.reading import read_foreign
from toolkit.words import some_of

log = logging.getLogger(__name__)

_PYPROJECT = "pyproject.toml"
_WILD = "*?[\\"
# What others put there: no component that anybody works on lies below. A folder that is itself one counts.
_OUTPUT = {"build", "dist", "node_modules", "site-packages", "__pycache__"}
# A virtual environment (PEP 405), and a folder that programs can make again (bford.info/cachedir).
_MARKS = {"pyvenv.cfg", "CACHEDIR.TAG"}


class NoComponentError(InputError):
    """A collection has no component, or none any more."""


class Member(Struct, frozen=True, kw_only=True):
    """One component folder: its real path, the name of its component, and its settings.

    `project` is None if the settings cannot be read, and then `problem` says why and `name` is that of the folder. The
    commands on it report the problem; here it stops nothing.
    """

    folder: Path
    name: str
    project: Project | None = None
    problem: CompError | None = None

    @property
    def image(self) -> str | None:
        """The name that the image is pushed to, as the settings have it."""
        return self.project.image if self.project else None


class Workspace(Struct, frozen=True, kw_only=True):
    """A collection: its root, its settings, and its members in the order of their paths.

    `document` is the root's pyproject.toml if that has `[tool.comp.workspace]`; else the members are those found below.
    """

    root: Path
    document: TomlDocument | None
    settings: WorkspaceSettings
    members: tuple[Member, ...]


def read_workspace(folder: Path, environ: Mapping[str, str]) -> Workspace:
    """Return the components at and below a folder.

    If the folder or one above it has `[tool.comp.workspace]`, they are those of its members that lie there.
    Raises InputError if there are none, for faulty settings, and for members that cannot stand together.
    """
    if not folder.is_dir():
        what = "is a file, not a folder of components" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}", hint="give the folder that has the components below it")
    folder = Path(os.path.realpath(folder))
    document = workspace_document(folder)
    root = document.path.parent if document else folder
    settings = (read_workspace_settings(document) if document else None) or WorkspaceSettings()
    folders = [found for found in member_folders(root, document, settings) if found.is_relative_to(folder)]
    if not folders:
        raise NoComponentError(
            f"no component below {folder}",
            where=document.where(*WORKSPACE) if document else None,
            hint="`comp new NAME --from-function FILE.py:FUNCTION` makes one",
        )
    return Workspace(root=root, document=document, settings=settings, members=read_members(folders, environ))


def read_members(folders: Iterable[Path], environ: Mapping[str, str]) -> tuple[Member, ...]:
    """Return the components of these folders in their order, each folder once.

    Raises InputError if two have one name or one image. A folder that is not a component becomes a member with a
    problem.
    """
    places = dict.fromkeys(Path(os.path.realpath(folder)) for folder in folders)
    # Their folders have the same parents, whose settings count for all.
    with one_moment():
        members = tuple(_member(place, environ) for place in places)
        _check_names(members)
        _check_images(members, environ)
    return members


def member_folders(root: Path, document: TomlDocument | None, settings: WorkspaceSettings) -> list[Path]:
    """Return the folders of the components of the collection at `root`, in order, without reading their settings.

    Raises InputError for a member that is missing, is not a component, lies outside of the root, or belongs to another
    collection.
    """
    return _Search(root=root, document=document, settings=settings).folders()


def _member(folder: Path, environ: Mapping[str, str]) -> Member:
    """Read one component."""
    try:
        project = read_project(folder, environ=environ)
    except CompError as problem:
        return Member(folder=folder, name=folder.name, problem=problem)
    return Member(folder=folder, name=project.name, project=project)


class _Search(Struct, frozen=True, kw_only=True):
    """The search for the members of one collection."""

    root: Path
    document: TomlDocument | None
    settings: WorkspaceSettings
    _kinds: dict[Path, tuple[bool, bool]] = field(default_factory=dict)

    def folders(self) -> list[Path]:
        """Return the members' real folders, sorted."""
        excluded = _matcher(self.globs("exclude", self.settings.exclude))
        found = dict.fromkeys(self._candidates(excluded))
        members = set()
        for candidate in found:
            place = Path(os.path.realpath(candidate))
            inside = place.is_relative_to(self.root)
            if inside and excluded(place.relative_to(self.root).as_posix()):
                continue
            if not self._is_component(place):
                continue
            if not inside:
                raise self._linked_outside(candidate, place)
            members.add(place)
        self._check_nesting(members)
        return sorted(members)

    def _candidates(self, excluded: Callable[[str], bool]) -> Iterator[Path]:
        """Yield folders with a pyproject.toml that may be members, some of them twice."""
        if self.settings.members is None:
            yield from _below(self.root, self.root, excluded)
            return
        if (self.root / _PYPROJECT).is_file() and not excluded("."):
            yield self.root
        for pattern, glob in zip(self.settings.members, self.globs("members", self.settings.members), strict=True):
            parts = pattern.split("/")
            plain = next((at for at, part in enumerate(parts) if set(part) & set(_WILD)), len(parts))
            start = self.root.joinpath(*parts[:plain])
            if plain == len(parts):
                yield self._named(start, pattern)
                continue
            self._check_inside(start, pattern)
            depth = None if "**" in pattern else len(parts) - plain
            found = [
                folder
                for folder in (_below(start, self.root, excluded, depth) if start.is_dir() else ())
                if glob.matches(folder.relative_to(self.root).as_posix(), whole=True)
            ]
            if not any(map(self._is_component, found)):
                problem = f"members has {pattern!r}, which matches no component"
                raise InputError(problem, where=self._where(pattern), hint="correct the pattern, or remove it")
            yield from found

    def _named(self, folder: Path, name: str) -> Path:
        """Return a folder that is named in full. Raises InputError unless it is a component."""
        self._check_inside(folder, name)
        missing = "does not exist" if not folder.exists() else "is a file" if not folder.is_dir() else None
        if missing is None and not self._is_component(folder):
            exists = (folder / _PYPROJECT).is_file()
            missing = f"is not a component: no {'[tool.comp] in its pyproject.toml' if exists else _PYPROJECT}"
        if missing:
            hint = "correct the name in members, or remove it"
            raise InputError(f"the member {name!r} {missing}", where=self._where(name), hint=hint)
        return folder

    def _check_inside(self, folder: Path, pattern: str) -> None:
        """Raise InputError for a folder that links lead out of the root."""
        place = Path(os.path.realpath(folder))
        if not place.is_relative_to(self.root):
            problem = f"the member {pattern!r} is a link to {place}, outside of {self.root}"
            raise InputError(problem, where=self._where(pattern), hint="move it below the root, or remove it")

    def _check_nesting(self, members: Iterable[Path]) -> None:
        """Raise InputError for a member whose nearest root is another one."""
        for member in sorted(members):
            for place in (member, *member.parents):
                if place == self.root:
                    break
                if self._kind(place)[1]:
                    raise self._nested(place)

    def _nested(self, place: Path) -> InputError:
        """Return the error for the root of another collection below this one."""
        document = TomlDocument.read(place / _PYPROJECT)
        shown = place.relative_to(self.root).as_posix()
        leave_out = f'exclude = ["{shown}"] in {self.document.path}' if self.document else f"give {shown} alone"
        return InputError(
            f"a collection within the collection at {self.root}",
            where=document.where(*WORKSPACE) if document else None,
            hint=f"remove this [tool.comp.workspace], or {leave_out}",
        )

    def _is_component(self, folder: Path) -> bool:
        """Return whether a folder is a component, or would be one if its settings were readable."""
        return self._kind(folder)[0]

    def _kind(self, folder: Path) -> tuple[bool, bool]:
        """Return whether a folder is a component, and whether it is the root of a collection; each is read once."""
        if folder not in self._kinds:
            self._kinds[folder] = _kind_of(folder)
        return self._kinds[folder]

    def globs(self, key: str, patterns: Sequence[str]) -> list[Glob]:
        """Parse the patterns of a setting. Raises InputError for an invalid one."""
        globs = []
        for pattern in patterns:
            try:
                globs.append(Glob.parse(pattern))
            except ValueError as error:
                where = self.document.where_item(pattern, *WORKSPACE, key) if self.document else None
                hint = "patterns are those of .dockerignore"
                raise InputError(
                    f"{key} has an invalid pattern, {pattern!r}: {error}", where=where, hint=hint
                ) from None
        return globs

    def _linked_outside(self, folder: Path, place: Path) -> InputError:
        """Return the error for a folder that a pattern matched, and that is a link out of the root."""
        where = self.document.where(*WORKSPACE, "members") if self.document else None
        shown = folder.relative_to(self.root).as_posix()
        problem = f"the member {shown!r} is a link to {place}, outside of {self.root}"
        return InputError(problem, where=where, hint="move it below the root, or add the link to exclude")

    def _where(self, pattern: str) -> Location | None:
        """Return the place of a pattern in members."""
        return self.document.where_item(pattern, *WORKSPACE, "members") if self.document else None


def _matcher(globs: Sequence[Glob]) -> Callable[[str], bool]:
    """Return whether a path, or a folder above it, matches one of the patterns."""
    return lambda path: any(glob.matches(path) for glob in globs)


def _below(top: Path, root: Path, excluded: Callable[[str], bool], depth: int | None = None) -> Iterator[Path]:
    """Yield the folders with a pyproject.toml at `top` and up to `depth` below it, without excluded and hidden ones.

    With a depth, which only patterns have, links to folders count, but are not followed further.
    """
    waiting = [(os.fspath(top), 0)]
    prefix = len(os.fspath(root).rstrip(os.sep)) + 1
    while waiting:
        folder, level = waiting.pop()
        try:
            with os.scandir(folder) as scan:
                entries = list(scan)
        except OSError as error:
            log.warning("%s; it is left out", cannot(f"cannot read {folder}", error).message)
            continue
        names = {entry.name for entry in entries}
        if _PYPROJECT in names:
            yield Path(folder)
        if (level and is_output(folder, names)) or names & _MARKS or level == depth:
            continue
        for entry in entries:
            if entry.name.startswith(".") or excluded(entry.path[prefix:]):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, level + 1))
            elif entry.is_symlink() and depth is not None and (Path(entry.path) / _PYPROJECT).is_file():
                yield Path(entry.path)


def is_output(folder: str, names: AbstractSet[str]) -> bool:
    """Return whether programs, not people, put there what lies in the folders below, by the folder's entries."""
    return bool(names & _MARKS) or folder.rpartition(os.sep)[2] in _OUTPUT


def is_component_folder(folder: Path) -> bool:
    """Return whether a folder is a component, or would be one if its settings were readable."""
    return _kind_of(folder)[0]


def exclusion_around(folder: Path) -> Callable[[str], bool]:
    """Return whether the collection around a folder excludes a path, which is a whole one. Raises InputError."""
    document = workspace_document(folder)
    settings = read_workspace_settings(document) if document else None
    if document is None or settings is None or not settings.exclude:
        return lambda _: False
    search = _Search(root=document.path.parent, document=document, settings=settings)
    excluded, prefix = _matcher(search.globs("exclude", settings.exclude)), f"{search.root}{os.sep}"
    return lambda path: path.startswith(prefix) and excluded(path.removeprefix(prefix))


def _kind_of(folder: Path) -> tuple[bool, bool]:
    """Return whether a folder is a component, and whether it is the root of a collection."""
    path = folder / _PYPROJECT
    try:
        document = TomlDocument.read(path)
        if document is None:
            return False, False
        return is_component(document), "workspace" in document.table("tool", "comp")
    except CompError:
        # The work on a component reports what is wrong with it. In other folders it is not ours to report.
        return _seems_ours(path), False


def _seems_ours(path: Path) -> bool:
    """Return whether an unreadable pyproject.toml seems to be that of a component: it says so, or has a contract."""
    try:
        return b"tool.comp" in read_foreign(path, SETTINGS_SIZE) or path.with_name("component.yaml").exists()
    except (CompError, OSError):
        return True


def _check_names(members: Sequence[Member]) -> None:
    """Raise InputError if two components have one name."""
    owners: dict[str, Member] = {}
    for member in members:
        for entry in member.project.entries if member.project else ():
            first = owners.setdefault(entry.name, member)
            if first is not member and member.project:
                raise InputError(
                    f"two components have the name {entry.name!r}: {first.folder} and {member.folder}",
                    where=_place_of_name(member.project, entry.name),
                    hint="rename one, or exclude its folder in [tool.comp.workspace]",
                )


def _place_of_name(project: Project, name: str) -> Location | None:
    """Return the place where the settings name a component."""
    if name == project.name:
        document = TomlDocument.read(project.pyproject)
        return document.where("project", "name") if document else None
    document = TomlDocument.read(project.folder / _PYPROJECT)
    return document.where("tool", "comp", "components", name) if document else None


def _check_images(members: Sequence[Member], environ: Mapping[str, str]) -> None:
    """Raise InputError if two components push to one repository: each would move the tags of the other."""
    owners: dict[str, list[Member]] = {}
    for member in members:
        if member.image:
            owners.setdefault(_repository(member.image), []).append(member)
    for repository, sharing in owners.items():
        if len(sharing) == 1:
            continue
        if environ.get("COMP_IMAGE"):
            problem = f"COMP_IMAGE gives one image, {repository}, to {len(sharing)} components"
            raise InputError(problem, hint="set COMP_IMAGE_PREFIX instead, to which names are added")
        document = TomlDocument.read(sharing[1].folder / _PYPROJECT)
        raise InputError(
            f"components have the image {repository} in common: {some_of([member.name for member in sharing])}",
            where=document.where("tool", "comp", "image") if document else None,
            hint="give each an image of its own, or leave image out and set COMP_IMAGE_PREFIX",
        )


def _repository(image: str) -> str:
    """Return an image's name without a tag, in its full form; as it is if it is invalid."""
    from toolkit.oci.reference import parse_reference

    try:
        return parse_reference(image).name
    except InputError:
        return image
