"""Wheels of source distributions, and of folders that a component requires, built once for each content.

What a build tool writes is packed again in one form (see `packing`), so that equal content has one digest. The digest
stands in the lock, and must come out the same wherever the wheel is built again.
"""

import logging
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct, field
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError, Location, LostError
from toolkit.python.target import Target
from toolkit.requirements.building.build_setup import BuildSetup, ForeignSource
from toolkit.requirements.building.git_files import asks_for_files, make_repository, tracked_files
from toolkit.requirements.building.project_files import folder_digest, project_files
from toolkit.requirements.building.sdists import LARGEST_METADATA, BuildSystem, read_sdist, required_by
from toolkit.requirements.building.version_variables import VERSION_VARIABLES, version_variables
from toolkit.requirements.building.wheel_build import WheelBuild
from toolkit.requirements.pin import Pin, Source, SourceDistribution
from toolkit.requirements.resolve import locate_source

log = logging.getLogger(__name__)


def build_source(
    source: SourceDistribution, target: Target, setup: BuildSetup, *, foreign: ForeignSource | None = None
) -> Pin:
    """Return the pin of the wheel that a source distribution builds to: one of an index, or a `foreign` one.

    The `wheel_builder` builds what does not build here, or comes out as machine code for another Python, processor or
    C library. Raises InputError when it may not be built, does not build or does not fit, OutsideError when the source
    cannot be had.
    """
    sdist = _Sdist(source=source, setup=setup, foreign=foreign)
    log.debug("%s is built from %s", sdist.what, source.filename)
    wheel = WheelBuild(project=sdist, target=target, setup=setup).wheel()
    # The build is foreign code, which may write the wheel of any project under any name.
    name, version, *_ = parse_wheel_filename(wheel.filename)
    # A source distribution by address has no version before it is built.
    if name != canonicalize_name(source.name) or (source.version and version != Version(source.version)):
        raise InputError(
            f"{source.filename} builds to {wheel.filename}, which is not {sdist.what}",
            hint="the source distribution is broken, or not what its name says: choose another version of it",
        )
    return Pin(
        name=source.name,
        version=source.version,
        filename=wheel.filename,
        digest=wheel.digest,
        source=Source(name=source.filename, digest=source.digest),
        url=source.url,
    )


def source_requirements(setup: BuildSetup, source: SourceDistribution, target: Target) -> tuple[str, ...]:
    """Return the requirements of a source distribution: from its metadata, else from the wheel that it builds to.

    Raises as `build_source` does.
    """
    requirements = read_sdist(setup.fetched(source)).requires
    if requirements is not None:
        return requirements
    pin = build_source(source, target, setup)
    with zipfile.ZipFile(setup.cache.blob_path(pin.digest)) as wheel:
        # At the top only: a package may hold other packages with metadata of their own.
        names = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        if not names:
            return ()
        with wheel.open(names[0]) as stream:
            return required_by(stream.read(LARGEST_METADATA))


def build_folder(
    folder: Path,
    name: str,
    target: Target,
    setup: BuildSetup,
    *,
    relative_to: Path,
    foreign: ForeignSource | None = None,
) -> Pin:
    """Return the pin of the wheel that a project's folder builds to.

    Nothing is written into the folder. A `foreign` project needs consent, as a source distribution does. Raises as
    `build_source` does.
    """
    digest = folder_digest(folder, setup.environ)
    # The user's own variables come last and count.
    from_git = dict.fromkeys(VERSION_VARIABLES, foreign.version) if foreign and foreign.version else {}
    variables = version_variables(folder, digest.hex, {**from_git, **setup.environ})
    project = _Folder(folder=folder, name=name, setup=setup, foreign=foreign, content=digest, variables=variables)
    wheel = WheelBuild(project=project, target=target, setup=setup).wheel()
    built_name, version, *_ = parse_wheel_filename(wheel.filename)
    if built_name != canonicalize_name(name):
        raise InputError(
            f"{foreign.address if foreign else folder} is the project {built_name}, and {name} is required from there",
            where=project.where,
            hint="correct the name in [tool.uv.sources]",
        )
    return Pin(
        name=built_name,
        version=str(version),
        filename=wheel.filename,
        digest=wheel.digest,
        # Relative to the lock, so that it is the same in every clone.
        source=Source(name=foreign.address if foreign else os.path.relpath(folder, relative_to), digest=digest),
        url=setup.cache.blob_path(wheel.digest).absolute().as_uri(),
    )


