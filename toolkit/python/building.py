"""Wheels built here: of source distributions, and of folders that a component requires.

What a build tool writes is packed again in one fixed form, so that equal content has one digest; it is recorded in
the lock and must come out the same wherever it is built again.
"""

import io
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from toolkit.cache import Cache
from toolkit.errors import InputError, Location, OutsideError
from toolkit.progress import Report
from toolkit.python.download import download
from toolkit.python.local import folder_digest, sources_of
from toolkit.python.pin import Pin, Source, SourceDistribution
from toolkit.python.resolve import locate_source, without_credentials
from toolkit.python.target import Target
from toolkit.python.uv import uv_program

log = logging.getLogger(__name__)

# Raise it with any change of the packed form; it is part of what a built wheel is known by.
FORM_VERSION = 1

_SECONDS = 900
_SAID = 8
# 1980-01-01, the first day that a zip file knows.
_FILE_TIME = (1980, 1, 1, 0, 0, 0)
_EPOCH = "315532800"
_GLIBC = re.compile(rb"GLIBC_2\.(\d+)")
_WAYS_OUT = (
    "build its wheel where the base's Python and compiler are and put it into an index or a folder that UV_FIND_LINKS "
    "names, or choose another version of it"
)


def build_source(source: SourceDistribution, target: Target, cache: Cache, report: Report) -> Pin:
    """Build the wheel of a source distribution for a target, once; give its pin.

    Raises InputError when it does not build or what is built does not fit, OutsideError when the source cannot be had.
    """
    what = f"{source.name} {source.version}"
    known = _known(cache, source.sha256, target)
    if known is None:
        if not cache.has_blob(source.sha256):
            download(source, cache, report)
        log.info("building %s from %s", what, source.filename)
        with tempfile.TemporaryDirectory(prefix="comp-build-") as temporary:
            archive = Path(temporary) / source.filename
            shutil.copyfile(cache.blob_path(source.sha256), archive)
            known = _built(archive, what, source.sha256, target, cache)
    filename, sha256 = known
    origin = Source(name=source.filename, sha256=source.sha256)
    pin = Pin(name=source.name, version=source.version, filename=filename, sha256=sha256, source=origin, url=source.url)
    _check_fit(pin, target, cache)
    return pin


def build_folder(folder: Path, name: str, target: Target, cache: Cache, *, relative_to: Path) -> Pin:
    """Build the wheel of a project's folder for a target, once for each content; give its pin.

    Nothing is written into the folder. Raises InputError when it does not build.
    """
    digest = folder_digest(folder)
    known = _known(cache, digest, target)
    if known is None:
        log.info("building %s from %s", name, folder)
        with tempfile.TemporaryDirectory(prefix="comp-build-") as temporary:
            copy = Path(temporary) / folder.name
            for path in sources_of(folder):
                place = copy / path.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place)
            known = _built(copy, name, digest, target, cache, where=folder / "pyproject.toml")
    filename, sha256 = known
    named, version, *_ = parse_wheel_filename(filename)
    if named != canonicalize_name(name):
        raise InputError(
            f"{folder} is the project {named}, and {name} is required from there",
            where=Location(path=folder / "pyproject.toml"),
            hint="correct the name in [tool.uv.sources]",
        )
    origin = Source(name=os.path.relpath(folder, relative_to), sha256=digest)
    pin = Pin(name=named, version=str(version), filename=filename, sha256=sha256, source=origin)
    _check_fit(pin, target, cache)
    return replace(pin, url=cache.blob_path(sha256).absolute().as_uri())


def rebuild(pin: Pin, target: Target, cache: Cache, report: Report, *, where: Path | None) -> None:
    """Build what a lock pins and the cache lost. Raises InputError when it comes out another than it was."""
    if pin.source is None:
        return
    if pin.source.is_file:
        source = locate_source(pin, target, where=where)
        made = build_source(source, target, cache, report)
    else:
        top = where.parent if where else Path()
        made = build_folder((top / pin.source.name).resolve(), pin.name, target, cache, relative_to=top)
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


