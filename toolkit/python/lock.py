r"""The lock, `requirements.lock`: the wheels and the base of an image, written down for all its platforms.

It is valid requirements text for pip and uv, with hashes and without addresses; the comments hold the rest:

    # lock-version: 1
    # platform: linux/amd64, linux/arm64
    # python: 3.11
    # inputs: sha256:…           what it was resolved from
    # base: docker.io/library/python:3.11-slim@sha256:…
    numpy==1.26.4 \
        --hash=sha256:… \
        --hash=sha256:…
        # numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl (linux/amd64)
        # numpy-1.26.4-cp311-cp311-manylinux_2_17_aarch64.whl (linux/arm64)
    fire==0.5.0 \
        --hash=sha256:… \
        --hash=sha256:…
        # fire-0.5.0-py2.py3-none-any.whl from fire-0.5.0.tar.gz

Hashes and comments stand in the same order; a wheel built from a source distribution is followed by the hash of
that. Platforms are named where an entry does not hold for all of them.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import parse_wheel_filename
from packaging.version import Version

from toolkit.atomic import write_text
from toolkit.config import Project
from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import Reference, parse_reference
from toolkit.python.pin import Pin, Source
from toolkit.python.target import MACHINES
from toolkit.reading import read_foreign

LOCK_VERSION = 1

# Digits of a commit that people compare.
_SHORT = 9

_HEAD = "# Written by `comp lock`; change pyproject.toml instead, or run `comp lock --upgrade`."
_HEADER = re.compile(r"^# ([a-z-]+): (.+)$", re.MULTILINE)
_MINOR = re.compile(r"3\.\d+")
_ENTRY = re.compile(
    r"(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)==(?P<version>[^\s;]+)(?: ; [^\n\\]+)? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64} \\\n)*    --hash=sha256:[0-9a-f]{64}\n)"
    r"(?P<wheels>(?:    # [^\n]+\n)+)"
)
_WHEEL = re.compile(r"    # (?P<filename>\S+\.whl)(?: from (?P<source>.+?))?(?: \((?P<platforms>[^()]+)\))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """What a build installs: the pins of each platform, in order of name.

    `inputs` is the digest of what was resolved, `python` a minor version like `3.11`.
    """

    inputs: str
    python: str
    pins: Mapping[Platform, tuple[Pin, ...]]
    base: Reference | None = None

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms, in the order of the settings."""
        return tuple(self.pins)

    @property
    def packages(self) -> Mapping[str, str]:
        """The version of every distribution, with its commit if it is from git; several where platforms differ."""
        versions: dict[str, dict[str, None]] = {}
        for pins in self.pins.values():
            for pin in pins:
                commit = pin.source.commit if pin.source else None
                version = f"{pin.version} ({commit[:_SHORT]})" if commit else pin.version
                versions.setdefault(pin.name, {})[version] = None
        return {name: ", ".join(found) for name, found in sorted(versions.items())}


def inputs_digest(project: Project, minor: str, further: Mapping[str, str] | None = None) -> str:
    """Hash everything that a resolution depends on and a person writes; the base's digest is not among it.

    `minor` is the Python of the base; `further` are digests of files and folders that count, by their names.
    """
    inputs = {
        "dependencies": sorted(project.dependencies),
        "requires-python": project.requires_python,
        "system-site-packages": project.system_site_packages,
        "platform": ", ".join(project.platforms),
        "python": minor,
        **({"further": dict(sorted(further.items()))} if further else {}),
    }
    return "sha256:" + hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock; equal locks give equal bytes."""
    lines = [_HEAD, f"# lock-version: {LOCK_VERSION}", f"# platform: {', '.join(map(str, lock.platforms))}"]
    lines += [f"# python: {lock.python}", f"# inputs: {lock.inputs}"]
    if lock.base:
        lines.append(f"# base: {lock.base}")
    for entry in entries(lock):
        lines += _entry_lines(entry, lock.platforms)
    write_text(path, "\n".join(lines) + "\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One version of one distribution: its wheels, each with the platforms that it is for."""

    name: str
    version: str
    wheels: Mapping[Pin, tuple[Platform, ...]]

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms on which the version is installed."""
        return tuple(platform for platforms in self.wheels.values() for platform in platforms)

    def marker(self, everywhere: Sequence[Platform]) -> str | None:
        """Say in the words of PEP 508 where it is installed; None where that is everywhere."""
        if len(self.platforms) == len(everywhere):
            return None
        machines = dict.fromkeys(MACHINES.get(one.architecture, one.architecture) for one in self.platforms)
        return " or ".join(f'platform_machine == "{machine}"' for machine in machines)


def entries(lock: Lock) -> Iterator[Entry]:
    """Put the platforms' pins together, in order of name and version."""
    found: dict[tuple[str, str], dict[Pin, tuple[Platform, ...]]] = {}
    for platform, pins in lock.pins.items():
        for pin in pins:
            wheels = found.setdefault((pin.name, pin.version), {})
            wheels[pin] = (*wheels.get(pin, ()), platform)
    for (name, version), wheels in sorted(found.items()):
        yield Entry(name=name, version=version, wheels=wheels)


