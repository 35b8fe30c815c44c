"""A copy of a registry for a web server: every sound release and what is derived, without what only writers need."""

import logging
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from toolkit.errors import InputError, OutsideError
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


def export_registry(source: Exportable, folder: Path) -> int:
    """Write the copy, or bring an earlier one up to date; return the number of releases in it.

    A damaged release is left out with a warning. Raises InputError for a folder of other files, or with another
    release of the same version.
    """
    # The copy is no repository.
    target = Directory.create(folder, replace(source.config(), git=False), announced=False)
    with target.writing() as storage:
        names = source.names()
        count = sum(_copy_component(source, target, storage, name) for name in names)
        derived.rebuild_all(target, storage, names)
    return count


def _copy_component(source: Exportable, target: Directory, storage: Storage, name: Name) -> int:
    """Copy the releases and marks of one component, and return the number of its releases."""
    count = 0
    for version in source.versions(name):
        try:
            release, record = source.release(name, version), source.record(name, version)
            contents = {path: source.content(release, path) for path in _paths(release)}
        except OutsideError as error:
            log.warning("%s", error)
            continue
        for path, content in contents.items():
            storage.keep(layout.blob(release.digest_of(path)), content, used_now=False)
        path = layout.record(name, version)
        if not storage.create(path, record, immutable=True) and not storage.holds(path, record):
            raise InputError(
                f"{storage.path(path)} is another release of this version", hint="export to a new or empty folder"
            )
        count += 1
    marks = source.marks(name)
    if marks != target.marks(name):
        storage.replace(layout.marks(name), marks.to_bytes())
    return count


def _paths(release: Release) -> tuple[str, ...]:
    """Return the paths of a release's files, its contract included."""
    return CONTRACT, *(file.path for file in release.files)
