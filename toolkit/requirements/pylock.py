"""The lock as `pylock.toml` (PyPA, "pylock.toml Specification"): with addresses, so that other installers can use it.

Publishers that an index attests stand in `attestation-identities`. `tool.comp` tables hold the rest: the digest of the
inputs, the base, the platforms of each wheel, the wheels that were built here, and which file is whose.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from toolkit.config.toml import TomlDocument, bare_table, toml_value
from toolkit.digest import Digest
from toolkit.errors import InputError, Location
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.python.system_pins import SystemPin, SystemPins
from toolkit.python.target import MACHINES
from toolkit.redaction import without_login
from toolkit.requirements.lock import LOCK_VERSION, Lock, LockEntry, entries, is_wheel_of
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.publishers.publisher import Publisher, read_publisher
from toolkit.system.atomic import write_text

_HEAD = "# Written by `comp lock`; change pyproject.toml instead, or run `comp lock --upgrade`."


def write_pylock(path: Path, lock: Lock) -> None:
    """Write the lock; equal locks give equal bytes. Files on this disk are named relative to its folder."""
    machines = dict.fromkeys(MACHINES.get(platform.architecture, platform.architecture) for platform in lock.platforms)
    environments = [f"sys_platform == 'linux' and platform_machine == '{machine}'" for machine in machines]
    lines = [_HEAD, 'lock-version = "1.0"', f"environments = {_value(environments)}"]
    lines += [f"requires-python = {_value(f'=={lock.python}.*')}", 'created-by = "comp"']
    for entry in entries(lock):
        lines += ["", *_package(entry, lock, path.parent)]
    lines += ["", "[tool.comp]", f"lock-version = {LOCK_VERSION}"]
    lines += [
        f"platforms = {_value([str(platform) for platform in lock.platforms])}",
        f"inputs = {_value(lock.inputs)}",
    ]
    if lock.base:
        lines.append(f"base = {_value(str(lock.base))}")
    for platform, system in lock.system.items():
        lines += ["", f"[tool.comp.system.{_value(str(platform))}]"]
        lines += [f"{name} = {_value(value)}" for name, value in system.to_dict().items()]
        lines += ["packages = [", *(f"    {bare_table(pin.to_dict())}," for pin in system.packages), "]"]
    write_text(path, "\n".join(lines) + "\n")


def read_pylock(path: Path) -> Lock:
    """Return the lock in a file. Raises InputError unless `write_pylock` wrote it."""
    document = TomlDocument.read(path)
    data = document.data if document else {}
    ours = data.get("tool", {}).get("comp", {}) if isinstance(data.get("tool"), dict) else {}
    try:
        # First, since another version may have other keys.
        if ours["lock-version"] != LOCK_VERSION:
            raise _foreign(path, f"its lock-version is {ours['lock-version']}, this program reads {LOCK_VERSION}")
        platforms = [Platform.parse(text) for text in ours["platforms"]]
        pins: dict[Platform, list[Pin]] = {platform: [] for platform in platforms}
        publishers: dict[Digest, Publisher] = {}
        for package in data.get("packages", []):
            publishers |= _read_publishers(package)
            for pin, names in _pins(package, path):
                # A platform that is not among the lock's raises KeyError, which is reported below.
                for platform in platforms if names is None else names:
                    pins[platform].append(pin)
        return Lock(
            inputs=str(ours["inputs"]),
            python=str(data["requires-python"]).removeprefix("==").removesuffix(".*"),
            pins={platform: tuple(sorted(chosen, key=lambda pin: pin.name)) for platform, chosen in pins.items()},
            base=parse_reference(ours["base"]) if "base" in ours else None,
            publishers=publishers,
            system={
                Platform.parse(platform): SystemPins.from_dict(
                    system, tuple(map(SystemPin.from_dict, system["packages"]))
                )
                for platform, system in ours.get("system", {}).items()
            },
        )
    except InputError as error:
        if error.where:
            raise
        raise _foreign(path, error.message) from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # The file may hold any TOML, of any shape.
        raise _foreign(path, f"{error!r}") from error


def _package(entry: LockEntry, lock: Lock, folder: Path) -> Iterator[str]:
    """Return the lines of one package."""
    everywhere = lock.platforms
    yield "[[packages]]"
    yield f"name = {_value(entry.name)}"
    yield f"version = {_value(entry.version)}"
    if marker := entry.marker(everywhere):
        yield f"marker = {_value(marker)}"
    built = {pin: platforms for pin, platforms in entry.wheels.items() if pin.source}
    # The format has one source for a package, so the first stands for all platforms.
    if built:
        yield from _source(next(iter(built)), folder)
    downloaded = [pin for pin in entry.wheels if pin not in built]
    if downloaded:
        yield "wheels = ["
        for pin in downloaded:
            yield f"    {{ {_file(pin.filename, pin.url, pin.digest, pin.size, folder)} }},"
        yield "]"
    ours = [
        f"{_value(pin.filename)} = {_value([str(platform) for platform in platforms])}"
        for pin, platforms in entry.wheels.items()
        if len(platforms) < len(everywhere)
    ]
    # The format has no hash for a folder or a commit.
    if source := next((pin.source for pin in built if pin.source and not pin.source.is_file), None):
        ours.append(f"source = {_value(source.digest.hex)}")
    if built:
        named = (f"    {{ name = {_value(pin.filename)}, sha256 = {_value(pin.digest.hex)} }}," for pin in built)
        ours += ["built = [", *named, "]"]
    identities = list(dict.fromkeys(_identity(each) for pin in entry.wheels if (each := lock.publisher(pin))))
    for identity in identities:
        yield "[[packages.attestation-identities]]"
        yield from (f"{name} = {_value(text)}" for name, text in identity)
    ours += _attested(entry, lock, identities)
    if ours:
        yield "[packages.tool.comp]"
        yield from ours


def _identity(publisher: Publisher) -> tuple[tuple[str, str], ...]:
    """Return a publisher's keys and values, as the index has them."""
    return tuple(publisher.to_dict().items())


