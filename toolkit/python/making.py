"""Making a wheel on this machine, by code that others wrote: in a jail, with what it needs laid ready.

The build has no network. What it requires is resolved and fetched before, outside of the jail, from the user's own
indexes and as wheels only; so no credentials are in there, and nothing is run to get them.
"""

import json
import logging
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit import limits
from toolkit.cache import Cache
from toolkit.errors import CompError, InputError
from toolkit.jail.jail import Bounds, Jail, NoJail, Room, find_jail, run_bare
from toolkit.oci.descriptor import host_platform
from toolkit.processes import Finished, run
from toolkit.progress import Report
from toolkit.python.fetch import fetch_wheels
from toolkit.python.frontend import ASKS_FOR_MORE
from toolkit.python.indexes import Indexes
from toolkit.python.pin import Pin
from toolkit.python.resolve import resolve
from toolkit.python.sdists import BuildSystem
from toolkit.python.target import Target
from toolkit.python.uv import find_python, uv_program
from toolkit.python.wheels import Wheel

log = logging.getLogger(__name__)

FRONTEND = Path(__file__).with_name("frontend.py")
# To be asked of the Python that builds: setuptools takes the variable in place of Python's own flags, not after them.
ASK_FLAGS = "import sysconfig; print(sysconfig.get_config_var('CFLAGS') or '')"
_ASK = (
    f"{ASK_FLAGS}; import platform, sys; print(platform.python_version(), *platform.libc_ver()); print(sys.base_prefix)"
)
# What a user sets for compilers; everything else of the environment stays outside.
_PASSED_ON = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS")
# 1980-01-01, the first day that a zip file knows.
_EPOCH = "315532800"
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
_MOST_ROUNDS = 3
_LONGEST_ANSWER = 100_000
_SAID = 8


class DoesNotBuildError(Exception):
    """A wheel does not build on this machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What builds for a target work with. `bare` is the user's word that they may run without a jail."""

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
        python = _Python.find(self.target.minor)
        requires = list(system.requires)
        for _ in range(_MOST_ROUNDS):
            done = self._round(source, system, requires, out, variables, python, jail)
            if done.code != ASKS_FOR_MORE:
                break
            requires = [*system.requires, *_asked_for(out / "requires.json")]
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
        work = out.parent
        wheels = work / "wheels"
        wheels.mkdir(exist_ok=True)
        for wheel in self._wheels(requires, python):
            place = wheels / wheel.filename
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
        shutil.rmtree(work / "home" / "environment", ignore_errors=True)
        (work / "plan.json").write_text(json.dumps(plan))
        return self._run(work, python, jail, self._environment(work, python, variables))

    def _run(self, work: Path, python: "_Python", jail: Jail | NoJail, environment: Mapping[str, str]) -> Finished:
        command = [str(python.path), "-I", str(FRONTEND), str(work / "plan.json")]
        bounds = Bounds(
            memory=limits.BUILD_MEMORY.value,
            file=limits.BUILD_FILE.value,
            seconds=limits.BUILD_SECONDS.value,
            processes=limits.BUILD_PROCESSES.value,
        )
        readable = [Path(uv_program()), FRONTEND, python.path, python.prefix, work / "plan.json", work / "wheels"]
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
        given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        own = build_environment(python.flags) | given
        own |= {name: f"{given[name]} -g0" for name in ("CFLAGS", "CXXFLAGS") if name in given}
        home = work / "home"
        places = {"HOME": str(home), "TMPDIR": str(home), "UV_CACHE_DIR": str(home / "uv"), "PATH": os.defpath}
        return {**own, **places, "UV_NO_CONFIG": "1", "LANG": "C.UTF-8", **variables}

    def _wheels(self, requires: Sequence[str], python: "_Python") -> Sequence[Wheel]:
        """Fetch what a build requires, as wheels for this machine."""
        try:
            # What a requirements file asks to be built is for the image.
            found = resolve(requires, python.target, indexes=replace(self.indexes, from_source=frozenset()))
        except InputError as error:
            raise DoesNotBuildError(f"what its build requires cannot be had as wheels: {error.message}") from error
        pins = [one for one in found if isinstance(one, Pin)]
        if len(pins) < len(found):
            named = ", ".join(one.name for one in found if not isinstance(one, Pin))
            raise DoesNotBuildError(f"its build requires {named}, which has no wheel")
        return fetch_wheels(pins, python.target, self.cache, self.report, indexes=self.indexes)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Python:
    """The Python of this machine that builds: where it and its files are, its compiler's flags, what it runs."""

    path: Path
    prefix: Path
    flags: str
    target: Target

    @classmethod
    def find(cls, minor: str) -> "_Python":
        path = find_python(minor, os.environ)
        try:
            lines = run([path, "-I", "-c", _ASK], seconds=60).text.splitlines()
            flags, (version, *libc), prefix = lines[0], lines[1].split(), lines[2]
        except (OSError, subprocess.SubprocessError, CompError, IndexError, ValueError) as error:
            raise DoesNotBuildError(f"{path} does not say which Python it is") from error
        name, library = libc if len(libc) > 1 else ("musl", "1.1")
        target = Target(platform=host_platform(), version=version, libc=name, libc_version=library)
        return cls(path=Path(os.path.realpath(path)), prefix=Path(prefix), flags=flags, target=target)


def build_environment(flags: str) -> dict[str, str]:
    """Give the variables that make a build the same again, as far as variables can; `flags` are for its compiler."""
    # Times in the archives of build tools are fixed by the first (reproducible-builds.org, specification). What is
    # there for debuggers names the folders of this one build.
    fixed = {"SOURCE_DATE_EPOCH": _EPOCH, "UV_PYTHON_DOWNLOADS": "never"}
    return fixed | dict.fromkeys(("CFLAGS", "CXXFLAGS"), f"{flags} -g0".strip())


def is_plain(path: Path) -> bool:
    """Tell whether a path is a plain file, and no link to another."""
    return stat.S_ISREG(path.lstat().st_mode)


def _asked_for(path: Path) -> list[str]:
    """Read what a backend asks for, which it may have written as it likes."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        if not is_plain(path) or path.stat().st_size > _LONGEST_ANSWER:
            raise DoesNotBuildError("its backend's list of requirements is not one")
        found: Any = json.loads(path.read_bytes())
        for text in found:
            if Requirement(text).url:
                raise DoesNotBuildError("its build requires something from an address")
    except (OSError, ValueError, TypeError, RecursionError, InvalidRequirement) as error:
        raise DoesNotBuildError("its backend's list of requirements is not one") from error
    path.unlink()
    return list(found)


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_SAID:])[-2000:]
