"""The files of a registry's folder that are derived from its records: indexes, KFP's layout, the catalogue.

Who calls these functions holds the registry's lock, so that no file is replaced by one from an older view.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from toolkit.errors import InputError, MachineError, OutsideError
from toolkit.limits import CATALOGUE_SIZE
from toolkit.registry.entry import Entry, entry_of, newest_version
from toolkit.registry.folder import layout
from toolkit.registry.folder.catalogue import catalogue_bytes, with_entry
from toolkit.registry.folder.index import IndexLine, index_bytes, index_line, read_index
from toolkit.registry.folder.storage import Storage
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version

log = logging.getLogger(__name__)


def follow(registry: Registry, storage: Storage, name: Name) -> None:
    """Bring the derived files of a component up to date, and the catalogue: add what is new, unless they are damaged.

    A damaged release is left out with a warning, so that others can still be published.
    """
    versions = registry.versions(name)
    lines = _read_index(storage, name)
    if not lines.keys() <= set(versions):
        # It lies, so that nothing in it counts.
        lines = {}
    _write_component(registry, storage, name, lines, [version for version in versions if version not in lines])
    _write_entry(registry, storage, name)


def rebuild(registry: Registry, storage: Storage, name: Name) -> None:
    """Make the derived files of a component again from its records, and its entry in the catalogue.

    Damage of its folder is a warning.
    """
    with _warned():
        _write_component(registry, storage, name, {}, registry.versions(name))
        _write_entry(registry, storage, name)


def rebuild_all(registry: Registry, storage: Storage, names: Iterable[Name]) -> None:
    """Make the derived files of these components again from their records, and the whole catalogue.

    Damage of a component's folder is a warning, and the others are made.
    """
    known = set()
    for name in names:
        known.add(layout.index(name))
        with _warned():
            _write_component(registry, storage, name, {}, registry.versions(name))
            _remove_strays(registry, storage, name)
    for path in [*storage.files_below(layout.INDEX)]:
        if path not in known:
            storage.remove(path)
    storage.replace(layout.CATALOGUE, catalogue_bytes(entries_of_records(registry)))


def entries_of_records(registry: Registry) -> Iterator[Entry]:
    """Yield an entry for each component with a sound release; warn of the damaged ones."""
    for name in registry.names():
        if entry := entry_of_records(registry, name):
            yield entry


@contextmanager
def _warned() -> Iterator[None]:
    """Warn of damage of a component's folder, so that it stops no work on others; errors of the disk go on."""
    try:
        yield
    except MachineError:
        raise
    except (OutsideError, InputError) as error:
        log.warning("%s", error)


def _read_index(storage: Storage, name: Name) -> dict[Version, IndexLine]:
    """Return the lines of a component's index; empty if it is missing or damaged."""
    try:
        return read_index(storage.read(layout.index(name)), name)
    except (OSError, InputError):
        return {}


def _write_component(
    registry: Registry, storage: Storage, name: Name, lines: Mapping[Version, IndexLine], added: Iterable[Version]
) -> None:
    """Write the index of a component with the `added` versions, and its files in KFP's layout."""
    complete = dict(lines)
    for version in added:
        try:
            release = registry.release(name, version)
            contract = registry.content(release, CONTRACT)
            record = storage.read(layout.record(name, version))
        except OutsideError as error:
            log.warning("%s", error)
            continue
        blob = layout.blob(release.digest)
        storage.share(blob, layout.pinned(name, release.digest), contract)
        storage.share(blob, layout.tagged(name, version), contract)
        complete[version] = index_line(release, record)
    newest = newest_version(complete, _marks(registry, name))
    if newest is not None:
        _write_newest(registry, storage, name, newest)
    if complete:
        # After the files of KFP's layout: a line says that they are there.
        storage.replace(layout.index(name), index_bytes(complete.values()))
    else:
        storage.remove(layout.index(name))


def _remove_strays(registry: Registry, storage: Storage, name: Name) -> None:
    """Remove what no release has from KFP's layout, unless a damaged release may have it."""
    versions, lines = registry.versions(name), _read_index(storage, name)
    if lines.keys() == set(versions):
        tags = {str(version) for version in versions}
        digests = {line.digest.removeprefix("sha256:") for line in lines.values()}
        for folder, kept in ((layout.tags(name), tags), (layout.pins(name), digests)):
            for each in storage.listed(folder):
                if each not in kept:
                    storage.remove(f"{folder}/{each}")


def _write_newest(registry: Registry, storage: Storage, name: Name, version: Version) -> None:
    """Write the newest contract in KFP's layout."""
    try:
        release = registry.release(name, version)
        contract = registry.content(release, CONTRACT)
    except OutsideError as error:
        log.warning("%s", error)
        return
    storage.share(layout.blob(release.digest), layout.newest(name), contract)


def _write_entry(registry: Registry, storage: Storage, name: Name) -> None:
    """Write the catalogue with the entry of one component; make it again if it is missing or damaged."""
    try:
        catalogue = with_entry(
            storage.read(layout.CATALOGUE, CATALOGUE_SIZE), str(name), entry_of_records(registry, name)
        )
    except (OSError, InputError):
        catalogue = catalogue_bytes(entries_of_records(registry))
    storage.replace(layout.CATALOGUE, catalogue)


def entry_of_records(registry: Registry, name: Name) -> Entry | None:
    """Return the entry of a component from its newest sound release; None, with a warning, if all are damaged."""
    try:
        versions = registry.versions(name)
    except OutsideError as error:
        log.warning("%s", error)
        return None
    marks, left = _marks(registry, name), set(versions)
    while (version := newest_version(left, marks)) is not None:
        if release := _sound(registry, name, version):
            return entry_of(release, len(left), marks)
        left.remove(version)
    return None


def _sound(registry: Registry, name: Name, version: Version) -> Release | None:
    """Return a release; None, with a warning, if its record is damaged."""
    try:
        return registry.release(name, version)
    except OutsideError as error:
        log.warning("%s", error)
        return None


def _marks(registry: Registry, name: Name) -> Marks:
    """Return the marks of a component; empty, with a warning, if they are damaged."""
    try:
        return registry.marks(name)
    except OutsideError as error:
        log.warning("%s", error)
        return Marks()
