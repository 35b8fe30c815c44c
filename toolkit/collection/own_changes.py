"""What changed of a component's own files, by what they decide: the image, the contract, the pins or the tests."""

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from toolkit.builders.code import is_code
from toolkit.builders.dockerfile_context import in_context
from toolkit.builders.ignore import NAME as IGNORED
from toolkit.builders.notebook import without_outputs
from toolkit.collection.changed_paths import ChangedPaths
from toolkit.collection.changed_settings import same_settings
from toolkit.collection.changed_templates import RECORD
from toolkit.config.dockerfile import DockerfileSettings
from toolkit.config.project import Project
from toolkit.config.toml import TomlDocument
from toolkit.errors import CompError
from toolkit.limits import CONTRACT_SIZE, NOTEBOOK_SIZE
from toolkit.system.reading import read_foreign

_PYPROJECT = "pyproject.toml"
_SETTINGS = (_PYPROJECT, "uv.toml", IGNORED)


class Kind(StrEnum):
    """Why a component counts as changed; the values stand in JSON."""

    ADDED = "added"
    CODE = "code"
    CONTRACT = "contract"
    SETTINGS = "settings"
    LOCK = "lock"
    TESTS = "tests"
    DEPENDENCY = "local-dependency"
    PARENT = "settings-of-parents"
    TEMPLATE = "template"
    BASE = "base-moved"
    UNREADABLE = "unreadable"


class Reason(Struct, frozen=True, kw_only=True):
    """One reason; `detail` is the name of a dependency, the path of a file or the name of a base."""

    kind: Kind
    detail: str | None = None

    def __str__(self) -> str:
        words = {
            Kind.DEPENDENCY: "local dependency",
            Kind.PARENT: "settings of parents",
            Kind.BASE: "base moved:",
        }.get(self.kind, self.kind.value)
        return f"{words} {self.detail}" if self.detail else words


def own_reasons(project: Project, paths: ChangedPaths, old: Mapping[Path, TomlDocument | None]) -> Iterator[Reason]:
    """Yield why a component changed by itself, some reasons several times.

    `old` has the earlier documents of changed pyproject.toml files. Raises InputError for invalid patterns.
    """
    if paths.covering(project.folder):
        yield Reason(kind=Kind.CODE)
    below = paths.below(project.folder)
    takes = _taken(project) if below else None
    contracts = {entry.contract for entry in project.entries}
    for name in below:
        path = project.folder / name
        kind = _kind(name, path, project, contracts)
        if kind is Kind.SETTINGS and name == _PYPROJECT:
            document = TomlDocument.read(path)
            changed = document is None or not same_settings(old.get(path), document)
        elif kind is Kind.CONTRACT:
            changed = not _same_contract(path, paths)
        elif kind is Kind.CODE:
            changed = takes is not None and takes(name) and not _same_notebook(path, paths)
        else:
            changed = True
        if changed:
            yield Reason(kind=kind)
    if project.dockerfile and _changed_beside(project, project.dockerfile, paths):
        yield Reason(kind=Kind.CODE)


def _taken(project: Project) -> Callable[[str], bool]:
    """Return a test of paths below the component's folder: does a build read the file there?"""
    if project.dockerfile is None:
        return is_code(project)
    copied = in_context(project.dockerfile)
    code = None if project.is_dockerfile_alone else is_code(project)
    return lambda name: copied(project.folder / name) or (code is not None and code(name))


def _changed_beside(project: Project, dockerfile: DockerfileSettings, paths: ChangedPaths) -> bool:
    """Whether a file changed that the Dockerfile may copy from outside of the component's folder."""
    copied = in_context(dockerfile)
    # Also its own place, if that is no part of the context.
    for folder in {dockerfile.context, dockerfile.path.parent}:
        for name in paths.below(folder):
            path = folder / name
            if not path.is_relative_to(project.folder) and copied(path):
                return True
    return False


def _kind(name: str, path: Path, project: Project, contracts: Collection[Path]) -> Kind:
    """Return what a file in a component's folder decides, if it decides anything."""
    if name in _SETTINGS:
        return Kind.SETTINGS
    if path in contracts:
        return Kind.CONTRACT
    if path == project.lock:
        return Kind.LOCK
    if name == RECORD:
        return Kind.TEMPLATE
    return Kind.TESTS if name.startswith("tests/") else Kind.CODE


def _same_contract(path: Path, paths: ChangedPaths) -> bool:
    """Whether a contract differs in its image alone, which a push pins: nothing has to be built again for it."""
    from toolkit.spec.pin import unpinned

    old = paths.old(path)
    before = None if old is None else unpinned(old)
    try:
        return before is not None and before == unpinned(read_foreign(path, CONTRACT_SIZE))
    except (CompError, OSError):
        return False


def _same_notebook(path: Path, paths: ChangedPaths) -> bool:
    """Whether a file is a notebook that differs in its outputs alone: the image has it without them."""
    old = paths.old(path) if path.suffix.lower() == ".ipynb" else None
    try:
        if old is None:
            return False
        return without_outputs(old, path) == without_outputs(read_foreign(path, NOTEBOOK_SIZE), path)
    except (CompError, OSError):
        return False
