"""The lock that the components of a collection share: `comp.lock` beside the pyproject.toml of its root.

It holds each wheel once, with the publisher that the index attests, and for each component what a lock of its own would
hold: the inputs, the base, and the wheels that it installs on each platform. Folders are written relative to the file,
so it is the same in every clone.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.config.toml import TomlDocument, bare_table, toml_value
from toolkit.digest import Digest
from toolkit.errors import InputError, Location
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.python.system_pins import SystemPin, SystemPins
from toolkit.requirements.lock import Lock, is_wheel_of
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.publishers.publisher import Publisher, read_publisher
from toolkit.system.atomic import write_text

_VERSION = 1
_HEAD = "# Written by `comp lock --all`; change the components' pyproject.toml instead, or run it with --upgrade."
# Enough digits to tell wheels of one name apart.
_DIGITS = 12


class _Wheel(Struct, forbid_unknown_fields=True):
    """A wheel as it is written."""

    file: str
    sha256: str
    source: str | None = None
    source_sha256: str | None = field(default=None, name="source-sha256")
    publisher: dict[str, str] | None = None
    verified: bool = False


class _Package(Struct, forbid_unknown_fields=True):
    """One version of one distribution as it is written."""

    name: str
    version: str
    wheels: list[_Wheel]


class _Component(Struct, forbid_unknown_fields=True):
    """The part of one component as it is written; `wheels` has names of wheels by platform."""

    folder: str
    inputs: str
    python: str
    wheels: dict[str, list[str]]
    base: str | None = None
    system: dict[str, str] = field(default_factory=dict)


class _System(Struct, forbid_unknown_fields=True):
    """Debian packages on a base as they are written; components name them by the digest of the `image`."""

    platform: str
    wanted: list[str]
    base: str
    image: str
    packages: list[dict[str, str]]


class _Written(Struct, forbid_unknown_fields=True):
    """The whole file."""

    version: int = field(name="lock-version")
    packages: list[_Package] = field(default_factory=list, name="package")
    systems: list[_System] = field(default_factory=list, name="system")
    components: list[_Component] = field(default_factory=list, name="component")


def write_shared_lock(path: Path, locks: Mapping[Path, Lock]) -> None:
    """Write the locks of components, by their folders. Equal locks give equal bytes."""
    write_text(path, "\n".join(_lines(path.parent, locks)) + "\n")


def read_shared_lock(path: Path) -> dict[Path, Lock]:
    """Return the lock of each component, by its folder. Raises InputError unless `write_shared_lock` wrote the file."""
    document = TomlDocument.read(path)
    if document is None:
        raise _damaged(path, "it is missing")
    return parse_shared_lock(document)


def parse_shared_lock(document: TomlDocument) -> dict[Path, Lock]:
    """Return the lock of each component, by its folder. Raises as `read_shared_lock` does."""
    path, data = document.path, document.data
    # First, since another version may have other keys.
    if data.get("lock-version") != _VERSION:
        raise _damaged(path, f"its lock-version is {data.get('lock-version')}, this program reads {_VERSION}")
    try:
        written = msgspec.convert(data, _Written)
        wheels: dict[str, Pin] = {}
        publishers: dict[Digest, Publisher] = {}
        for name, pin, publisher in (each for package in written.packages for each in _read_wheels(package)):
            wheels[name] = pin
            if publisher and pin.published:
                publishers[pin.published[1]] = publisher
        systems = dict(map(_read_system, written.systems))
        return {
            Path(os.path.normpath(path.parent / part.folder)): _read_lock(
                part, wheels, publishers, systems, path.parent
            )
            for part in written.components
        }
    except KeyError as error:
        raise _damaged(path, f"it has no wheel {error.args[0]!r}") from error
    except (msgspec.ValidationError, ValueError, InputError) as error:
        raise _damaged(path, str(error)) from error


def _lines(root: Path, locks: Mapping[Path, Lock]) -> Iterator[str]:
    """Yield the lines of the file."""
    yield from (_HEAD, f"lock-version = {_VERSION}")
    ordered = {os.path.relpath(folder, root): _moved(lock, folder, root) for folder, lock in locks.items()}
    names = _names({pin for lock in ordered.values() for pins in lock.pins.values() for pin in pins})
    publishers = {digest: publisher for lock in locks.values() for digest, publisher in lock.publishers.items()}
    packages: dict[tuple[str, str], list[Pin]] = {}
    for pin in names:
        packages.setdefault((pin.name, pin.version), []).append(pin)
    for (name, version), pins in packages.items():
        yield from ("", "[[package]]", f"name = {toml_value(name)}", f"version = {toml_value(version)}", "wheels = [")
        for pin in pins:
            yield f"    {_wheel(names[pin], pin, publishers)},"
        yield "]"
    yield from _system_lines(lock for _, lock in sorted(ordered.items()))
    for folder, lock in sorted(ordered.items()):
        yield from ("", "[[component]]", f"folder = {toml_value(Path(folder).as_posix())}")
        yield from _component_lines(lock, names)


def _component_lines(lock: Lock, names: Mapping[Pin, str]) -> Iterator[str]:
    """Yield the lines of the part of a component, but for its folder."""
    yield from (f"inputs = {toml_value(lock.inputs)}", f"python = {toml_value(lock.python)}")
    if lock.base:
        yield f"base = {toml_value(str(lock.base))}"
    for platform, system in lock.system.items():
        yield f"system.{toml_value(str(platform))} = {toml_value(_name_of(system))}"
    for platform, chosen in lock.pins.items():
        yield f"wheels.{toml_value(str(platform))} = [{'' if chosen else ']'}"
        if chosen:
            yield from (*(f"    {toml_value(names[pin])}," for pin in chosen), "]")
    if not lock.pins:
        yield "wheels = {}"


def _system_lines(locks: Iterable[Lock]) -> Iterator[str]:
    """Yield the lines of Debian packages: components that ask for the same on one base share its pins."""
    for platform, system in _systems(locks):
        yield from ("", "[[system]]", f"platform = {toml_value(str(platform))}")
        yield from (f"{name} = {toml_value(value)}" for name, value in system.to_dict().items())
        yield from ("packages = [", *(f"    {bare_table(pin.to_dict())}," for pin in system.packages), "]")


def _systems(locks: Iterable[Lock]) -> Iterator[tuple[Platform, SystemPins]]:
    """Yield the pins of Debian packages of all locks, each once."""
    seen: set[str] = set()
    for lock in locks:
        for platform, system in lock.system.items():
            if _name_of(system) not in seen:
                seen.add(_name_of(system))
                yield platform, system


def _name_of(system: SystemPins) -> str:
    """Return the name by which components refer to pins of Debian packages."""
    # One image may be asked for in several ways: with a package, and with another one that needs it.
    return f"{system.image} {' '.join(system.wanted)}"


def _wheel(name: str, pin: Pin, publishers: Mapping[Digest, Publisher]) -> str:
    """Return a wheel as a table of TOML."""
    wheel: dict[str, object] = {"file": name, "sha256": pin.digest.hex}
    if pin.source:
        wheel |= {"source": pin.source.name, "source-sha256": pin.source.digest.hex}
    publisher = publishers.get(pin.published[1]) if pin.published else None
    if publisher:
        wheel |= {"publisher": publisher.to_dict(), **({"verified": True} if publisher.verified else {})}
    # The keys are bare, as in files that were written before.
    return bare_table(wheel)


def _names(pins: set[Pin]) -> dict[Pin, str]:
    """Return a name for each wheel, in order: its file's, and with digits of its digest where others have that name."""
    ordered = sorted(pins, key=lambda pin: (pin.name, pin.version, pin.filename, pin.digest.hex, _source_name(pin)))
    files = [pin.filename for pin in ordered]
    return {
        pin: pin.filename if files.count(pin.filename) == 1 else f"{pin.filename}#{_identity(pin)}" for pin in ordered
    }


