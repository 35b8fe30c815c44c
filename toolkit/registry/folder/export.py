"""A copy of a registry for a web server: every sound release and what is derived, without what only writers need."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.registry.folder import derived, layout
from toolkit.registry.folder.config import RegistryConfig
from toolkit.registry.folder.directory import Directory
from toolkit.registry.folder.storage import Storage
from toolkit.registry.names import Name
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version

log = logging.getLogger(__name__)


@runtime_checkable
class Exportable(Registry, Protocol):
    """A registry whose own files can be read."""

    def config(self) -> RegistryConfig:
        """Read what it says of itself."""

    def record(self, name: Name, version: Version) -> bytes:
        """Read the file of one release record."""


class Exported(Struct, frozen=True, kw_only=True):
    """How many releases a copy has, and what was left out since it is damaged; each was a warning."""

    releases: int
    left_out: tuple[str, ...] = ()


def export_registry(source: Exportable, folder: Path) -> Exported:
    """Write the copy, or bring an earlier one up to date.

    A damaged release is left out with a warning, and so is a component that cannot be listed, or whose marks are
    damaged: nothing says what of it is yanked. Raises InputError for a folder of other files, or with another release
    of the same version, and RemoteError if the server of the source fails.
    """
    # The copy is no repository.
    target = Directory.create(folder, replace(source.config(), git=False), announced=False)
    left_out: list[str] = []
    with target.writing() as storage:
        names = source.names()
        count = sum(_copy_component(source, target, storage, name, left_out) for name in names)
        derived.rebuild_all(target, storage, names)
    return Exported(releases=count, left_out=tuple(left_out))


def _copy_component(source: Exportable, target: Directory, storage: Storage, name: Name, left_out: list[str]) -> int:
    """Copy the releases and marks of one component, and return the number of its releases."""
    with _warned(str(name), left_out):
        versions, marks = source.versions(name), source.marks(name)
        count = 0
        for version in versions:
            with _warned(f"{name}@{version}", left_out):
                _copy_release(source, storage, name, version)
                count += 1
        if marks != target.marks(name):
            storage.replace(layout.marks(name), marks.to_bytes())
        return count
    return 0


def _copy_release(source: Exportable, storage: Storage, name: Name, version: Version) -> None:
    """Copy one release. Raises OutsideError if it is damaged, InputError if the copy has another one."""
    release, record = source.release(name, version), source.record(name, version)
    contents = {path: source.content(release, path) for path in _paths(release)}
    for path, content in contents.items():
        storage.keep(layout.blob(release.digest_of(path)), content, used_now=False)
    path = layout.record(name, version)
    if not storage.create(path, record, immutable=True) and not storage.holds(path, record):
        raise InputError(
            f"{storage.path(path)} is another release of this version", hint="export to a new or empty folder"
        )


@contextmanager
def _warned(what: str, left_out: list[str]) -> Iterator[None]:
    """Turn damage into a warning, and note what is left out. Raises RemoteError, which all that follows would too."""
    try:
        yield
    except RemoteError:
        raise
    except OutsideError as error:
        log.warning("%s is left out: %s", what, error)
        left_out.append(what)


def _paths(release: Release) -> tuple[str, ...]:
    """Return the paths of a release's files, its contract included."""
    return CONTRACT, *(file.path for file in release.files)
