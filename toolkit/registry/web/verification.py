"""Check a registry on a web server by what every reader is given, asked for anew: the cache hides no damage.

A server lists no folders: what neither the catalogue nor an index names stays unseen.
"""

from collections.abc import Iterator
from functools import partial

from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import OutsideError, RemoteError
from toolkit.limits import RECORD_SIZE
from toolkit.registry.entry import Entry, entry_of, newest_version
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.folder.index import index_line
from toolkit.registry.names import Name, parse_name
from toolkit.registry.soundness import Sound, Soundness
from toolkit.registry.web.documents import Documents
from toolkit.registry.web.registry import HttpRegistry
from toolkit.system.threads import at_once

_REINDEX = "`comp registry reindex` makes it again, in the folder that the server shows"
_SCOPE = "as the server shows it: files and components that no index names can be seen in its folder alone"


def verify(documents: Documents, checked: Checked) -> Iterator[Fault]:
    """Yield every fault; `checked` counts what was seen. Raises RemoteError if the server fails, OutsideError."""
    checked.scope = _SCOPE
    fresh = documents.fresh()
    registry = HttpRegistry(fresh)
    try:
        entries = _entries(registry)
    except RemoteError:
        raise
    except OutsideError as error:
        checked.scope = "no component can be seen without the catalogue"
        yield _derived(layout.CATALOGUE, error.message)
        return
    soundness = Soundness(registry=registry, checked=checked)
    for name, entry in entries.items():
        faults = _component(fresh, soundness, name, entry)
        if faults:
            # A publisher may have been at work.
            fresh = documents.fresh()
            again = HttpRegistry(fresh)
            faults = _component(fresh, Soundness(registry=again, checked=Checked()), name, _entries(again).get(name))
            soundness = replace(soundness, registry=again)
        yield from faults


def _entries(registry: HttpRegistry) -> dict[Name, Entry]:
    """Return the entries of the catalogue by name."""
    return {parse_name(entry.name): entry for entry in registry.entries()}


def _component(documents: Documents, soundness: Soundness, name: Name, entry: Entry | None) -> list[Fault]:
    """Return the faults of one component."""
    registry = HttpRegistry(documents)
    path = layout.index(name)
    try:
        lines = registry.lines(name)
    except RemoteError:
        raise
    except OutsideError as error:
        return [_derived(path, error.message)]
    if not lines:
        return [_derived(path, "missing or empty, and the catalogue names the component")]
    sound = soundness.component(name, registry.versions(name))
    wrong = [
        str(version)
        for version, release in sound.releases.items()
        if replace(index_line(release, b""), record=lines[version].record) != lines[version]
    ]
    faults = [*sound.faults, *([_derived(path, f"it differs from the records of {', '.join(wrong)}")] if wrong else [])]
    # What is derived from a damaged record may well be right, and nothing can say so.
    if len(sound.releases) == len(lines) and sound.marks is not None:
        newest = newest_version(sound.releases, sound.marks)
        expected = None if newest is None else entry_of(sound.releases[newest], len(lines), sound.marks)
        if entry != expected:
            faults.append(_derived(layout.CATALOGUE, f"its entry of {name} differs from the records"))
        faults += _layout_of_kfp(documents, soundness, name, sound)
    return faults


def _layout_of_kfp(documents: Documents, soundness: Soundness, name: Name, sound: Sound) -> Iterator[Fault]:
    """Yield how KFP's layout of a component differs from its releases, but for damaged contracts."""
    expected = dict[str, Digest]()
    for version, release in sound.releases.items():
        expected[layout.tagged(name, version)] = expected[layout.pinned(name, release.digest)] = release.digest
    newest = newest_version(sound.releases, sound.marks) if sound.marks is not None else None
    if newest is not None:
        expected[layout.newest(name)] = sound.releases[newest].digest
    for faults in at_once(partial(_unlike, documents, soundness), list(expected.items())):
        yield from faults


def _unlike(documents: Documents, soundness: Soundness, expected: tuple[str, Digest]) -> list[Fault]:
    """Return the fault of a file in KFP's layout that is not the contract."""
    path, digest = expected
    try:
        documents.fixed(path, digest, RECORD_SIZE, named_by="its release")
    except RemoteError:
        raise
    except OutsideError as error:
        return [_derived(path, error.message)]
    soundness.count()
    return []


def _derived(path: str, message: str) -> Fault:
    """Return the fault of a file that can be made again."""
    return Fault(path=path, message=message, help=_REINDEX, derived=True)
