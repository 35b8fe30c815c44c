"""The pins of what comes from elsewhere than an index: of folders, projects in git, and files by address.

Each pin has a source, and its wheel lies in the cache: built once for each content, or downloaded.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.python.target import Target
from toolkit.requirements.building.build import build_folder, build_source
from toolkit.requirements.building.build_setup import BuildSetup, ForeignSource
from toolkit.requirements.building.version_variables import asks_git_for_version
from toolkit.requirements.download import index_transport, keep_download
from toolkit.requirements.follow import PackageOrigins
from toolkit.requirements.git import Git
from toolkit.requirements.index_users import IndexUsers
from toolkit.requirements.origins import FileOrigin, FolderOrigin, GitOrigin, Origin
from toolkit.requirements.pin import Pin, Source, SourceDistribution
from toolkit.system import temporary


class _Served(Record, frozen=True, kw_only=True):
    """A mark that an address gave a file, by the address and the file's digest."""

    KIND: ClassVar[str] = "address"


class PinContext(Struct, frozen=True, kw_only=True):
    """What pins of origins are made with: the target, the setup of builds, and the pins of an old lock, by name.

    Pins name folders relative to `relative_to`, the folder of the lock. Commits and files of `kept` stay the same, as
    long as they are what is required.
    """

    target: Target
    setup: BuildSetup
    relative_to: Path
    kept: Mapping[str, Pin] = field(default_factory=dict)

    @property
    def environ(self) -> Mapping[str, str]:
        """The user's environment variables."""
        return self.setup.environ

    @property
    def git(self) -> Git:
        """The git of this machine."""
        return Git(cache=self.cache, environ=self.environ)

    @property
    def cache(self) -> Cache:
        """The cache that holds the wheels."""
        return self.setup.cache


class Checkouts:
    """The projects in git of one resolution, each unpacked once into a temporary folder: see `checkouts`."""

    def __init__(self, folder: Path, context: PinContext) -> None:
        self._folder, self._context = folder, context
        # One answer for the whole resolution, since a branch may move on meanwhile.
        self._commits: dict[tuple[str, str | None], str] = {}

    def commit(self, origin: GitOrigin, name: str) -> str:
        """Return the commit of the lock if the reference ever named it, else the commit that it names now."""
        key = (origin.url, origin.ref)
        if key not in self._commits:
            kept = self._context.kept.get(name)
            commit = kept.source.commit if kept and kept.source else None
            if commit is None or not self._context.git.was_named(origin, commit):
                commit = self._context.git.commit(origin)
            self._commits[key] = commit
        return self._commits[key]

    def __call__(self, origin: GitOrigin, name: str) -> Path:
        """Return the folder of a project, unpacked."""
        commit = self.commit(origin, name)
        # Without the subdirectory: projects of one repository may require each other by paths.
        place = self._folder / hashlib.sha256(f"{origin.url} {commit}".encode()).hexdigest()[:16]
        if not place.is_dir():
            place.mkdir()
            self._context.git.files(replace(origin, subdirectory=""), commit, place)
            (place / ".git").touch()  # It marks the repository's root: links may not lead out of it.
        project = (place / origin.subdirectory).resolve()
        if not project.is_relative_to(place.resolve()) or not project.is_dir():
            raise InputError(f"{origin.label(commit)} has no folder {origin.subdirectory}", where=origin.where)
        return project


@contextmanager
def checkouts(context: PinContext) -> Iterator[Checkouts]:
    """Return the checkouts of a resolution; their folders are removed when the block ends."""
    with temporary.folder("git") as folder:
        yield Checkouts(folder.resolve(), context)


def make_pins(
    packages: PackageOrigins, context: PinContext, unpacked: Checkouts, hashes: Mapping[str, frozenset[Digest]]
) -> tuple[Pin, ...]:
    """Return the pin of every origin, in order of name; `hashes` are the only files that may be taken, by name.

    Raises InputError when a wheel does not build or fit, OutsideError when a source cannot be had.
    """
    pins = []
    for name, origin in sorted(packages.origins.items()):
        pin = _pin(name, origin, context, unpacked)
        allowed = hashes.get(name)
        # Other tools' locks have hashes of files only, and name projects in git by their commit.
        if allowed is not None and isinstance(origin, FileOrigin) and pin.source and pin.source.digest not in allowed:
            raise InputError(f"{origin.address} does not have a hash that is required for {name}", where=origin.where)
        pins.append(pin)
    return tuple(pins)


