"""Wheels built here: of source distributions, and of folders that a component requires.

What a build tool writes is packed again in one fixed form, so that equal content has one digest; it is recorded in
the lock and must come out the same wherever it is built again.
"""

import hashlib
import io
import json
import logging
import os
import platform
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from toolkit.cache import Cache
from toolkit.errors import InputError, Location, OutsideError
from toolkit.progress import Report
from toolkit.python.download import download, index_transport
from toolkit.python.index_users import IndexUsers
from toolkit.python.indexes import ANY, Indexes
from toolkit.python.local import version_variables
from toolkit.python.pin import Pin, Source, SourceDistribution
from toolkit.python.resolve import locate_source
from toolkit.python.sources import folder_digest, sources_of
from toolkit.python.target import Target
from toolkit.python.uv import find_python, uv_program
from toolkit.redaction import without_login

log = logging.getLogger(__name__)

# Raise it with any change of the packed form; it is part of what a built wheel is known by.
FORM_VERSION = 2

BUILD_SECONDS = 900
# To be asked of the Python that builds: setuptools takes the variable in place of Python's own flags, not after them.
ASK_FLAGS = "import sysconfig; print(sysconfig.get_config_var('CFLAGS') or '')"
_SAID = 8
# 1980-01-01, the first day that a zip file knows.
_FILE_TIME = (1980, 1, 1, 0, 0, 0)
_EPOCH = "315532800"
_GLIBC = re.compile(rb"GLIBC_2\.(\d+)")
_UNLESS = "in a container of the base it may build, but {}"
_WAYS_OUT = (
    "build its wheel where the base's Python and compiler are and put it into an index or a folder that UV_FIND_LINKS "
    "names, or choose another version of it"
)


