"""One wheel to build: as the cache knows it, else in a jail on this machine, else in a container of the base."""

import logging
import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Protocol

from msgspec import Struct

from toolkit.cache.records import Record
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.python.target import Target
from toolkit.requirements.building.build_setup import BuildSetup
from toolkit.requirements.building.jail_builder import DoesNotBuildError, JailBuilder, is_regular_file
from toolkit.requirements.building.packing import FORM_VERSION, is_pure, newest_glibc, repacked
from toolkit.requirements.building.sdists import UNREADABLE_ZIP, BuildSystem
from toolkit.requirements.uv_settings import settings_digest
from toolkit.system import temporary

log = logging.getLogger(__name__)

# In the cache's keys, the builder of wheels that were built in a jail on this machine.
_HERE = "here"
_UNLESS = "in a container of the base it may build, but {}"
_ASK_FOR_CONTAINER = (
    "--allow-builds builds it in a container of the base, which has this machine's network and the logins of your "
    "indexes"
)
_WAYS_OUT = (
    "build its wheel where the base's Python and compiler are and put it into an index or a folder that UV_FIND_LINKS "
    "names, or choose another version of it"
)


class Buildable(Protocol):
    """A project to build: a source distribution or a folder."""

    @property
    def what(self) -> str:
        """The name in messages."""
        ...

    @property
    def digest(self) -> Digest:
        """The digest of all that it is built from."""
        ...

    @property
    def where(self) -> Location | None:
        """The place that requires it."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables of its build."""
        ...

    def permit(self) -> None:
        """Raise InputError if it may not be built."""
        ...

    def copy(self, folder: Path) -> Path:
        """Copy what it is built from into an empty folder, and return the copy's path."""
        ...

    def system(self, copy: Path) -> BuildSystem:
        """Return how a copy is built."""
        ...


class BuiltWheel(Record, frozen=True, kw_only=True):
    """A wheel in the cache: its file name, and the digest of its one form."""

    KIND: ClassVar[str] = "built"

    filename: str
    digest: Digest


