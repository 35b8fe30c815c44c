"""Wheels of requirements that come from elsewhere than an index: folders, git repositories, files by address.

Each becomes one pin with a source, and its wheel lies in the cache: built once for each content, or downloaded.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit import temporary
from toolkit.cache import Cache
from toolkit.errors import InputError
from toolkit.python.git import GitOrigin, commit_of, files_of, is_of, version_of
from toolkit.python.indexes import Indexes
from toolkit.python.local import asks_git
from toolkit.python.pin import Pin, Source, SourceDistribution
from toolkit.python.requirement_sources import Declared, FileOrigin, FolderOrigin, Origin
from toolkit.python.target import Target

if TYPE_CHECKING:
    from toolkit.python.building import Means

_ADDRESS = "address"


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """What the wheels are made with: for which target, by which means, and what a lock has `kept` by name.

    Folders are named relative to `relative_to`, the folder of the lock.
    """

    target: Target
    means: "Means"
    relative_to: Path
    kept: Mapping[str, Pin] = field(default_factory=dict)

    @property
    def cache(self) -> Cache:
        """Where the wheels are kept."""
        return self.means.cache


class Checkouts:
    """The projects in git of one resolution, each unpacked once in a temporary folder; get one from `checkouts`."""

    def __init__(self, folder: Path, making: Making) -> None:
        self._folder, self._making = folder, making
        self._commits: dict[tuple[str, str | None], str] = {}

    def commit(self, origin: GitOrigin, name: str) -> str:
        """Choose the commit: that of the lock if the reference ever named it, else what the reference names now."""
        key = (origin.url, origin.ref)
        if key not in self._commits:
            kept = self._making.kept.get(name)
            known = kept.source.commit if kept and kept.source else None
            if known is None or not is_of(origin, known, self._making.cache):
                known = commit_of(origin)
            self._commits[key] = known
        return self._commits[key]

    def __call__(self, origin: GitOrigin, name: str) -> Path:
        """Give the folder of a project."""
        commit = self.commit(origin, name)
        place = self._folder / hashlib.sha256(f"{origin.url} {commit}".encode()).hexdigest()[:16]
        if not place.is_dir():
            place.mkdir()
            files_of(replace(origin, subdirectory=""), commit, self._making.cache, place)
            (place / ".git").touch()  # The repository's root, for those who ask how far links may lead.
        project = (place / origin.subdirectory).resolve()
        if not project.is_relative_to(place.resolve()) or not project.is_dir():
            raise InputError(f"{origin.label(commit)} has no folder {origin.subdirectory}", where=origin.where)
        return project


@contextmanager
def checkouts(making: Making) -> Iterator[Checkouts]:
    """Unpack projects in git while the block runs."""
    with temporary.folder("git") as folder:
        yield Checkouts(folder.resolve(), making)


def make_pins(
    declared: Declared, making: Making, unpacked: Checkouts, hashes: Mapping[str, frozenset[str]]
) -> tuple[Pin, ...]:
    """Make the wheel of every origin, in order of name; `hashes` are the only files that may be taken, by name.

    Raises InputError for what does not build or fit, OutsideError for what cannot be had.
    """
    pins = []
    for name, origin in sorted(declared.origins.items()):
        pin = _made(name, origin, making, unpacked)
        allowed = hashes.get(name)
        if allowed is not None and isinstance(origin, FileOrigin) and pin.source and pin.source.sha256 not in allowed:
            raise InputError(f"{origin.address} does not have a hash that is required for {name}", where=origin.where)
        pins.append(pin)
    return tuple(pins)


def _made(name: str, origin: Origin, making: Making, unpacked: Checkouts) -> Pin:
    from toolkit.python.building import Elsewhere, build_folder

    if isinstance(origin, FileOrigin):
        return _of_file(name, origin, making)
    if isinstance(origin, FolderOrigin):
        return build_folder(origin.folder, name, making.target, making.means, relative_to=making.relative_to)
    folder, commit = unpacked(origin, name), unpacked.commit(origin, name)
    elsewhere = Elsewhere(
        address=origin.label(commit),
        where=origin.where,
        version=version_of(origin, commit, making.cache) if asks_git(folder) else None,
    )
    return build_folder(folder, name, making.target, making.means, relative_to=making.relative_to, elsewhere=elsewhere)


def _of_file(name: str, origin: FileOrigin, making: Making) -> Pin:
    sha256 = _content(name, origin, making)
    source = Source(name=_place(origin, making.relative_to), sha256=sha256)
    if not origin.filename.endswith(".whl"):
        from toolkit.python.building import Elsewhere, build_source

        found = SourceDistribution(
            name=name, version="", filename=origin.filename, sha256=sha256, url=making.cache.blob_path(sha256).as_uri()
        )
        elsewhere = Elsewhere(address=origin.address, where=origin.where)
        built = build_source(found, making.target, making.means, elsewhere=elsewhere)
        return _named(name, origin, built.filename, built.sha256, source, making)
    if making.target.rank(origin.filename) is None:
        wanted = f"{making.target.platform}, Python {making.target.minor}, {making.target.libc}"
        raise InputError(
            f"{origin.filename} does not fit {wanted} {making.target.libc_version}",
            where=origin.where,
            hint="name a wheel for each platform, with markers, in [tool.uv.sources]",
        )
    return _named(name, origin, origin.filename, sha256, source, making)


def _named(name: str, origin: FileOrigin, filename: str, sha256: str, source: Source, making: Making) -> Pin:
    try:
        named, version, *_ = parse_wheel_filename(filename)
    except ValueError as error:
        raise InputError(f"{origin.address} is not a wheel: {error}", where=origin.where) from None
    if named != canonicalize_name(name):
        raise InputError(f"{origin.address} is of {named}, and {name} is required from there", where=origin.where)
    address = making.cache.blob_path(sha256).absolute().as_uri()
    return Pin(name=named, version=str(version), filename=filename, sha256=sha256, source=source, url=address)


def _content(name: str, origin: FileOrigin, making: Making) -> str:
    """Bring the file into the cache and return its sha256; what a lock says counts if the address gave it before."""
    from toolkit.python.download import index_transport, keep_download
    from toolkit.python.index_users import IndexUsers

    kept = making.kept.get(name)
    known = origin.sha256 or (kept.source.sha256 if kept and kept.source else None)
    cache, local = making.cache, origin.url.startswith("file:")
    if known and not local and cache.has_blob(known) and cache.record(_ADDRESS, [origin.address, known]) is not None:
        return known
    # A login may stand in the address.
    users = IndexUsers(Indexes(where=making.means.indexes.where, options=(f"--find-links {origin.url}",)), os.environ)
    found = keep_download(origin.url, origin.filename, cache, making.means.report, users, index_transport(os.environ))
    if origin.sha256 and found != origin.sha256:
        raise InputError(
            f"{origin.address} has the sha256 {found}, and {origin.sha256} is required", where=origin.where
        )
    cache.write_record(_ADDRESS, [origin.address, found], {})
    return found


def _place(origin: FileOrigin, folder: Path) -> str:
    """Name the file as a lock does: by address, or relative to the lock's folder."""
    from urllib.parse import unquote, urlsplit

    if not origin.url.startswith("file:"):
        return origin.address
    path = os.path.relpath(unquote(urlsplit(origin.url).path), folder)
    return path if "/" in path else f"./{path}"
