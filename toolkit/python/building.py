"""Wheels built here, in a jail: of source distributions, and of folders that a component requires.

What a build tool writes is packed again in one fixed form, so that equal content has one digest; it is recorded in
the lock and must come out the same wherever it is built again.
"""

import hashlib
import json
import logging
import os
import platform
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from toolkit import limits, temporary
from toolkit.cache import Cache
from toolkit.errors import InputError, Location, OutsideError
from toolkit.jail.consent import Consent
from toolkit.progress import Report
from toolkit.python.download import download, index_transport
from toolkit.python.index_users import IndexUsers
from toolkit.python.indexes import ANY, Indexes
from toolkit.python.local import ASKED, version_variables
from toolkit.python.making import DoesNotBuildError, Surroundings, is_plain
from toolkit.python.pin import Pin, Source, SourceDistribution
from toolkit.python.resolve import locate_source
from toolkit.python.sdists import LARGEST_METADATA, UNREADABLE_ZIP, BuildSystem, read_sdist, required_by
from toolkit.python.sources import folder_digest, sources_of
from toolkit.python.target import Target
from toolkit.python.tracked import asks_for_files, make_repository, tracked_files
from toolkit.python.uv_settings import settings_digest
from toolkit.redaction import without_login

log = logging.getLogger(__name__)

# Raise it with any change of the packed form; it is part of what a built wheel is known by.
FORM_VERSION = 2

# Who builds in a jail on this machine, in the cache.
_HERE = "here"
_SAID = 8
# 1980-01-01, the first day that a zip file knows.
_FILE_TIME = (1980, 1, 1, 0, 0, 0)
_GLIBC = re.compile(rb"GLIBC_2\.(\d{1,4})")
_LONGEST_LEVEL = len("GLIBC_2.9999")
_CHUNK = 1 << 20
_UNLESS = "in a container of the base it may build, but {}"
_ASK_FOR_CONTAINER = (
    "--allow-builds builds it in a container of the base, which has this machine's network and the logins of your "
    "indexes"
)
_WAYS_OUT = (
    "build its wheel where the base's Python and compiler are and put it into an index or a folder that UV_FIND_LINKS "
    "names, or choose another version of it"
)