def _entry_lines(entry: Entry, everywhere: Sequence[Platform]) -> Iterator[str]:
    marker = entry.marker(everywhere)
    yield f"{entry.name}=={entry.version}{f' ; {marker}' if marker else ''} \\"
    hashes = [sha256 for pin in entry.wheels for sha256 in _hashes(pin)]
    yield from (f"    --hash=sha256:{sha256} \\" for sha256 in hashes[:-1])
    yield f"    --hash=sha256:{hashes[-1]}"
    for pin, platforms in entry.wheels.items():
        source = f" from {pin.source.name}" if pin.source else ""
        where = f" ({', '.join(map(str, platforms))})" if len(platforms) < len(everywhere) else ""
        yield f"    # {pin.filename}{source}{where}"


def _hashes(pin: Pin) -> list[str]:
    return [pin.sha256, *([pin.source.sha256] if pin.source and not pin.source.is_wheel else [])]


def read_lock(path: Path) -> Lock:
    """Read a lock. Raises InputError with the line where it is not what `write_lock` writes."""
    try:
        text = read_foreign(path, SETTINGS_SIZE).decode()
    except UnicodeDecodeError as error:
        raise damaged(path, 1, "not UTF-8") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    body = re.search(r"^[^#\n]", text, re.MULTILINE)
    start = body.start() if body else len(text)
    header = dict(_HEADER.findall(text[:start]))
    version = header.get("lock-version")
    if version != str(LOCK_VERSION):
        raise damaged(path, 1, f"its lock-version is {version}, this program reads {LOCK_VERSION}")
    missing = {"platform", "python", "inputs"} - header.keys()
    if missing:
        raise damaged(path, 1, f"its header lacks {', '.join(sorted(missing))}")
    if not _MINOR.fullmatch(header["python"]):
        raise damaged(path, _line(text, "# python:"), f"not a Python version: {header['python']!r}")
    try:
        platforms = [Platform.parse(name) for name in header["platform"].split(", ")]
    except InputError as error:
        raise damaged(path, _line(text, "# platform:"), error.message) from error
    try:
        base = parse_reference(header["base"]) if "base" in header else None
    except InputError as error:
        raise damaged(path, _line(text, "# base:"), f"its base: {error.message}") from error
    pins = _pins(path, text, start, platforms)
    return Lock(inputs=header["inputs"], python=header["python"], pins=pins, base=base)


def _pins(path: Path, text: str, position: int, platforms: Sequence[Platform]) -> dict[Platform, tuple[Pin, ...]]:
    pins: dict[Platform, list[Pin]] = {platform: [] for platform in platforms}
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        match = _ENTRY.match(text, position)
        if match is None:
            raise damaged(path, line, "expected name==version, its hashes, and its wheels' file names")
        for pin, names in _wheels(match, path, line):
            for platform in platforms if names is None else names:
                if platform not in pins:
                    raise damaged(path, line, f"{pin.filename} is for {platform}, which is not among the platforms")
                if any(other.name == pin.name for other in pins[platform]):
                    raise damaged(path, line, f"{pin.name} is pinned twice")
                pins[platform].append(pin)
        position = match.end()
    return {platform: tuple(sorted(found, key=lambda pin: pin.name)) for platform, found in pins.items()}


def _wheels(match: re.Match[str], path: Path, line: int) -> Iterator[tuple[Pin, list[Platform] | None]]:
    """Read the wheels of one entry, each with its platforms, None for all."""
    hashes = re.findall("[0-9a-f]{64}", match["hashes"])
    for comment in match["wheels"].splitlines():
        wheel = _WHEEL.fullmatch(comment)
        source = Source(name=wheel["source"], sha256="") if wheel and wheel["source"] else None
        built = source is not None and not source.is_wheel
        if wheel is None or len(hashes) < (2 if built else 1):
            raise damaged(path, line, "expected a hash and the name of a wheel for each of its wheels")
        name, version, filename = match["name"], match["version"], wheel["filename"]
        if not is_wheel_of(filename, name, version):
            raise damaged(path, line, f"{filename} is not a wheel of {name} {version}")
        pin = Pin(name=name, version=version, filename=filename, sha256=hashes.pop(0))
        if source:
            pin = replace(pin, source=replace(source, sha256=hashes.pop(0) if built else pin.sha256))
        try:
            yield pin, [Platform.parse(text) for text in wheel["platforms"].split(", ")] if wheel["platforms"] else None
        except InputError as error:
            raise damaged(path, line, error.message) from error
    if hashes:
        raise damaged(path, line, "it has more hashes than wheels")


def is_wheel_of(filename: str, name: str, version: str) -> bool:
    """Tell whether a file name is that of a wheel of this distribution and version."""
    try:
        named = parse_wheel_filename(filename)
        return (named[0], named[1]) == (name, Version(version))
    except ValueError:
        return False


def _line(text: str, start: str) -> int:
    """Number the line that begins so."""
    return text.count("\n", 0, text.index(start)) + 1


def damaged(path: Path, line: int | None, problem: str) -> InputError:
    """Say that a lock is not one of ours."""
    return InputError(
        f"not a lock that comp wrote: {problem}",
        where=Location(path=path, line=line),
        hint="delete it, and the next build writes it anew",
    )