class _Sdist(Struct, frozen=True, kw_only=True):
    """A source distribution to build."""

    source: SourceDistribution
    setup: BuildSetup
    foreign: ForeignSource | None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """The name in messages."""
        return f"{self.source.name} from {self.foreign.address}" if self.foreign else self._release

    @property
    def digest(self) -> Digest:
        """The digest of the source distribution."""
        return self.source.digest

    @property
    def where(self) -> Location | None:
        """The place that requires it, None for a source distribution of an index."""
        return self.foreign.where if self.foreign else None

    def permit(self) -> None:
        """Raise InputError unless the user or the settings allow the build."""
        name, filename = self.source.name, self.source.filename
        required = f"{name} is required from {self.foreign.address}" if self.foreign else ""
        why = required or f"{self._release} has no wheel that fits"
        self.setup.permission.check(
            name, why, filename, lambda: self.system(self.setup.fetched(self.source)), self.where
        )

    def copy(self, folder: Path) -> Path:
        """Copy the source distribution, after a download if need be, and return the copy's path."""
        # The name comes from the index, so only its last part counts.
        return Path(shutil.copyfile(self.setup.fetched(self.source), folder / Path(self.source.filename).name))

    def system(self, copy: Path) -> BuildSystem:
        """Return how the source distribution is built."""
        return read_sdist(copy).system

    @property
    def _release(self) -> str:
        """The name and version."""
        return f"{self.source.name} {self.source.version}"


class _Folder(Struct, frozen=True, kw_only=True):
    """A project's folder to build; `content` is the digest of its files."""

    folder: Path
    name: str
    setup: BuildSetup
    foreign: ForeignSource | None
    content: Digest
    variables: Mapping[str, str]

    @property
    def what(self) -> str:
        """The name in messages."""
        return f"{self.name} from {self.foreign.address}" if self.foreign else self.name

    @property
    def digest(self) -> Digest:
        """The digest of the files, and of the variables if there are any."""
        # The version that they give ends up in the wheel, so it decides which wheel the cache returns.
        parts = canonical_json([self.content.hex, self.variables], ascii_only=True)
        return Digest.of(parts) if self.variables else self.content

    @property
    def where(self) -> Location | None:
        """The place that requires it, or the project's own settings."""
        return self.foreign.where if self.foreign else Location(path=self.folder / "pyproject.toml")

    def permit(self) -> None:
        """Raise InputError in a dry run, and for a foreign project without consent."""
        if self.foreign:
            why = f"{self.name} is required from {self.foreign.address}"
            self.setup.permission.check(self.name, why, "the repository", lambda: self.system(self.folder), self.where)
        # A project on this disk is the user's own code, and needs no consent.
        elif self.setup.permission.consent.dry:
            raise InputError(
                f"{self.name} in {self.folder} would have to be built, which a dry run does not do",
                hint="`comp lock` builds it",
            )

    def copy(self, folder: Path) -> Path:
        """Copy the project's files, with a repository if its build asks git for them, and return the copy's path."""
        files = list(project_files(self.folder))
        # Files may lie above the project: the copy is as many folders deep as the highest of them needs.
        depth = max(PurePosixPath(name).parts.count("..") for name, _ in files)
        copy = folder.joinpath(*self.folder.parts[-1 - depth :])
        for name, path in files:
            # Names may begin with ../, and the folder that this leaves need not exist yet.
            target = Path(os.path.normpath(copy / name))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        names = [name for name, _ in files]
        # In a foreign repository, all files are tracked.
        all_tracked = self.foreign and asks_for_files(self.folder)
        tracked = frozenset(names) if all_tracked else tracked_files(self.folder, self.setup.environ)
        if tracked is not None:
            inside = [name for name in names if name in tracked and not name.startswith("../")]
            make_repository(copy, inside, self.setup.environ)
        return copy

    def system(self, copy: Path) -> BuildSystem:
        """Return how the project is built: the default without a pyproject.toml."""
        settings = copy / "pyproject.toml"
        return BuildSystem.of_text(settings.read_text("utf-8", "replace") if settings.is_file() else "")


def rebuild(pin: Pin, target: Target, setup: BuildSetup) -> None:
    """Build what a lock pins and the cache lost. Raises InputError when another wheel comes out.

    Raises LostError for what comes from an address or from git: to lock again, which changes nothing, gets it.
    """
    if pin.source is None:
        return
    if pin.source.is_archive or pin.source.commit:
        raise LostError(f"the cache lost {pin.filename}", hint="do it again")
    if pin.source.is_file:
        source = locate_source(pin, target, setup.cache, setup.indexes)
        rebuilt = build_source(source, target, setup)
    else:
        folder = (setup.indexes.folder / pin.source.name).resolve()
        rebuilt = build_folder(folder, pin.name, target, setup, relative_to=setup.indexes.folder)
        # Else the other content would be reported as a build that is not reproducible.
        if rebuilt.source and rebuilt.source.digest != pin.source.digest:
            raise InputError(
                f"{pin.source.name} changed since {pin.name} was locked", hint="`comp lock` takes it in as it is now"
            )
    if rebuilt.digest != pin.digest:
        raise InputError(
            f"{pin.name} {pin.version} builds to another wheel here than the lock says: "
            f"sha256 {rebuilt.digest.hex}, expected {pin.digest.hex}",
            hint="its build depends on tools that are not pinned: `comp lock --upgrade` takes this one, "
            "a wheel in an index would be the same everywhere",
        )