class Workshop(Protocol):
    """Where machine code for a base can be built, if not here: a container of it."""

    def refuses(self) -> str | None:
        """Say why nothing can be built there; None when it can."""
        ...

    def build(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        """Build the wheel of a source distribution or of a folder into `out`, with these environment variables.

        Raises InputError when it does not build, OutsideError when the container fails.
        """
        ...


def build_source(
    source: SourceDistribution,
    target: Target,
    cache: Cache,
    report: Report,
    *,
    indexes: Indexes = ANY,
    workshop: Workshop | None = None,
) -> Pin:
    """Build the wheel of a source distribution for a target, once; give its pin.

    What does not build here, or comes out as machine code for another Python, processor or C library, is built in the
    `workshop`. Raises InputError when it does not build or what is built does not fit, OutsideError when the source
    cannot be had.
    """

    def unpacked(folder: Path) -> Path:
        if not cache.has_blob(source.sha256):
            download(source, cache, report, IndexUsers(indexes, os.environ), index_transport(os.environ))
        return Path(shutil.copyfile(cache.blob_path(source.sha256), folder / source.filename))

    what = f"{source.name} {source.version}"
    work = _Work(what=what, digest=source.sha256, target=target, cache=cache, workshop=workshop)
    log.debug("%s is built from %s", what, source.filename)
    filename, sha256 = work.wheel(unpacked)
    origin = Source(name=source.filename, sha256=source.sha256)
    return Pin(
        name=source.name, version=source.version, filename=filename, sha256=sha256, source=origin, url=source.url
    )


def build_folder(
    folder: Path, name: str, target: Target, cache: Cache, *, relative_to: Path, workshop: Workshop | None = None
) -> Pin:
    """Build the wheel of a project's folder for a target, once for each content; give its pin.

    Nothing is written into the folder. The `workshop` is as for `build_source`. Raises InputError when it does not
    build.
    """

    def copied(place: Path) -> Path:
        for below, path in sources_of(folder):
            target = place / folder.name / below
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        return place / folder.name

    settings = folder / "pyproject.toml"
    digest = folder_digest(folder)
    variables = version_variables(folder, digest, os.environ)
    told = json.dumps([digest, variables], sort_keys=True)
    work = _Work(
        what=name,
        digest=hashlib.sha256(told.encode()).hexdigest() if variables else digest,
        target=target,
        cache=cache,
        workshop=workshop,
        where=settings,
        variables=variables,
    )
    filename, sha256 = work.wheel(copied)
    named, version, *_ = parse_wheel_filename(filename)
    if named != canonicalize_name(name):
        raise InputError(
            f"{folder} is the project {named}, and {name} is required from there",
            where=Location(path=settings),
            hint="correct the name in [tool.uv.sources]",
        )
    origin = Source(name=os.path.relpath(folder, relative_to), sha256=digest)
    address = cache.blob_path(sha256).absolute().as_uri()
    return Pin(name=named, version=str(version), filename=filename, sha256=sha256, source=origin, url=address)


def rebuild(
    pin: Pin, target: Target, cache: Cache, report: Report, *, indexes: Indexes, workshop: Workshop | None = None
) -> None:
    """Build what a lock pins and the cache lost. Raises InputError when it comes out another than it was."""
    if pin.source is None:
        return
    if pin.source.is_file:
        source = locate_source(pin, target, indexes=indexes)
        made = build_source(source, target, cache, report, indexes=indexes, workshop=workshop)
    else:
        folder = (indexes.folder / pin.source.name).resolve()
        made = build_folder(folder, pin.name, target, cache, relative_to=indexes.folder, workshop=workshop)
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
    """One wheel to be built: `what` it is for people, the sha256 of what it is built from, and for whom."""

    what: str
    digest: str
    target: Target
    cache: Cache
    workshop: Workshop | None
    where: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def wheel(self, prepare: Callable[[Path], Path]) -> tuple[str, str]:
        """Give the wheel's file name and sha256: as it is known, else built here, else built in the workshop.

        `prepare` puts what it is built from into a folder and says where.
        """
        known = (made for made in self._known() if self._misfit(made, elsewhere=True) is None)
        if found := next(known, None):
            return found
        with tempfile.TemporaryDirectory(prefix="comp-build-") as temporary:
            made = self._made(Path(temporary), prepare)
        pure = _is_pure(made[0])
        key = _key(self.digest, None if pure else self.target)
        self.cache.write_record("built", key, {"filename": made[0], "sha256": made[1]})
        return made

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
                return made
            failure, problem = self._refusal(misfit), misfit
        reason = self.workshop.refuses() if self.workshop else "this machine is of another kind"
        if self.workshop is None or reason:
            raise InputError(failure.message, where=failure.where, hint=f"{_UNLESS.format(reason)}; {_WAYS_OUT}")
        log.info("building %s in a container of the base: %s", self.what, problem)
        log.debug("%s", failure.message)
        made = self._kept(folder / "there", prepare, self.workshop.build)
        if misfit := self._misfit(made, elsewhere=True):
            raise self._refusal(misfit)
        return made

    def _known(self) -> Iterator[tuple[str, str]]:
        for key in (_key(self.digest, None), _key(self.digest, self.target)):
            record = self.cache.record("built", key) or {}
            filename, sha256 = str(record.get("filename")), str(record.get("sha256"))
            if filename.endswith(".whl") and self.cache.has_blob(sha256):
                yield filename, sha256

    def _kept(
        self, folder: Path, prepare: Callable[[Path], Path], build: Callable[[Path, Path, Mapping[str, str]], None]
    ) -> tuple[str, str]:
        """Build the wheel and keep it, packed in the one form."""
        for name in ("source", "out"):
            (folder / name).mkdir(parents=True)
        build(prepare(folder / "source"), folder / "out", self.variables)
        wheels = sorted((folder / "out").glob("*.whl"))
        if not wheels:
            raise self._broken("no wheel came out")
        return wheels[0].name, self.cache.keep_blob(_packed(wheels[0]))[0]

    def _build_here(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        python = find_python(self.target.minor)
        command = build_command(uv_program(), python, source, out)
        environment = {**os.environ, **build_environment(_flags(python)), **variables}
        environment |= {name: f"{os.environ[name]} -g0" for name in ("CFLAGS", "CXXFLAGS") if name in os.environ}
        environment.pop("VIRTUAL_ENV", None)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False, env=environment
            )
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"{self.what} did not build within {BUILD_SECONDS} s", hint=_WAYS_OUT) from error
        if done.returncode:
            raise self._broken(what_was_said(done.stderr) or "uv said nothing")

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
        with zipfile.ZipFile(self.cache.blob_path(sha256)) as wheel:
            libraries = [wheel.read(name) for name in wheel.namelist() if ".so" in name]
        if self.target.libc != "glibc":
            return None
        newest = max((int(level) for data in libraries for level in _GLIBC.findall(data)), default=0)
        if newest > int(self.target.libc_version.split(".")[1]):
            return f"what builds {place} needs glibc 2.{newest}"
        return None

    def _broken(self, problem: str) -> InputError:
        where = Location(path=self.where) if self.where else None
        return InputError(f"{self.what} does not build: {problem}", where=where, hint=_WAYS_OUT)

    def _refusal(self, problem: str) -> InputError:
        target = self.target
        wanted = f"{target.platform}, Python {target.minor}, {target.libc} {target.libc_version}"
        return InputError(
            f"{self.what} has no wheel for {wanted}, and has to be built for that: {problem}", hint=_WAYS_OUT
        )


