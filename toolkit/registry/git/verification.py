"""Check a registry in a commit: every name, record, content and mark. Commits leave out what is derived."""

from collections.abc import Iterator

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.git.objects import TreeEntry
from toolkit.registry.agreement import PUBLISH, after_path, versions_of
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.git.commit import CommitRegistry
from toolkit.registry.names import is_part
from toolkit.registry.soundness import Soundness

_STRAY = "remove it with a commit, if it is nothing of yours"
_TOP = f"{layout.BLOBS}/sha256"


def verify(registry: CommitRegistry, checked: Checked) -> Iterator[Fault]:
    """Yield every fault; `checked` counts what was seen. Raises OutsideError if the clone cannot be read."""
    checked.scope = f"of the commit {registry.commit or ''}; indexes and the catalogue are made by those who read it"
    soundness = Soundness(registry=registry, checked=checked)
    yield from _odd_names(registry)
    for name in sorted(registry.folders()):
        folder = layout.records(name)
        listed = _shown(registry, folder)
        versions, strays = versions_of(each for each, entry in listed.items() if entry.is_file)
        for stray in [*strays, *(each for each, entry in listed.items() if not entry.is_file)]:
            yield Fault(path=f"{folder}/{stray}", message="it is not a record", help=_STRAY)
        if versions:
            yield from soundness.component(name, versions).faults
    yield from _blobs(registry, soundness)


def _odd_names(registry: CommitRegistry) -> Iterator[Fault]:
    """Yield what is no folder of a namespace or a component."""
    for namespace, entry in _shown(registry, layout.COMPONENTS).items():
        top = f"{layout.COMPONENTS}/{namespace}"
        if not _is_folder(namespace, entry):
            yield Fault(path=top, message="it cannot be a namespace", help=_STRAY)
            continue
        for part, below in _shown(registry, top).items():
            if not _is_folder(part, below):
                yield Fault(path=f"{top}/{part}", message="it cannot be a component", help=_STRAY)


def _blobs(registry: CommitRegistry, soundness: Soundness) -> Iterator[Fault]:
    """Yield the damaged contents that no release names, and what else lies among them."""
    for folder in _shown(registry, _TOP):
        for each in _shown(registry, f"{_TOP}/{folder}"):
            path = f"{_TOP}/{folder}/{each}"
            try:
                digest = Digest.parse_hex(each)
            except InputError:
                yield Fault(path=path, message="its name is not a digest", help=_STRAY)
                continue
            if path != layout.blob(digest):
                yield Fault(path=path, message=f"it belongs to {layout.blob(digest)}", help=_STRAY)
            elif not soundness.has_read(digest) and (message := _damage(registry, path, digest)):
                yield Fault(path=path, message=message, help=PUBLISH)


def _damage(registry: CommitRegistry, path: str, digest: Digest) -> str | None:
    """Return what is wrong with a content; None if it is whole."""
    try:
        data = registry.file(path)
    except OutsideError as error:
        return after_path(error)
    if data is None:
        return "it is not a file"
    found = Digest.of(data)
    return None if found == digest else f"damaged: its digest is {found}"


def _shown(registry: CommitRegistry, folder: str) -> dict[str, TreeEntry]:
    """Return what is in a folder, without hidden files, in the order of names."""
    return {name: entry for name, entry in sorted(registry.tree(folder).items()) if not name.startswith(".")}


def _is_folder(name: str, entry: TreeEntry) -> bool:
    """Return whether it can be the folder of a namespace or a component."""
    return entry.is_folder and is_part(name)
