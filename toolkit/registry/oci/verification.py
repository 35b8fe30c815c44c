"""Check a registry on a server: every release and its blobs, the tags, the marks, the names and the index.

Everything is read from the server again, whatever the cache has, and nothing is changed.
"""

import logging
from collections.abc import Iterator
from functools import partial

from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.limits import RECORD_SIZE
from toolkit.registry.agreement import of_absent_versions
from toolkit.registry.entry import Entry
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.names import Name, parse_name
from toolkit.registry.oci.addresses import (
    claim_tag,
    claimed_version,
    marks_number,
    name_tag,
    tag_of,
    version_of,
)
from toolkit.registry.oci.artifact import Parts, interface_bytes
from toolkit.registry.oci.mark_log import DamagedMarksError
from toolkit.registry.oci.reader import OciReader, versions_of
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version
from toolkit.remote.failures import NOT_FOUND
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)

_RESTORE = "restore it from a copy of the registry, such as with `skopeo copy`; releases never change"
_INDEX = "comp-index:index"
_REINDEX = "`comp registry reindex` makes it again"


def verify(registry: OciReader, checked: Checked) -> Iterator[Fault]:
    """Yield every fault; `checked` counts what was seen. Raises RemoteError if the server fails."""
    entries = dict[str, Entry | None]()
    # Without the marks nothing says what the entry has to be.
    unknown = set[str]()
    named = {*registry.names()}
    for name in sorted(registry.every_name()):
        tags = registry.tags(name)
        versions = versions_of(tags)
        if not versions:
            # The first publish was cut off after it had set the name.
            continue
        checked.components += 1
        checked.releases += len(versions)
        for faults in at_once(partial(_release, registry, name, tags, checked), versions):
            yield from faults
        if name not in named:
            yield Fault(path=f"comp-names:{name_tag(name)}", message="missing", help=_REINDEX, derived=True)
        try:
            yield from _marks(registry, name, versions)
        except DamagedMarksError as error:
            unknown.add(str(name))
            yield Fault(path=str(name), message=error.message, help="delete the tag, and yank and deprecate again")
        else:
            entries[str(name)] = registry.entry(name)
        _note_others(name, tags)
    yield from _index(registry, entries, unknown)


def _marks(registry: OciReader, name: Name, versions: list[Version]) -> Iterator[Fault]:
    """Yield what is wrong with the marks of a component. Raises DamagedMarksError if they cannot be read."""
    if message := of_absent_versions(registry.marks(name), versions):
        yield Fault(path=str(name), message=message, help="restore their tags, or take the marks back")


def _note_others(name: Name, tags: tuple[str, ...]) -> None:
    """Warn of tags that mean nothing to a registry."""
    others = [tag for tag in tags if not (version_of(tag) or claimed_version(tag) or marks_number(tag))]
    if others:
        log.warning("%s has tags that are no versions, which comp passes over: %s", name, ", ".join(sorted(others)))


def _release(registry: OciReader, name: Name, tags: tuple[str, ...], checked: Checked, version: Version) -> list[Fault]:
    """Return the faults of one release."""
    path = f"{name}:{tag_of(version)}"
    try:
        parts = registry.read_parts(name, version, fresh=True)
        release = registry.release(name, version)
    except RemoteError:
        raise
    except OutsideError as error:
        return [Fault(path=path, message=error.message, help=_RESTORE)]
    faults = [Fault(path=path, message=message, help=_RESTORE) for message in _differences(registry, release, parts)]
    checked.files += len(parts.blobs)
    return [*faults, *_moved(registry, name, tags, version, parts)]


def _differences(registry: OciReader, release: Release, parts: Parts) -> Iterator[str]:
    """Yield how a manifest and its blobs differ from the record."""
    interface = interface_bytes(release)
    expected = {CONTRACT: release.digest} | {file.path: file.digest for file in release.files}
    for path in sorted(expected.keys() | parts.files.keys()):
        found = parts.files.get(path)
        if found is None or found.digest != expected.get(path):
            has = found.digest if found else "no such file"
            yield f"{path} is {has}, and the record says {expected.get(path, 'no such file')}"
    sizes = {file.path: file.size for file in release.files}
    for path, size in sizes.items():
        if path in parts.files and parts.files[path].size != size:
            yield f"{path} has {parts.files[path].size} bytes, and the record says {size}"
    for described in (parts.interface, parts.record, *parts.files.values()):
        try:
            data = registry.blobs.fetch(registry.at.component(release.name), described, RECORD_SIZE)
        except (InputError, OutsideError) as error:
            if isinstance(error, RemoteError) and error.status != NOT_FOUND:
                raise
            yield error.message
        else:
            if described == parts.interface and data != interface:
                yield "its config is another interface than the record's"


def _moved(registry: OciReader, name: Name, tags: tuple[str, ...], version: Version, parts: Parts) -> Iterator[Fault]:
    """Yield a fault if a version's tag names another artifact than those that publishers claimed for it."""
    # Repositories that other tools copied have no claims.
    claims = [tag for tag in tags if claimed_version(tag) == version]
    repository = registry.at.component(name)
    for claim in claims:
        found = registry.remote.tagged(repository.with_tag(claim))
        if found and claim != claim_tag(version, found):
            yield Fault(path=f"{name}:{claim}", message=f"it was moved to {found}", help=_RESTORE)
    if claims and claim_tag(version, parts.manifest) not in claims:
        yield Fault(
            path=f"{name}:{tag_of(version)}",
            message=f"it was moved to {parts.manifest}; published were {', '.join(claims)}",
            help=f"`skopeo copy --all docker://{repository.name}:{claims[0]} docker://{repository.name}:"
            f"{tag_of(version)}` puts it back",
        )


def _index(registry: OciReader, expected: dict[str, Entry | None], unknown: set[str]) -> Iterator[Fault]:
    """Yield how the index differs from the releases of all components but the `unknown` ones."""
    found = registry.index.read()
    if found is None:
        if expected:
            yield Fault(path=_INDEX, message="missing or damaged", help=_REINDEX, derived=True)
        return
    entries = {entry.name: entry for entry in found}
    listed = {*expected, *entries} - unknown
    wrong = [name for name in sorted(listed) if entries.get(name) != expected.get(name)]
    if not wrong:
        return
    # A release may have come meanwhile.
    entries = {entry.name: entry for entry in registry.index.read() or ()}
    for name in wrong:
        if entries.get(name) != registry.entry(parse_name(name)):
            yield Fault(
                path=_INDEX, message=f"its entry of {name} differs from the releases", help=_REINDEX, derived=True
            )