def _key(source: str, target: Target | None) -> dict[str, object]:
    """Name what is built: a pure wheel by its source alone, another by what it was built for, too."""
    built_for = None if target is None else [str(target.platform), target.minor, target.libc]
    return {"source": source, "for": built_for, "form": FORM_VERSION}


def _known(cache: Cache, source: str, target: Target) -> tuple[str, str] | None:
    for key in (_key(source, None), _key(source, target)):
        record = cache.record("built", key) or {}
        filename, sha256 = str(record.get("filename")), str(record.get("sha256"))
        if filename.endswith(".whl") and cache.has_blob(sha256):
            return filename, sha256
    return None


def _built(
    source: Path, what: str, digest: str, target: Target, cache: Cache, *, where: Path | None = None
) -> tuple[str, str]:
    with tempfile.TemporaryDirectory(prefix="comp-wheel-") as out:
        command = [uv_program(), "build", "--wheel", "--no-create-gitignore", "--color=never"]
        command += ["--python", _python(target), "--out-dir", out, str(source)]
        # Times in the archives of build tools are fixed by this variable (reproducible-builds.org, specification).
        environment = {**os.environ, "SOURCE_DATE_EPOCH": _EPOCH, "UV_PYTHON_DOWNLOADS": "never"}
        environment.pop("VIRTUAL_ENV", None)
        for flags in ("CFLAGS", "CXXFLAGS"):
            # What is there for debuggers names the folders of this one build.
            environment[flags] = f"{environment.get(flags, '')} -g0".strip()
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_SECONDS, check=False, env=environment
            )
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"{what} did not build within {_SECONDS} s", hint=_WAYS_OUT) from error
        wheels = sorted(Path(out).glob("*.whl"))
        if done.returncode or not wheels:
            raise InputError(
                f"{what} does not build: {_said(done.stderr) or 'no wheel came out'}",
                where=Location(path=where) if where else None,
                hint=_WAYS_OUT,
            )
        filename = wheels[0].name
        sha256, _ = cache.keep_blob(_packed(wheels[0]))
    pure = _is_pure(filename)
    cache.write_record("built", _key(digest, None if pure else target), {"filename": filename, "sha256": sha256})
    return filename, sha256


def _said(text: str) -> str:
    """Take the build's own last words from uv's output; where it said nothing, uv's."""
    before, _, after = without_credentials(text).rpartition("error: Failed to build")
    lines = [line.strip() for line in before.splitlines() if line.strip() and not line.startswith("Building ")]
    causes = [line.strip() for line in after.splitlines()[1:] if line.strip() and not line.startswith("hint:")]
    return " / ".join((lines or causes)[-_SAID:])


def _python(target: Target) -> str:
    """Choose the Python that builds: of the target's version where there is one, else any, enough for pure wheels."""
    command = [uv_program(), "python", "find", "--no-project", "--no-python-downloads", target.minor]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return found.stdout.strip() if found.returncode == 0 else sys.executable


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


def _check_fit(pin: Pin, target: Target, cache: Cache) -> None:
    """Refuse machine code that was built for another Python, processor or C library than the base's."""
    if _is_pure(pin.filename):
        return
    wanted = f"{target.platform}, Python {target.minor}, {target.libc} {target.libc_version}"
    problem = None
    if target.rank(pin.filename) is None:
        problem = f"what builds here is {pin.filename}"
    elif target.libc != "glibc" or platform.libc_ver()[0] != "glibc":
        problem = f"machine code that is built on {platform.libc_ver()[0] or 'this system'} is for that"
    else:
        with zipfile.ZipFile(cache.blob_path(pin.sha256)) as wheel:
            libraries = [wheel.read(name) for name in wheel.namelist() if ".so" in name]
        newest = max((int(level) for data in libraries for level in _GLIBC.findall(data)), default=0)
        if newest > int(target.libc_version.split(".")[1]):
            problem = f"what builds here needs glibc 2.{newest}"
    if problem:
        raise InputError(
            f"{pin.name} {pin.version} has no wheel for {wanted}, and has to be built there: {problem}", hint=_WAYS_OUT
        )