def _attested(entry: LockEntry, lock: Lock, identities: Sequence[tuple[tuple[str, str], ...]]) -> Iterator[str]:
    """Return the lines about which file is attested by which identity: the format names those of a package only."""
    files = {pin.published: lock.publisher(pin) for pin in entry.wheels if pin.published}
    named = [
        f"    {{ name = {_value(file[0])}, sha256 = {_value(file[1].hex)}, identity = "
        f"{identities.index(_identity(publisher))}, verified = {_value(publisher.verified)} }},"
        for file, publisher in files.items()
        if publisher
    ]
    if named:
        yield from ("attested = [", *named, "]")


def _read_publishers(package: Mapping[str, Any]) -> Iterator[tuple[Digest, Publisher]]:
    """Yield the digests of a package's attested files, each with its publisher."""
    identities = package.get("attestation-identities", [])
    for file in package.get("tool", {}).get("comp", {}).get("attested", []):
        publisher = read_publisher(identities[int(file["identity"])], verified=file["verified"] is True)
        yield _digest(file["sha256"]), publisher


def _source(pin: Pin, folder: Path) -> Iterator[str]:
    """Return the line about what a wheel was built from or is required from."""
    source = pin.source
    if source is None:
        return
    if source.is_file:
        yield f"sdist = {{ {_file(source.name, pin.url, source.digest, None, folder)} }}"
    elif source.commit:
        address, _, inside = source.name.removeprefix("git+").partition("#subdirectory=")
        parts = {"type": "git", "url": address.rpartition("@")[0], "commit-id": source.commit}
        yield f"vcs = {toml_value(parts | ({'subdirectory': inside} if inside else {}))}"
    elif source.is_archive:
        place = {"url" if "://" in source.name else "path": source.name}
        yield f"archive = {toml_value(place | {'hashes': {'sha256': source.digest.hex}})}"
    else:
        yield f"directory = {{ path = {_value(source.name)} }}"


