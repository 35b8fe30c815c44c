r"""The lock as `requirements.lock`.

It is valid requirements text for pip and uv, with hashes and without addresses; the comments hold the rest:

    # lock-version: 1
    # platform: linux/amd64, linux/arm64
    # python: 3.11
    # inputs: sha256:…           what it was resolved from
    # base: docker.io/library/python:3.11-slim@sha256:…
    # system linux/amd64: { wanted = ["git"], base = "sha256:…", image = "sha256:…" }
    #   { name = "git", version = "1:2.39.5-0+deb12u3", … }    one line for each Debian package on the base
    numpy==1.26.4 \
        --hash=sha256:… \
        --hash=sha256:…
        # numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl (linux/amd64)
        # numpy-1.26.4-cp311-cp311-manylinux_2_17_aarch64.whl (linux/arm64)
    fire==0.5.0 \
        --hash=sha256:… \
        --hash=sha256:…
        # fire-0.5.0-py2.py3-none-any.whl from fire-0.5.0.tar.gz
        # published by GitHub: repository = "google/python-fire", workflow = "release.yml"

Hashes and comments stand in the same order. The hash of a wheel that was built is followed by that of its source. An
entry that is not for all platforms names its own. The publisher that the index attests of a wheel, or of its source,
follows it; "published by", or "verified as published by" if a signature was verified.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from toolkit.config.toml import bare_table, toml_value
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.python.system_pins import SystemPin, SystemPins
from toolkit.requirements.lock import LOCK_VERSION, Lock, LockEntry, entries, is_wheel_of
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.publishers.publisher import Publisher, read_publisher
from toolkit.system.atomic import write_text
from toolkit.system.reading import read_foreign

_HEAD = "# Written by `comp lock`; change pyproject.toml instead, or run `comp lock --upgrade`."
_HEADER = re.compile(r"^# ([a-z-]+): (.+)$", re.MULTILINE)
_SYSTEM = re.compile(r"^# system (?P<platform>\S+): (?P<pins>\{.+\})\n(?P<packages>(?:#   \{.+\}\n)*)", re.MULTILINE)
_MINOR = re.compile(r"3\.\d+")
# In exactly the form that is written: whatever else a file holds is reported by its line, and not passed over.
_ENTRY = re.compile(
    r"(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)==(?P<version>[^\s;]+)(?: ; [^\n\\]+)? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64} \\\n)*    --hash=sha256:[0-9a-f]{64}\n)"
    r"(?P<wheels>(?:    # [^\n]+\n)+)"
)
_VERIFIED = "verified as "
_PUBLISHER = re.compile(rf"    # (?P<verified>{_VERIFIED})?published by (?P<kind>[^:]+): (?P<claims>.+)")
_WHEEL = re.compile(r"    # (?P<filename>\S+\.whl)(?: from (?P<source>.+?))?(?: \((?P<platforms>[^()]+)\))?")


def write_requirements_lock(path: Path, lock: Lock) -> None:
    """Write the lock; equal locks give equal bytes."""
    lines = [_HEAD, f"# lock-version: {LOCK_VERSION}", f"# platform: {', '.join(map(str, lock.platforms))}"]
    lines += [f"# python: {lock.python}", f"# inputs: {lock.inputs}"]
    if lock.base:
        lines.append(f"# base: {lock.base}")
    for platform, system in lock.system.items():
        lines.append(f"# system {platform}: {bare_table(system.to_dict())}")
        lines += [f"#   {bare_table(pin.to_dict())}" for pin in system.packages]
    for entry in entries(lock):
        lines += _entry_lines(entry, lock)
    write_text(path, "\n".join(lines) + "\n")


def _entry_lines(entry: LockEntry, lock: Lock) -> Iterator[str]:
    """Return the lines of one entry."""
    everywhere = lock.platforms
    marker = entry.marker(everywhere)
    yield f"{entry.name}=={entry.version}{f' ; {marker}' if marker else ''} \\"
    hashes = [digest.hex for pin in entry.wheels for digest in _digests(pin)]
    # All but the last line go on in the next.
    yield from (f"    --hash=sha256:{sha256} \\" for sha256 in hashes[:-1])
    yield f"    --hash=sha256:{hashes[-1]}"
    for pin, platforms in entry.wheels.items():
        source = f" from {pin.source.name}" if pin.source else ""
        where = f" ({', '.join(map(str, platforms))})" if len(platforms) < len(everywhere) else ""
        yield f"    # {pin.filename}{source}{where}"
        if publisher := lock.publisher(pin):
            yield f"    # {_publisher_text(publisher)}"


def _publisher_text(publisher: Publisher) -> str:
    """Return a publisher in one line."""
    claims = ", ".join(f"{name} = {toml_value(value)}" for name, value in publisher.claims)
    return f"{_VERIFIED * publisher.verified}published by {publisher.kind}: {claims}"


def _digests(pin: Pin) -> list[Digest]:
    """Return the digests of a wheel and of what it was built from."""
    return [pin.digest, *([pin.source.digest] if pin.source and not pin.source.is_wheel else [])]


def read_requirements_lock(path: Path) -> Lock:
    """Return the lock in a file. Raises InputError with the line that `write_requirements_lock` would not write."""
    try:
        text = read_foreign(path, SETTINGS_SIZE).decode()
    except UnicodeDecodeError as error:
        raise _damaged(path, 1, "not UTF-8") from error
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    # The header ends at the first entry, so comments of entries are not taken for it.
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
        platforms = [Platform.parse(name) for name in header["platform"].split(", ")]
    except InputError as error:
        raise _damaged(path, _line(text, "# platform:"), error.message) from error
    try:
        base = parse_reference(header["base"]) if "base" in header else None
    except InputError as error:
        raise _damaged(path, _line(text, "# base:"), f"its base: {error.message}") from error
    publishers: dict[Digest, Publisher] = {}
    pins = _pins(path, text, start, platforms, publishers)
    return Lock(
        inputs=header["inputs"],
        python=header["python"],
        pins=pins,
        base=base,
        publishers=publishers,
        system=_system(path, text, start, platforms),
    )


def _system(path: Path, text: str, end: int, platforms: Sequence[Platform]) -> dict[Platform, SystemPins]:
    """Return the pins of Debian packages in the header, by platform. Raise InputError with the line of invalid ones."""
    found: dict[Platform, SystemPins] = {}
    for match in _SYSTEM.finditer(text, 0, end):
        try:
            # A platform that is not among them raises ValueError, which is reported below.
            platform = platforms[platforms.index(Platform.parse(match["platform"]))]
            written = [_read_value(line[4:]) for line in match["packages"].splitlines()]
            head = _read_value(match["pins"])
            found[platform] = SystemPins.from_dict(head, tuple(map(SystemPin.from_dict, written)))
        except (InputError, KeyError, TypeError, AttributeError, ValueError) as error:
            line = text.count("\n", 0, match.start()) + 1
            raise _damaged(path, line, f"its system packages: {getattr(error, 'message', error)}") from error
    return found


def _pins(
    path: Path, text: str, position: int, platforms: Sequence[Platform], publishers: dict[Digest, Publisher]
) -> dict[Platform, tuple[Pin, ...]]:
    """Return the pins of each platform, from `position` on; fill in `publishers`.

    Raise InputError with the line of an invalid entry.
    """
    pins: dict[Platform, list[Pin]] = {platform: [] for platform in platforms}
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        match = _ENTRY.match(text, position)
        if match is None:
            raise _damaged(path, line, "expected name==version, its hashes, and its wheels' file names")
        for pin, names, publisher in _wheels(match, path, line):
            if publisher and pin.published:
                publishers[pin.published[1]] = publisher
            for platform in platforms if names is None else names:
                if platform not in pins:
                    raise _damaged(path, line, f"{pin.filename} is for {platform}, which is not among the platforms")
                if any(other.name == pin.name for other in pins[platform]):
                    raise _damaged(path, line, f"{pin.name} is pinned twice")
                pins[platform].append(pin)
        position = match.end()
    return {platform: tuple(sorted(chosen, key=lambda pin: pin.name)) for platform, chosen in pins.items()}


def _wheels(
    match: re.Match[str], path: Path, line: int
) -> Iterator[tuple[Pin, list[Platform] | None, Publisher | None]]:
    """Return the wheels of one entry, each with its platforms, None for all, and its publisher."""
    hashes = [Digest(text) for text in re.findall("[0-9a-f]{64}", match["hashes"])]
    comments = match["wheels"].splitlines()
    # A publisher stands below its wheel.
    for before, comment, following in zip(["", *comments], comments, [*comments[1:], ""], strict=False):
        if _WHEEL.fullmatch(before) and _PUBLISHER.fullmatch(comment):
            continue
        publisher = _read_publisher(following, path, line)
        wheel = _WHEEL.fullmatch(comment)
        # A wheel that is its own source has one digest.
        source = Source(name=wheel["source"], digest=hashes[0]) if wheel and wheel["source"] and hashes else None
        built = source is not None and not source.is_wheel
        if wheel is None or len(hashes) < (2 if built else 1):
            raise _damaged(path, line, "expected a hash and the name of a wheel for each of its wheels")
        name, version, filename = match["name"], match["version"], wheel["filename"]
        if not is_wheel_of(filename, name, version):
            raise _damaged(path, line, f"{filename} is not a wheel of {name} {version}")
        pin = Pin(name=name, version=version, filename=filename, digest=hashes.pop(0), source=source)
        if built and source:
            pin = replace(pin, source=replace(source, digest=hashes.pop(0)))
        try:
            names = [Platform.parse(text) for text in wheel["platforms"].split(", ")] if wheel["platforms"] else None
            yield pin, names, publisher
        except InputError as error:
            raise _damaged(path, line, error.message) from error
    # pip would install any file with such a hash.
    if hashes:
        raise _damaged(path, line, "it has more hashes than wheels")


def _read_publisher(comment: str, path: Path, line: int) -> Publisher | None:
    """Read the line of a publisher; None for any other. Raise InputError for one that is not as it is written."""
    match = _PUBLISHER.fullmatch(comment)
    if match is None:
        return None
    try:
        claims = _read_value(f"{{ {match['claims']} }}")
        publisher = read_publisher({**claims, "kind": match["kind"]}, verified=bool(match["verified"]))
    except (ValueError, InputError) as error:
        raise _damaged(path, line, f"its publisher cannot be read: {error}") from error
    if f"    # {_publisher_text(publisher)}" != comment:
        raise _damaged(path, line, "a publisher is not as it is written")
    return publisher


def _read_value(text: str) -> Any:  # noqa: ANN401 (any value of TOML)
    """Read a value of TOML. Raises ValueError, also for one that nests without end."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except RecursionError:
        raise ValueError("it nests too deeply") from None


def _line(text: str, start: str) -> int:
    """Return the number of the line that begins with `start`."""
    return text.count("\n", 0, text.index(start)) + 1


def _damaged(path: Path, line: int | None, problem: str) -> InputError:
    """Return the error for a file that is not a lock of comp's."""
    return InputError(
        f"not a lock that comp wrote: {problem}",
        where=Location(path=path, line=line),
        hint="delete it, and the next build writes it anew",
    )