class WheelBuild(Struct, frozen=True, kw_only=True):
    """Builds the wheel of a project for a target."""

    project: Buildable
    target: Target
    setup: BuildSetup

    def wheel(self) -> BuiltWheel:
        """Return the wheel that was built before for this target, else build it.

        Raises InputError when it may not be built, does not build or does not fit, OutsideError when the source cannot
        be had.
        """
        # Several components may require one project: the first builds it.
        with self.setup.cache.turn("build", self.project.digest, self.target):
            # The key has no version of the C library, so what is in the cache is compared again.
            fitting = (known for known in self._known() if self._misfit(known, elsewhere=True) is None)
            if wheel := next(fitting, None):
                return wheel
            # After the cache: a wheel that was built with consent needs no further one.
            self.project.permit()
            with temporary.folder("build") as folder:
                return self._build(folder)

    def _build(self, folder: Path) -> BuiltWheel:
        """Build the wheel: here, and if that fails or does not fit, in a container. Raise as `wheel` does."""
        variables = ", ".join(f"{name}={value}" for name, value in self.project.variables.items())
        log.info("building %s%s", self.project.what, f" with {variables}" if variables else "")
        failure: InputError
        try:
            wheel = self._built_by(self._build_here, folder / "here")
        except InputError as error:
            failure, problem = error, "it does not build here"
        else:
            misfit = self._misfit(wheel)
            if misfit is None:
                return self._remember(wheel, _HERE)
            failure, problem = self._misfit_error(misfit), misfit
        builder = self.setup.wheel_builder
        # Asked only now, as the answer may need the base and an engine.
        reason = builder.refuses() if builder else "this machine is of another kind"
        if builder is None or reason:
            raise InputError(failure.message, where=failure.where, hint=f"{_UNLESS.format(reason)}; {_WAYS_OUT}")
        if not self.setup.permission.consent.allow_builds:
            # A container has network and logins, and any project could fail in the jail to get into one.
            raise InputError(failure.message, where=failure.where, hint=f"{_ASK_FOR_CONTAINER}; or {_WAYS_OUT}")
        log.info("building %s in a container of the base: %s", self.project.what, problem)
        log.debug("%s", failure.message)
        wheel = self._built_by(builder.build, folder / "there")
        if misfit := self._misfit(wheel, elsewhere=True):
            raise self._misfit_error(misfit)
        return self._remember(wheel, builder.identity)

    def _built_by(self, build: Callable[[Path, Path, Mapping[str, str]], None], folder: Path) -> BuiltWheel:
        """Build the wheel, and store it in its one form."""
        for name in ("source", "out"):
            (folder / name).mkdir(parents=True)
        build(self.project.copy(folder / "source"), folder / "out", self.project.variables)
        # The build may have put anything there.
        wheels = sorted(path for path in (folder / "out").glob("*.whl") if is_regular_file(path))
        if not wheels:
            raise self._failure("no wheel came out")
        try:
            return BuiltWheel(filename=wheels[0].name, digest=self.setup.cache.store(repacked(wheels[0]))[0])
        except UNREADABLE_ZIP as error:
            raise self._failure(f"what came out is not a wheel: {error}") from error

    def _build_here(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        """Build on this machine. Raise InputError if that fails."""
        builder = JailBuilder(
            target=self.target,
            cache=self.setup.cache,
            report=self.setup.report,
            indexes=self.setup.indexes,
            bare=self.setup.permission.consent.allow_builds,
        )
        try:
            builder.build(source, self.project.system(source), out, variables)
        except DoesNotBuildError as error:
            raise self._failure(str(error)) from error

    def _remember(self, wheel: BuiltWheel, builder: str) -> BuiltWheel:
        """Keep a wheel for later builds, and return it."""
        # Whether a wheel is pure is known only once it is built: so `_known_of` tries both keys.
        key = self._key(builder, None if is_pure(wheel.filename) else self.target)
        self.setup.cache.remember(key, wheel)
        return wheel

    def _known(self) -> Iterator[BuiltWheel]:
        """Return the wheels in the cache that either builder built."""
        yield from self._known_of(_HERE)
        if self.setup.wheel_builder is None:
            return
        try:
            identity = self.setup.wheel_builder.identity
        except (InputError, OutsideError) as error:
            # An unfit `build-base`, say: it is reported when something has to be built there.
            log.debug("the builder of wheels does not answer: %s", error.message)
            return
        yield from self._known_of(identity)

    def _known_of(self, builder: str) -> Iterator[BuiltWheel]:
        """Yield the wheels in the cache that one builder built, a pure one first."""
        for target in (None, self.target):
            wheel = self.setup.cache.recall(BuiltWheel, self._key(builder, target))
            if wheel and self.setup.cache.has_blob(wheel.digest):
                yield wheel

    def _key(self, builder: str, target: Target | None) -> dict[str, object]:
        """Return the key of a wheel in the cache. A pure wheel is for every target.

        The indexes are part of it: what a build requires comes from them, and ends up in the wheel.
        """
        return {
            "source": self.project.digest.hex,
            "builder": builder,
            "indexes": settings_digest(self.setup.indexes).hex,
            # Wheels are for a minor version of Python (PyPA, "Platform compatibility tags").
            "for": None if target is None else [str(target.platform), target.minor, target.libc],
            "form": FORM_VERSION,
        }

    def _misfit(self, wheel: BuiltWheel, *, elsewhere: bool = False) -> str | None:
        """Return why a wheel, which may have been built `elsewhere`, does not fit the target; None if it does."""
        place = "there" if elsewhere else "here"
        if is_pure(wheel.filename):
            return None
        if self.target.rank(wheel.filename) is None:
            return f"what builds {place} is {wheel.filename}"
        # A file name states the tags that the build tool chose, and not which C library the code was linked with.
        if not elsewhere and (self.target.libc != "glibc" or platform.libc_ver()[0] != "glibc"):
            return f"machine code that is built on {platform.libc_ver()[0] or 'this system'} is for that"
        if self.target.libc != "glibc":
            return None
        newest = newest_glibc(self.setup.cache.blob_path(wheel.digest))
        if newest > int(self.target.libc_version.split(".")[1]):
            return f"what builds {place} needs glibc 2.{newest}"
        return None

    def _failure(self, problem: str) -> InputError:
        """Return the error for a build that failed."""
        return InputError(f"{self.project.what} does not build: {problem}", where=self.project.where, hint=_WAYS_OUT)

    def _misfit_error(self, problem: str) -> InputError:
        """Return the error for a wheel that the target cannot use."""
        return InputError(
            f"{self.project.what} has no wheel for {self.target.shown}, and has to be built for that: {problem}",
            where=self.project.where,
            hint=_WAYS_OUT,
        )
