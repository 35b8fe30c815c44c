"""Contracts that others made, as they lie in a folder: their bytes, and the files that belong to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.collection.tree import Tree
from toolkit.errors import CompError
from toolkit.limits import CONTRACT_SIZE
from toolkit.registry.publishing.release_files import read_release_files
from toolkit.spec.recognition import is_contract
from toolkit.system.reading import read_foreign


class FoundContract(Struct, frozen=True, kw_only=True):
    """One contract, or one of its versions. `path` is from the top, with slashes.

    `files` are README, licence and examples beside it. `revision` is the commit, and `committed` its time.
    """

    path: str
    data: bytes
    files: Mapping[str, bytes] = {}
    revision: str | None = None
    committed: datetime | None = None


class Found(Struct, frozen=True, kw_only=True):
    """The versions of each contract, the oldest first, by path.

    `source` is the address of their repository, `top` the folder from which the paths lead to files.
    """

    contracts: Mapping[str, Sequence[FoundContract]]
    source: str | None = None
    top: Path = Path()


def contracts_in_folder(folder: Path, environ: Mapping[str, str]) -> Found:
    """Return the contracts at and below a folder as they are now, one version each.

    Hidden files, and what git ignores, are left out; links to folders are not followed, and no link that leads out.
    """
    found, top = {}, folder.resolve()
    for name, names in Tree(folder, environ).entries():
        place = Path(name)
        if names is not None:
            continue
        # A file above the bound is data, and no contract: it keeps no other from being found.
        is_small = place.is_file() and place.stat().st_size <= CONTRACT_SIZE.value
        # A repository of others could have this user publish a file of their own.
        if place.is_symlink() and not place.resolve().is_relative_to(top):
            continue
        data = read_foreign(place, CONTRACT_SIZE) if is_small else b""
        if is_contract(place, data):
            path = place.relative_to(folder).as_posix()
            files = _files(place.parent, folder, environ) if place.parent != folder else {}
            found[path] = (FoundContract(path=path, data=data, files=files),)
    return Found(contracts=found, top=folder)


def _files(folder: Path, top: Path, environ: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files beside a contract, and the licence at the top; none if one of them cannot be published."""
    try:
        return read_release_files(folder, environ, metadata=top)
    except CompError:
        # The contract is what others need; its author never meant the rest for a release.
        return {}


def folder_of(path: str) -> str:
    """Return the folder of a path with slashes, empty at the top."""
    parent = PurePosixPath(path).parent.as_posix()
    return "" if parent == "." else parent
