"""Build a wheel on this machine by code that others wrote: in a jail, with what the build requires laid beside it.

The build has no network. What it requires is resolved and fetched before, outside of the jail, from the user's
indexes and as wheels only: so there are no credentials in the jail, and nothing else runs.
"""

import json
import logging
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit import limits
from toolkit.cache.store import Cache
from toolkit.errors import CompError, InputError
from toolkit.jail.jail import Bounds, Jail, NoJail, Room, find_jail, run_bare
from toolkit.oci.descriptor import host_platform
from toolkit.progress import Report
from toolkit.python.target import Target
from toolkit.requirements.building.frontend import ASKS_FOR_MORE
from toolkit.requirements.building.sdists import BuildSystem
from toolkit.requirements.fetch import fetch_wheels
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin
from toolkit.requirements.requirement_set import RequirementSet
from toolkit.requirements.resolve import resolve
from toolkit.requirements.uv import find_python, uv_program
from toolkit.system.processes import Finished, run
from toolkit.wheels.wheel import Wheel

log = logging.getLogger(__name__)

FRONTEND = Path(__file__).with_name("frontend.py")
# setuptools takes CFLAGS in place of the flags of the Python that builds, not after them, so those are needed.
ASK_FLAGS = "import sysconfig; print(sysconfig.get_config_var('CFLAGS') or '')"
_ASK = (
    f"{ASK_FLAGS}; import platform, sys; print(platform.python_version(), *platform.libc_ver()); print(sys.base_prefix)"
)
# What a user sets for compilers; everything else of the environment stays outside.
_PASSED_ON = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS")
# 1980-01-01, the first day that a zip file knows.
_EPOCH = "315532800"
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
# Calls of the front end: a backend may require more when it runs.
_MOST_ROUNDS = 3
# Bytes of a backend's list of requirements.
_LONGEST_ANSWER = 100_000
_INVALID_LIST = "its backend's list of requirements is invalid"
# Lines of a failed build in its error.
_LAST_LINES = 8


class DoesNotBuildError(Exception):
    """A wheel does not build on this machine."""