def _source_name(pin: Pin) -> str:
    """Return the name of a pin's source, empty without one."""
    return pin.source.name if pin.source else ""


def _identity(pin: Pin) -> str:
    """Return digits that tell a wheel from others of its name."""
    return Digest.of(f"{pin.digest.hex} {_source_name(pin)}".encode()).hex[:_DIGITS]


def _read_wheels(package: _Package) -> Iterator[tuple[str, Pin, Publisher | None]]:
    """Yield the wheels of a package, each with its name in the file and its publisher.

    Raises ValueError for one of another package, InputError for a publisher that cannot be one.
    """
    for wheel in package.wheels:
        filename = wheel.file.partition("#")[0]
        if not is_wheel_of(filename, package.name, package.version):
            raise ValueError(f"{filename} is not a wheel of {package.name} {package.version}")
        source = None
        if wheel.source is not None:
            source = Source(name=wheel.source, digest=Digest.parse_hex(wheel.source_sha256 or ""))
        digest = Digest.parse_hex(wheel.sha256)
        yield (
            wheel.file,
            Pin(name=package.name, version=package.version, filename=filename, digest=digest, source=source),
            read_publisher(wheel.publisher, verified=wheel.verified) if wheel.publisher is not None else None,
        )


def _read_system(written: _System) -> tuple[str, SystemPins]:
    """Return pins of Debian packages, and the name that components have for them. Raises InputError or KeyError."""
    head = {"wanted": written.wanted, "base": written.base, "image": written.image}
    system = SystemPins.from_dict(head, tuple(map(SystemPin.from_dict, written.packages)))
    return _name_of(system), system