def _pin(name: str, origin: Origin, context: PinContext, unpacked: Checkouts) -> Pin:
    """Return the pin of one origin."""
    if isinstance(origin, FileOrigin):
        return _of_file(name, origin, context)
    if isinstance(origin, FolderOrigin):
        return build_folder(origin.folder, name, context.target, context.setup, relative_to=context.relative_to)
    folder, commit = unpacked(origin, name), unpacked.commit(origin, name)
    foreign = ForeignSource(
        address=origin.label(commit),
        where=origin.where,
        # Reading tags needs all commits of the repository, so only for a build that would ask for them.
        version=context.git.version(origin, commit) if asks_git_for_version(folder) else None,
    )
    return build_folder(folder, name, context.target, context.setup, relative_to=context.relative_to, foreign=foreign)


def _of_file(name: str, origin: FileOrigin, context: PinContext) -> Pin:
    """Return the pin of a wheel by its address, or of the wheel that a source distribution builds to."""
    digest = _content(name, origin, context)
    source = Source(name=_place(origin, context.relative_to), digest=digest)
    if not origin.filename.endswith(".whl"):
        sdist = SourceDistribution(
            name=name, version="", filename=origin.filename, digest=digest, url=context.cache.blob_path(digest).as_uri()
        )
        foreign = ForeignSource(address=origin.address, where=origin.where)
        built = build_source(sdist, context.target, context.setup, foreign=foreign)
        return _pin_of_wheel(name, origin, built.filename, built.digest, source, context)
    # An address is one file: there is no other wheel to choose.
    if context.target.rank(origin.filename) is None:
        raise InputError(
            f"{origin.filename} does not fit {context.target.shown}",
            where=origin.where,
            hint="name a wheel for each platform, with markers, in [tool.uv.sources]",
        )
    return _pin_of_wheel(name, origin, origin.filename, digest, source, context)


def _pin_of_wheel(
    name: str, origin: FileOrigin, filename: str, digest: Digest, source: Source, context: PinContext
) -> Pin:
    """Return the pin of a wheel in the cache. Raise InputError if it is of another package than is required."""
    try:
        wheel_name, version, *_ = parse_wheel_filename(filename)
    except ValueError as error:
        raise InputError(f"{origin.address} is not a wheel: {error}", where=origin.where) from None
    if wheel_name != canonicalize_name(name):
        raise InputError(f"{origin.address} is of {wheel_name}, and {name} is required from there", where=origin.where)
    # uv gets the wheel from the cache, and so asks no server for it.
    address = context.cache.blob_path(digest).absolute().as_uri()
    return Pin(name=wheel_name, version=str(version), filename=filename, digest=digest, source=source, url=address)


def _content(name: str, origin: FileOrigin, context: PinContext) -> Digest:
    """Return the digest of the file, which is in the cache then.

    The file of the lock counts if it ever came from the address.
    """
    kept = context.kept.get(name)
    expected = origin.digest or (kept.source.digest if kept and kept.source else None)
    cache, local = context.cache, origin.url.startswith("file:")
    # A lock alone does not vouch for a hash: the address must have served it. A local file is read anew, as it may
    # change.
    if expected and not local and cache.has_blob(expected) and cache.recall(_Served, [origin.address, expected.hex]):
        return expected
    # The address may hold a login.
    indexes = replace(context.setup.indexes, options=(f"--find-links {origin.url}",), pinned={})
    users, transport = IndexUsers(indexes, cache), index_transport(context.environ)
    digest = keep_download(origin.url, origin.filename, cache, context.setup.report, users, transport)
    if origin.digest and digest != origin.digest:
        raise InputError(
            f"{origin.address} has the sha256 {digest.hex}, and {origin.digest.hex} is required", where=origin.where
        )
    cache.remember([origin.address, digest.hex], _Served())
    return digest


def _place(origin: FileOrigin, folder: Path) -> str:
    """Return the name of the file in a lock: its address, or its path relative to the lock's folder."""
    if not origin.url.startswith("file:"):
        return origin.address
    path = os.path.relpath(unquote(urlsplit(origin.url).path), folder)
    # Without a slash it would be taken for a source distribution of an index: see `Source.is_file`.
    return path if "/" in path else f"./{path}"