class JailBuilder(Struct, frozen=True, kw_only=True):
    """Builds wheels for a target. `bare` allows builds without a jail where none can be made."""

    target: Target
    cache: Cache
    report: Report
    indexes: Indexes
    bare: bool = False

    def build(self, source: Path, system: BuildSystem, out: Path, variables: Mapping[str, str]) -> None:
        """Build the wheel of a folder or a source distribution into `out`, with these environment variables.

        Raises DoesNotBuildError, and InputError or OutsideError when what the build requires cannot be had.
        """
        jail = find_jail()
        if not isinstance(jail, Jail) and not self.bare:
            raise DoesNotBuildError(f"builds run in a jail only, and {jail.reason}; --allow-builds runs them without")
        # Compilers' flags and the tags of a wheel depend on the Python, so it is of the target's version if there is
        # one.
        python = _Python.find(self.target.minor, self.cache, self.indexes.environ)
        requires = list(system.requires)
        for _ in range(_MOST_ROUNDS):
            done = self._round(source, system, requires, out, variables, python, jail)
            if done.code != ASKS_FOR_MORE:
                break
            # Not added to those of the last round: the backend names all that it requires besides.
            requires = [*system.requires, *_further_requirements(out / "requires.json")]
        if done.code:
            raise DoesNotBuildError(_last_words(done.error_text or done.text) or f"it ended with {done.code}")

    def _round(
        self,
        source: Path,
        system: BuildSystem,
        requires: Sequence[str],
        out: Path,
        variables: Mapping[str, str],
        python: "_Python",
        jail: Jail | NoJail,
    ) -> Finished:
        """Lay the wheels of `requires` ready, and run the front end once."""
        work = out.parent
        wheels = work / "wheels"
        wheels.mkdir(exist_ok=True)
        for wheel in self._wheels(requires, python):
            place = wheels / wheel.filename
            # An earlier round may have copied it.
            if not place.exists():
                shutil.copyfile(wheel.path, place)
        plan = {
            "uv": uv_program(),
            "python": str(python.path),
            "environment": str(work / "home" / "environment"),
            "source": str(source),
            "out": str(out),
            "home": str(work / "home"),
            "wheels": str(wheels),
            "requires": list(requires),
            "backend": system.backend or _LEGACY_BACKEND,
            "path": list(system.path),
        }
        (work / "home").mkdir(exist_ok=True)
        # From an earlier round, with fewer packages.
        shutil.rmtree(work / "home" / "environment", ignore_errors=True)
        (work / "plan.json").write_text(json.dumps(plan))
        return self._run(work, python, jail, self._environment(work, python, variables))

    def _run(self, work: Path, python: "_Python", jail: Jail | NoJail, environment: Mapping[str, str]) -> Finished:
        """Run the front end, in a jail unless none can be made, and return how it ended."""
        command = [str(python.path), "-I", str(FRONTEND), str(work / "plan.json")]
        bounds = Bounds(
            memory=limits.BUILD_MEMORY.value,
            file=limits.BUILD_FILE.value,
            seconds=limits.BUILD_SECONDS.value,
            processes=limits.BUILD_PROCESSES.value,
        )
        # uv makes the environment in the jail, from wheels alone.
        readable = [Path(uv_program()), FRONTEND, python.path, python.prefix, work / "plan.json", work / "wheels"]
        # Many backends write beside the sources, which are a copy.
        writable = [work / name for name in ("source", "out", "home")]
        try:
            if isinstance(jail, Jail):
                jail.give(writable)
                room = Room.of_machine(readable=readable, writable=writable)
                return jail.run(command, room, bounds, environment=environment)
            log.warning("building without a jail, as --allow-builds says")
            return run_bare(command, bounds, environment=environment, folder=str(work))
        except subprocess.TimeoutExpired as error:
            raise DoesNotBuildError(f"it took longer than {limits.BUILD_SECONDS.written(bounds.seconds)}") from error
        except (OSError, subprocess.SubprocessError) as error:
            raise DoesNotBuildError(str(error)) from error

    def _environment(self, work: Path, python: "_Python", variables: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of the build: none of the user's, except those for compilers."""
        compilers = {name: value for name, value in self.indexes.environ.items() if name in _PASSED_ON}
        fixed = build_environment(python.flags) | compilers
        # The user's flags take the place of Python's own, and still need -g0: see `build_environment`.
        fixed |= {name: f"{compilers[name]} -g0" for name in ("CFLAGS", "CXXFLAGS") if name in compilers}
        home = work / "home"
        # All below the folder that goes with the build, also if no jail can be made.
        places = {"HOME": str(home), "TMPDIR": str(home), "UV_CACHE_DIR": str(home / "uv"), "PATH": os.defpath}
        # The user's settings of uv may name indexes, which a build must not reach.
        return {**fixed, **places, "UV_NO_CONFIG": "1", "LANG": "C.UTF-8", **variables}

    def _wheels(self, requires: Sequence[str], python: "_Python") -> Sequence[Wheel]:
        """Return the wheels that a build requires, for this machine."""
        try:
            # A requirements file asks for builds of what goes into the image only.
            indexes = replace(self.indexes, from_source=frozenset())
            wanted = RequirementSet(requirements=tuple(requires), target=python.target, indexes=indexes)
            chosen = resolve(wanted, self.cache)
        except InputError as error:
            raise DoesNotBuildError(f"what its build requires cannot be had as wheels: {error.message}") from error
        pins = [pin for pin in chosen if isinstance(pin, Pin)]
        # Only wheels, so that no further build runs: the user allowed this one.
        if len(pins) < len(chosen):
            wheelless = ", ".join(source.name for source in chosen if not isinstance(source, Pin))
            raise DoesNotBuildError(f"its build requires {wheelless}, which has no wheel")
        return fetch_wheels(pins, python.target, self.cache, self.report, indexes=self.indexes)


class _Python(Struct, frozen=True, kw_only=True):
    """The Python of this machine that builds: its path, where its files are, its compiler's flags, and its target."""

    path: Path
    prefix: Path
    flags: str
    target: Target

    @classmethod
    def find(cls, minor: str, cache: Cache, environ: Mapping[str, str]) -> "_Python":
        """Return a Python of a minor version, else comp's own. Raise DoesNotBuildError if it does not answer."""
        path = find_python(minor, cache, environ)
        try:
            lines = run([path, "-I", "-c", _ASK], seconds=60).text.splitlines()
            flags, (version, *libc), prefix = lines[0], lines[1].split(), lines[2]
        except (OSError, subprocess.SubprocessError, CompError, IndexError, ValueError) as error:
            raise DoesNotBuildError(f"{path} does not say which Python it is") from error
        # Older versions of `libc_ver` return nothing on musl.
        name, library = libc if len(libc) > 1 else ("musl", "1.1")
        target = Target(platform=host_platform(), version=version, libc=name, libc_version=library)
        # The jail shows the interpreter itself, and not a link or an environment that leads to it.
        return cls(path=Path(os.path.realpath(path)), prefix=Path(prefix), flags=flags, target=target)


def build_environment(flags: str) -> dict[str, str]:
    """Return the variables that make builds reproducible, as far as variables can; `flags` are the compiler's."""
    # The first fixes the times that build tools write (reproducible-builds.org, specification). Debug information would
    # name the folders of this one build.
    fixed = {"SOURCE_DATE_EPOCH": _EPOCH, "UV_PYTHON_DOWNLOADS": "never"}
    return fixed | dict.fromkeys(("CFLAGS", "CXXFLAGS"), f"{flags} -g0".strip())


def is_regular_file(path: Path) -> bool:
    """Whether a path is a regular file, not a link to one."""
    return stat.S_ISREG(path.lstat().st_mode)


def _further_requirements(path: Path) -> list[str]:
    """Return what a backend requires besides. It may have written anything."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        # This is read outside of the jail, where a link would lead to a file of the user.
        if not is_regular_file(path) or path.stat().st_size > _LONGEST_ANSWER:
            raise DoesNotBuildError(_INVALID_LIST)
        requirements: Any = json.loads(path.read_bytes())
        for text in requirements:
            # Only the user's indexes provide what builds require.
            if Requirement(text).url:
                raise DoesNotBuildError("its build requires something from an address")
    except (OSError, ValueError, TypeError, RecursionError, InvalidRequirement) as error:
        raise DoesNotBuildError(_INVALID_LIST) from error
    # So that the next round has only its own.
    path.unlink()
    return list(requirements)


def _last_words(text: str) -> str:
    """Return the last lines of an output, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_LAST_LINES:])[-2000:]