def _file(name: str, url: str | None, digest: Digest, size: int | None, folder: Path) -> str:
    """Return the keys of a file: its name, place, size and hash."""
    address = without_login(url or "")
    if address.startswith("file:"):
        path = os.path.relpath(unquote(urlsplit(address).path), folder)
        place = f"path = {_value(Path(path).as_posix())}"
    else:
        # Without query and fragment, which may hold a token, or a hash that stands beside it.
        place = f"url = {_value(urljoin(address, urlsplit(address).path))}"
    length = f", size = {size}" if size is not None else ""
    return f"name = {_value(name)}, {place}{length}, hashes = {{ sha256 = {_value(digest.hex)} }}"


def _value(value: object) -> str:
    """Return a string or a list of strings in TOML, which JSON's form is, too."""
    return json.dumps(value, ensure_ascii=False)


def _pins(package: Mapping[str, Any], path: Path) -> Iterator[tuple[Pin, list[Platform] | None]]:
    """Return the pins of one package, each with its platforms, None for all."""
    name, version = str(package["name"]), str(package["version"])
    ours = package.get("tool", {}).get("comp", {})
    source, address = _read_source(package, ours, path)
    files: list[tuple[Mapping[str, Any], Source | None]] = [(file, None) for file in package.get("wheels", [])]
    files += [
        ({"name": wheel["name"], "hashes": {"sha256": wheel["sha256"]}}, source) for wheel in ours.get("built", [])
    ]
    for file, origin in files:
        filename = str(file["name"])
        if not is_wheel_of(filename, name, version):
            raise _foreign(path, f"{filename} is not a wheel of {name} {version}")
        url = address if origin else _address(file, path)
        size = file.get("size")
        pin = Pin(
            name=name,
            version=version,
            filename=filename,
            digest=_digest(file["hashes"]["sha256"]),
            source=origin,
            size=int(size) if size is not None else None,
            url=url,
        )
        where = ours.get(filename)
        yield pin, [Platform.parse(text) for text in where] if where else None


def _read_source(package: Mapping[str, Any], ours: Mapping[str, Any], path: Path) -> tuple[Source | None, str | None]:
    """Return the source of a package's wheels, and its address if it is a source distribution of an index."""
    if sdist := package.get("sdist"):
        return Source(name=str(sdist["name"]), digest=_digest(sdist["hashes"]["sha256"])), _address(sdist, path)
    if vcs := package.get("vcs"):
        inside = f"#subdirectory={vcs['subdirectory']}" if "subdirectory" in vcs else ""
        return Source(name=f"git+{vcs['url']}@{vcs['commit-id']}{inside}", digest=_digest(ours["source"])), None
    if archive := package.get("archive"):
        # Its address is checked, and not used: only the settings decide what is fetched.
        _address(archive, path)
        name = str(archive.get("url") or archive["path"])
        return Source(name=name, digest=_digest(archive["hashes"]["sha256"])), None
    if directory := package.get("directory"):
        return Source(name=str(directory["path"]), digest=_digest(ours["source"])), None
    return None, None


def _digest(text: object) -> Digest:
    """Return the digest in a lock. Raise InputError if it is not one."""
    return Digest.parse_hex(str(text))


def _address(file: Mapping[str, Any], path: Path) -> str | None:
    """Return the address of a file, None without one. Raise InputError for another scheme than http or https."""
    if "path" in file:
        return (path.parent / str(file["path"])).resolve().as_uri()
    if not file.get("url"):
        return None
    if urlsplit(str(file["url"])).scheme not in {"http", "https"}:
        raise _foreign(path, f"not an address of http or https: {without_login(str(file['url']))}")
    return str(file["url"])


def _foreign(path: Path, problem: str) -> InputError:
    """Return the error for a file that is not a lock of comp's."""
    return InputError(
        f"not a lock that comp wrote: {problem}",
        where=Location(path=path),
        hint="delete it, and the next build writes it anew; another tool's goes into `requirements` of [tool.comp]",
    )
