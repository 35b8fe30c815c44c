"""The lock, `requirements.lock`: the wheels and the base of an image, written down.

It is valid requirements text for pip and uv, with hashes and without addresses; the comments hold the rest:

    # lock-version: 1
    # platform: linux/amd64
    # python: 3.11
    # inputs: sha256:…           what it was resolved from
    # base: docker.io/library/python:3.11-slim@sha256:…
    numpy==1.26.4 \
        --hash=sha256:…
        # numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from toolkit.atomic import write_text
from toolkit.config import Project
from toolkit.errors import InputError, Location, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import Reference, parse_reference
from toolkit.python.resolve import Pin
from toolkit.python.target import Target

LOCK_VERSION = 1

_HEAD = "# Written by `comp lock`; change pyproject.toml instead, or run `comp lock --upgrade`."
_HEADER = re.compile(r"^# ([a-z-]+): (.+)$", re.MULTILINE)
_MINOR = re.compile(r"3\.\d+")
_PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==(\S+) \\\n    --hash=sha256:([0-9a-f]{64})\n    # (\S+\.whl)\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """What a build installs. `inputs` is the digest of what was resolved, `python` a minor version like `3.11`."""

    inputs: str
    platform: Platform
    python: str
    pins: tuple[Pin, ...]
    base: Reference | None = None

    @classmethod
    def of(cls, inputs: str, target: Target, pins: tuple[Pin, ...]) -> "Lock":
        """Make the lock of a fresh resolution."""
        return cls(inputs=inputs, platform=target.platform, python=target.minor, pins=pins)


def inputs_digest(project: Project, target: Target) -> str:
    """Hash everything that a resolution depends on and a person writes; the base's digest is not among it."""
    inputs = {
        "dependencies": sorted(project.dependencies),
        "requires-python": project.requires_python,
        "system-site-packages": project.system_site_packages,
        "platform": str(target.platform),
        "python": target.minor,
    }
    return "sha256:" + hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock; equal locks give equal bytes."""
    lines = [_HEAD, f"# lock-version: {LOCK_VERSION}", f"# platform: {lock.platform}", f"# python: {lock.python}"]
    lines.append(f"# inputs: {lock.inputs}")
    if lock.base:
        lines.append(f"# base: {lock.base}")
    for pin in lock.pins:
        lines += [f"{pin.name}=={pin.version} \\", f"    --hash=sha256:{pin.sha256}", f"    # {pin.filename}"]
    write_text(path, "\n".join(lines) + "\n")


def read_lock(path: Path) -> Lock:
    """Read a lock. Raises InputError with the line where it is not what `write_lock` writes."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise _damaged(path, 1, "not UTF-8") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    body = re.search(r"^[^#\n]", text, re.MULTILINE)
    start = body.start() if body else len(text)
    header = dict(_HEADER.findall(text[:start]))
    version = header.get("lock-version")
    if version != str(LOCK_VERSION):
        raise _damaged(path, 1, f"its lock-version is {version}, this program reads {LOCK_VERSION}")
    missing = {"platform", "python", "inputs"} - header.keys()
    if missing:
        raise _damaged(path, 1, f"its header lacks {', '.join(sorted(missing))}")
    if not _MINOR.fullmatch(header["python"]):
        raise _damaged(path, _line(text, "# python:"), f"not a Python version: {header['python']!r}")
    try:
        platform = Platform.parse(header["platform"])
    except InputError as error:
        raise _damaged(path, _line(text, "# platform:"), error.message) from error
    try:
        base = parse_reference(header["base"]) if "base" in header else None
    except InputError as error:
        raise _damaged(path, _line(text, "# base:"), f"its base: {error.message}") from error
    return Lock(
        inputs=header["inputs"],
        platform=platform,
        python=header["python"],
        pins=_pins(path, text, start),
        base=base,
    )


def _pins(path: Path, text: str, position: int) -> tuple[Pin, ...]:
    pins: list[Pin] = []
    while position < len(text):
        match = _PIN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise _damaged(path, line, "expected name==version, its hash, and its wheel's file name")
        name, version, sha256, filename = match.groups()
        line = text.count("\n", 0, position) + 1
        if not _is_wheel_of(filename, name, version):
            raise _damaged(path, line, f"{filename} is not a wheel of {name} {version}")
        if any(pin.name == name for pin in pins):
            raise _damaged(path, line, f"{name} is pinned twice")
        pins.append(Pin(name=name, version=version, filename=filename, sha256=sha256))
        position = match.end()
    return tuple(pins)


def _is_wheel_of(filename: str, name: str, version: str) -> bool:
    try:
        named = parse_wheel_filename(filename)
        return (named[0], named[1]) == (name, Version(version))
    except (InvalidWheelFilename, InvalidVersion):
        return False


def _line(text: str, start: str) -> int:
    """Number the line that begins so."""
    return text.count("\n", 0, text.index(start)) + 1


def _damaged(path: Path, line: int, problem: str) -> InputError:
    return InputError(
        f"not a lock that comp wrote: {problem}",
        where=Location(path=path, line=line),
        hint="delete it, and the next build writes it anew",
    )