def build_command(uv: str, python: str, source: Path, out: Path) -> list[str]:
    """Give the words that build a wheel of `source` into `out` with an interpreter."""
    options = ["--wheel", "--no-create-gitignore", "--color=never", "--python", python, "--out-dir", str(out)]
    return [uv, "build", *options, str(source)]


def build_environment(flags: str) -> dict[str, str]:
    """Give the variables that make a build the same again, as far as variables can; `flags` are for its compiler."""
    # Times in the archives of build tools are fixed by the first (reproducible-builds.org, specification). What is
    # there for debuggers names the folders of this one build.
    fixed = {"SOURCE_DATE_EPOCH": _EPOCH, "UV_PYTHON_DOWNLOADS": "never"}
    return fixed | dict.fromkeys(("CFLAGS", "CXXFLAGS"), f"{flags} -g0".strip())


def _key(source: str, target: Target | None) -> dict[str, object]:
    """Name what is built: a pure wheel by its source alone, another by what it was built for, too."""
    built_for = None if target is None else [str(target.platform), target.minor, target.libc]
    return {"source": source, "for": built_for, "form": FORM_VERSION}


def what_was_said(text: str) -> str:
    """Take the build's own last words from uv's output; where it said nothing, uv's."""
    before, _, after = without_login(text).rpartition("error: Failed to build")
    lines = [line.strip() for line in before.splitlines() if line.strip() and not line.startswith("Building ")]
    causes = [line.strip() for line in after.splitlines()[1:] if line.strip() and not line.startswith("hint:")]
    return " / ".join((lines or causes)[-_SAID:])


def _flags(python: str) -> str:
    found = subprocess.run([python, "-c", ASK_FLAGS], capture_output=True, text=True, check=False, timeout=60)
    return found.stdout.strip()


def _packed(wheel: Path) -> Iterator[bytes]:
    """Give a wheel's members in order of name, with fixed times and modes, uncompressed: the same bytes everywhere."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for info in sorted(source.infolist(), key=lambda info: info.filename):
            if info.is_dir():
                continue
            entry = zipfile.ZipInfo(info.filename, _FILE_TIME)
            executable = bool((info.external_attr >> 16) & 0o111)
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.create_system = 3  # Unix, whatever this machine is.
            target.writestr(entry, source.read(info))
    yield buffer.getvalue()


def _is_pure(filename: str) -> bool:
    try:
        return all(tag.abi == "none" and tag.platform == "any" for tag in parse_wheel_filename(filename)[3])
    except InvalidWheelFilename:
        return False