class Workshop(Protocol):
    """Where machine code for a base can be built, if not here: a container of it."""

    @property
    def identity(self) -> str:
        """Name the image that builds there; what it built serves only builds that would use the same one."""
        ...

    def refuses(self) -> str | None:
        """Say why nothing can be built there; None when it can."""
        ...

    def build(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        """Build the wheel of a source distribution or of a folder into `out`, with these environment variables.

        Raises InputError when it does not build, OutsideError when the container fails.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """What may be built: what the user says, and the `names` of source distributions that the component's settings say.

    The settings are whoever's the component is, so they allow builds in a jail only: a container has the
    network of this machine and the logins of the user's indexes.
    """

    consent: Consent = Consent()  # noqa: RUF009 (frozen)
    names: frozenset[str] = frozenset()

    def check(
        self, name: str, why: str, code: str, system: Callable[[], BuildSystem], where: Location | None = None
    ) -> None:
        """Raise InputError unless the project of a stranger may be built; `code` names the code that this runs."""
        what = f"{why} and would have to be built"
        if self.consent.dry:
            hint = "`comp lock` builds it, if you allow that"
            raise InputError(f"{what}, which a dry run does not do", where=where, hint=hint)
        if not self.consent.allow_builds and name not in self.names:
            found = system()
            with_what = f" with {', '.join(found.requires)}" if found.requires else ""
            raise InputError(
                f"{what}: that runs code of {code}, {found.backend or 'its build backend'}{with_what}, "
                "in a jail without network",
                where=where,
                hint=f'--allow-builds allows it, or `allow-builds = ["{name}"]` in [tool.comp]; an index with '
                "its wheel needs neither",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """Where the project of a stranger is from if not from an index, and `where` it is required.

    `version` is for a build that asks git for it, and gets a copy without git; None where git says none.
    """

    address: str
    where: Location | None = None
    version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What builds work with: the cache, the user's indexes, the `workshop` for what does not build here, permission."""

    cache: Cache
    report: Report
    permission: Permission
    indexes: Indexes = ANY
    workshop: Workshop | None = None

    def fetched(self, source: SourceDistribution) -> Path:
        """Put a source distribution into the cache; give its path. Raises OutsideError when it cannot be had."""
        if not self.cache.has_blob(source.sha256):
            download(source, self.cache, self.report, IndexUsers(self.indexes, os.environ), index_transport(os.environ))
        return self.cache.blob_path(source.sha256)

    def surroundings(self, target: Target) -> Surroundings:
        """Give what a build for a target has around it."""
        bare = self.permission.consent.allow_builds
        return Surroundings(target=target, cache=self.cache, report=self.report, indexes=self.indexes, bare=bare)


def build_source(
    source: SourceDistribution, target: Target, means: Means, *, elsewhere: Elsewhere | None = None
) -> Pin:
    """Build the wheel of a source distribution, of an index or from `elsewhere`, for a target, once; give its pin.

    What does not build here, or comes out as machine code for another Python, processor or C library, is built in the
    `workshop`. Raises InputError when it may not be built, does not build or what is built does not fit, OutsideError
    when the source cannot be had.
    """

    def copied(folder: Path) -> Path:
        # The name is the index's, so only its last part counts.
        return Path(shutil.copyfile(means.fetched(source), folder / Path(source.filename).name))

    def permit() -> None:
        means.permission.check(
            source.name, why, source.filename, lambda: read_sdist(means.fetched(source)).system, work.where
        )

    if elsewhere:
        what = f"{source.name} from {elsewhere.address}"
        why = f"{source.name} is required from {elsewhere.address}"
    else:
        what = f"{source.name} {source.version}"
        why = f"{what} has no wheel that fits"
    work = _Work(
        what=what,
        digest=source.sha256,
        target=target,
        means=means,
        where=elsewhere.where if elsewhere else None,
        permit=permit,
        system=lambda path: read_sdist(path).system,
    )
    log.debug("%s is built from %s", what, source.filename)
    filename, sha256 = work.wheel(copied)
    named, version, *_ = parse_wheel_filename(filename)
    # What an address gave has no version before it is built.
    if named != canonicalize_name(source.name) or (source.version and version != Version(source.version)):
        raise InputError(
            f"{source.filename} builds to {filename}, which is not {what}",
            hint="the source distribution is broken, or not what its name says: choose another version of it",
        )
    origin = Source(name=source.filename, sha256=source.sha256)
    return Pin(
        name=source.name, version=source.version, filename=filename, sha256=sha256, source=origin, url=source.url
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRequirements:
    """Tells what source distributions require: as they say it, else as the wheel does that is built of them."""

    means: Means

    def requirements(self, source: SourceDistribution, target: Target) -> tuple[str, ...]:
        """List what a source distribution requires. Raises as `build_source` does."""
        said = read_sdist(self.means.fetched(source)).requires
        if said is not None:
            return said
        pin = build_source(source, target, self.means)
        with zipfile.ZipFile(self.means.cache.blob_path(pin.sha256)) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
            if not names:
                return ()
            with wheel.open(names[0]) as stream:
                return required_by(stream.read(LARGEST_METADATA))


def build_folder(
    folder: Path,
    name: str,
    target: Target,
    means: Means,
    *,
    relative_to: Path,
    elsewhere: Elsewhere | None = None,
) -> Pin:
    """Build the wheel of a project's folder for a target, once for each content; give its pin.

    Nothing is written into the folder. A project from `elsewhere` needs consent, as a source distribution does; the
    user's own only where there is no jail. The `workshop` is as for `build_source`. Raises InputError when it may not
    be built or does not build.
    """

    def system(path: Path) -> BuildSystem:
        text = path / "pyproject.toml"
        return BuildSystem.of_text(text.read_text("utf-8", "replace") if text.is_file() else "")

    def permit() -> None:
        if elsewhere:
            why = f"{name} is required from {elsewhere.address}"
            means.permission.check(name, why, "the repository", lambda: system(folder), work.where)
        elif means.permission.consent.dry:
            raise InputError(
                f"{name} in {folder} would have to be built, which a dry run does not do", hint="`comp lock` builds it"
            )

    def copied(place: Path) -> Path:
        files = list(sources_of(folder))
        # As deep as the highest file that lies above needs.
        depth = max(PurePosixPath(below).parts.count("..") for below, _ in files)
        copy = place.joinpath(*folder.parts[-1 - depth :])
        for below, path in files:
            target = Path(os.path.normpath(copy / below))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        names = [below for below, _ in files]
        # All that a repository elsewhere gave is tracked there.
        tracked = frozenset(names) if elsewhere and asks_for_files(folder) else tracked_files(folder)
        if tracked is not None:
            make_repository(copy, [name for name in names if name in tracked and not name.startswith("../")])
        return copy

    digest = folder_digest(folder)
    said = dict.fromkeys(ASKED, elsewhere.version) if elsewhere and elsewhere.version else {}
    variables = version_variables(folder, digest, {**said, **os.environ})
    told = json.dumps([digest, variables], sort_keys=True)
    work = _Work(
        what=f"{name} from {elsewhere.address}" if elsewhere else name,
        digest=hashlib.sha256(told.encode()).hexdigest() if variables else digest,
        target=target,
        means=means,
        where=elsewhere.where if elsewhere else Location(path=folder / "pyproject.toml"),
        variables=variables,
        permit=permit,
        system=system,
    )
    filename, sha256 = work.wheel(copied)
    named, version, *_ = parse_wheel_filename(filename)
    if named != canonicalize_name(name):
        raise InputError(
            f"{elsewhere.address if elsewhere else folder} is the project {named}, and {name} is required from there",
            where=work.where,
            hint="correct the name in [tool.uv.sources]",
        )
    origin = Source(name=elsewhere.address if elsewhere else os.path.relpath(folder, relative_to), sha256=digest)
    address = means.cache.blob_path(sha256).absolute().as_uri()
    return Pin(name=named, version=str(version), filename=filename, sha256=sha256, source=origin, url=address)


def rebuild(pin: Pin, target: Target, means: Means) -> None:
    """Build what a lock pins and the cache lost. Raises InputError when it comes out another than it was."""
    if pin.source is None:
        return
    if pin.source.is_file:
        source = locate_source(pin, target, indexes=means.indexes)
        made = build_source(source, target, means)
    else:
        folder = (means.indexes.folder / pin.source.name).resolve()
        made = build_folder(folder, pin.name, target, means, relative_to=means.indexes.folder)
        if made.source and made.source.sha256 != pin.source.sha256:
            raise InputError(
                f"{pin.source.name} changed since {pin.name} was locked", hint="`comp lock` takes it in as it is now"
            )
    if made.sha256 != pin.sha256:
        raise InputError(
            f"{pin.name} {pin.version} builds to another wheel here than the lock says: "
            f"sha256 {made.sha256}, expected {pin.sha256}",
            hint="its build depends on tools that are not pinned: `comp lock --upgrade` takes this one, "
            "a wheel in an index would be the same everywhere",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """One wheel to be built: `what` it is for people, the sha256 of what it is built from, and for whom.

    `permit` raises InputError if nothing may be built.
    """

    what: str
    digest: str
    target: Target
    means: Means
    permit: Callable[[], None]
    system: Callable[[Path], BuildSystem]
    where: Location | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def wheel(self, prepare: Callable[[Path], Path]) -> tuple[str, str]:
        """Give the wheel's file name and sha256: as it is known, else built here, else built in the workshop.

        `prepare` puts what it is built from into a folder and says where.
        """
        known = (made for made in self._known() if self._misfit(made, elsewhere=True) is None)
        if found := next(known, None):
            return found
        self.permit()
        with temporary.folder("build") as folder:
            return self._made(folder, prepare)

    def _made(self, folder: Path, prepare: Callable[[Path], Path]) -> tuple[str, str]:
        told = ", ".join(f"{name}={value}" for name, value in self.variables.items())
        log.info("building %s%s", self.what, f" with {told}" if told else "")
        failure: InputError
        try:
            made = self._kept(folder / "here", prepare, self._build_here)
        except InputError as error:
            failure, problem = error, "it does not build here"
        else:
            misfit = self._misfit(made)
            if misfit is None:
                return self._noted(made, _HERE)
            failure, problem = self._refusal(misfit), misfit
        reason = self.means.workshop.refuses() if self.means.workshop else "this machine is of another kind"
        if self.means.workshop is None or reason:
            raise InputError(failure.message, where=failure.where, hint=f"{_UNLESS.format(reason)}; {_WAYS_OUT}")
        if not self.means.permission.consent.allow_builds:
            # A container has what a jail has not, and every build can fail in the jail to get there.
            raise InputError(failure.message, where=failure.where, hint=f"{_ASK_FOR_CONTAINER}; or {_WAYS_OUT}")
        log.info("building %s in a container of the base: %s", self.what, problem)
        log.debug("%s", failure.message)
        made = self._kept(folder / "there", prepare, self.means.workshop.build)
        if misfit := self._misfit(made, elsewhere=True):
            raise self._refusal(misfit)
        return self._noted(made, self.means.workshop.identity)

    def _noted(self, made: tuple[str, str], builder: str) -> tuple[str, str]:
        """Remember what was built, for those who would build it by the same means."""
        key = self._key(builder, None if _is_pure(made[0]) else self.target)
        self.means.cache.write_record("built", key, {"filename": made[0], "sha256": made[1]})
        return made

    def _known(self) -> Iterator[tuple[str, str]]:
        yield from self._known_of(_HERE)
        if self.means.workshop is None:
            return
        try:
            identity = self.means.workshop.identity
        except (InputError, OutsideError) as error:
            # An unfit `build-base`, say: it is reported when something has to be built there.
            log.debug("the workshop cannot be asked: %s", error.message)
            return
        yield from self._known_of(identity)

    def _known_of(self, builder: str) -> Iterator[tuple[str, str]]:
        for target in (None, self.target):
            record = self.means.cache.record("built", self._key(builder, target)) or {}
            filename, sha256 = str(record.get("filename")), str(record.get("sha256"))
            if filename.endswith(".whl") and self.means.cache.has_blob(sha256):
                yield filename, sha256

    def _key(self, builder: str, target: Target | None) -> dict[str, object]:
        """Name what is built: by its source, by who builds it with what from which indexes, by what it is for.

        A pure wheel is for everything. What a build requires comes from the indexes, and ends up in what is built.
        """
        return {
            "source": self.digest,
            "builder": builder,
            "indexes": settings_digest(self.means.indexes, os.environ),
            "for": None if target is None else [str(target.platform), target.minor, target.libc],
            "form": FORM_VERSION,
        }

    def _kept(
        self, folder: Path, prepare: Callable[[Path], Path], build: Callable[[Path, Path, Mapping[str, str]], None]
    ) -> tuple[str, str]:
        """Build the wheel and keep it, packed in the one form."""
        for name in ("source", "out"):
            (folder / name).mkdir(parents=True)
        build(prepare(folder / "source"), folder / "out", self.variables)
        # Whatever was built may have put anything there.
        wheels = sorted(path for path in (folder / "out").glob("*.whl") if is_plain(path))
        if not wheels:
            raise self._broken("no wheel came out")
        try:
            return wheels[0].name, self.means.cache.keep_blob(_packed(wheels[0]))[0]
        except UNREADABLE_ZIP as error:
            raise self._broken(f"what came out is not a wheel: {error}") from error

    def _build_here(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        try:
            self.means.surroundings(self.target).build(source, self.system(source), out, variables)
        except DoesNotBuildError as error:
            raise self._broken(str(error)) from error

    def _misfit(self, made: tuple[str, str], *, elsewhere: bool = False) -> str | None:
        """Say why a wheel does not go onto the base, which may have been built `elsewhere`; None when it does."""
        filename, sha256 = made
        place = "there" if elsewhere else "here"
        if _is_pure(filename):
            return None
        if self.target.rank(filename) is None:
            return f"what builds {place} is {filename}"
        if not elsewhere and (self.target.libc != "glibc" or platform.libc_ver()[0] != "glibc"):
            return f"machine code that is built on {platform.libc_ver()[0] or 'this system'} is for that"
        if self.target.libc != "glibc":
            return None
        newest = _newest_glibc(self.means.cache.blob_path(sha256))
        if newest > int(self.target.libc_version.split(".")[1]):
            return f"what builds {place} needs glibc 2.{newest}"
        return None

    def _broken(self, problem: str) -> InputError:
        return InputError(f"{self.what} does not build: {problem}", where=self.where, hint=_WAYS_OUT)

    def _refusal(self, problem: str) -> InputError:
        target = self.target
        wanted = f"{target.platform}, Python {target.minor}, {target.libc} {target.libc_version}"
        return InputError(
            f"{self.what} has no wheel for {wanted}, and has to be built for that: {problem}",
            where=self.where,
            hint=_WAYS_OUT,
        )


def build_command(uv: str, python: str, source: Path, out: Path) -> list[str]:
    """Give the words that build a wheel of `source` into `out` with an interpreter."""
    options = ["--wheel", "--no-create-gitignore", "--color=never", "--python", python, "--out-dir", str(out)]
    return [uv, "build", *options, str(source)]


def what_was_said(text: str) -> str:
    """Take the build's own last words from uv's output; where it said nothing, uv's."""
    before, _, after = without_login(text).rpartition("error: Failed to build")
    lines = [line.strip() for line in before.splitlines() if line.strip() and not line.startswith("Building ")]
    causes = [line.strip() for line in after.splitlines()[1:] if line.strip() and not line.startswith("hint:")]
    return " / ".join((lines or causes)[-_SAID:])


def _packed(wheel: Path) -> Iterator[bytes]:
    """Give a wheel's members in order of name, with fixed times and modes, uncompressed: the same bytes everywhere."""
    with zipfile.ZipFile(wheel) as source:
        limits.BUILD_FILE.check(sum(info.file_size for info in source.infolist()), f"the content of {wheel.name}")
    with tempfile.TemporaryFile() as packed:
        _pack(wheel, packed)
        packed.seek(0)
        while chunk := packed.read(_CHUNK):
            yield chunk


def _pack(wheel: Path, packed: IO[bytes]) -> None:
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        for info in sorted(source.infolist(), key=lambda info: info.filename):
            if info.is_dir():
                continue
            entry = zipfile.ZipInfo(info.filename, _FILE_TIME)
            executable = bool((info.external_attr >> 16) & 0o111)
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.create_system = 3  # Unix, whatever this machine is.
            entry.file_size = info.file_size  # It decides the form of the header, which is written first.
            with source.open(info) as content, target.open(entry, "w") as member:
                shutil.copyfileobj(content, member, _CHUNK)


def _newest_glibc(wheel: Path) -> int:
    """Give the newest level of glibc 2 that the shared libraries in a wheel name, 0 for none."""
    newest = 0
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".so" not in name:
                continue
            with archive.open(name) as stream:
                rest = b""
                while chunk := stream.read(_CHUNK):
                    newest = max([newest, *map(int, _GLIBC.findall(rest + chunk))])
                    # A name may stand where two chunks meet.
                    rest = chunk[-_LONGEST_LEVEL:]
    return newest


def _is_pure(filename: str) -> bool:
    try:
        return all(tag.abi == "none" and tag.platform == "any" for tag in parse_wheel_filename(filename)[3])
    except ValueError:
        return False