def _read_lock(
    part: _Component,
    wheels: Mapping[str, Pin],
    publishers: Mapping[Digest, Publisher],
    systems: Mapping[str, SystemPins],
    root: Path,
) -> Lock:
    """Return the lock of one component. Raises KeyError for a wheel, ValueError for a system, that are not there."""
    if missing := set(part.system.values()) - systems.keys():
        raise ValueError(f"it has no system {min(missing)!r}")
    pins = {
        Platform.parse(platform): tuple(sorted((wheels[name] for name in names), key=lambda pin: pin.name))
        for platform, names in part.wheels.items()
    }
    files = {pin.published[1] for chosen in pins.values() for pin in chosen if pin.published}
    lock = Lock(
        inputs=part.inputs,
        python=part.python,
        pins=pins,
        base=parse_reference(part.base) if part.base else None,
        publishers={digest: publisher for digest, publisher in publishers.items() if digest in files},
        system={Platform.parse(platform): systems[name] for platform, name in part.system.items()},
    )
    return _moved(lock, root, root / part.folder)


def _moved(lock: Lock, before: Path, after: Path) -> Lock:
    """Return a lock whose sources on this disk are relative to another folder."""

    def moved(pin: Pin) -> Pin:
        """Return a pin with its source relative to the other folder, and without an address."""
        source = pin.source
        if source and not source.is_file and "://" not in source.name:
            name = os.path.relpath(os.path.normpath(before / source.name), after)
            # Without a slash the name of an archive would be that of an index's source distribution.
            is_bare = source.is_archive and "/" not in name
            source = replace(source, name=f"./{name}" if is_bare else name)
        return replace(pin, source=source, url=None, size=None)

    return replace(lock, pins={platform: tuple(map(moved, pins)) for platform, pins in lock.pins.items()})


def _damaged(path: Path, problem: str) -> InputError:
    """Return the error for a file that is not a shared lock of comp's."""
    return InputError(
        f"not a lock that comp wrote: {problem}",
        where=Location(path=path),
        hint="delete it, and `comp lock --all` writes it anew",
    )
