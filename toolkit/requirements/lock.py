"""The lock: the wheels and the base of an image, for all its platforms.

It has two forms on disk: `requirements.lock`, which `requirements_lock` reads and writes, and `pylock.toml`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from toolkit.config.project import Project
from toolkit.digest import Digest
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import Reference
from toolkit.python.system_pins import SystemPins
from toolkit.python.target import MACHINES
from toolkit.requirements.pin import Pin
from toolkit.requirements.publishers.publisher import Publisher

LOCK_VERSION = 1

# Digits of a commit that are shown.
_SHORT = 9


class Lock(Struct, frozen=True, kw_only=True):
    """What a build installs: the pins of each platform, in order of name.

    `inputs` is what `inputs_digest` returned for it, `python` a minor version like `3.11`. `publishers` are those that
    the index attests, by the digest of the file that lies there: a wheel, or what it was built from. `system` has the
    Debian packages that are added to the base.
    """

    inputs: str
    python: str
    pins: Mapping[Platform, tuple[Pin, ...]]
    base: Reference | None = None
    publishers: Mapping[Digest, Publisher] = field(default_factory=dict)
    system: Mapping[Platform, SystemPins] = field(default_factory=dict)

    def publisher(self, pin: Pin) -> Publisher | None:
        """Return who published the file of a pin; None if that is not known."""
        return self.publishers.get(pin.published[1]) if pin.published else None

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms, in the order of the settings."""
        return tuple(self.pins)

    @property
    def packages(self) -> Mapping[str, str]:
        """The version of every distribution, with its commit if it is from git; several where platforms differ."""
        # Dictionaries as sets that keep the order.
        versions: dict[str, dict[str, None]] = {}
        for pins in self.pins.values():
            for pin in pins:
                commit = pin.source.commit if pin.source else None
                version = f"{pin.version} ({commit[:_SHORT]})" if commit else pin.version
                versions.setdefault(pin.name, {})[version] = None
        return {name: ", ".join(of_name) for name, of_name in sorted(versions.items())}


def system_versions(lock: Lock) -> Mapping[str, str]:
    """Return the version of every Debian package that is added to the base; several where platforms differ."""
    versions: dict[str, dict[str, None]] = {}
    for pins in lock.system.values():
        for pin in pins.packages:
            versions.setdefault(pin.name, {})[pin.version] = None
    return {name: ", ".join(of_name) for name, of_name in sorted(versions.items())}


def inputs_digest(project: Project, minor: str, further: Mapping[str, str] | None = None) -> str:
    """Return the digest of all that decides a resolution and that people write; the base's digest is not among it.

    `minor` is the Python of the base, `further` are the digests of `source_digests`.
    """
    inputs = {
        "dependencies": sorted(project.dependencies),
        "requires-python": project.requires_python,
        "system-site-packages": project.system_site_packages,
        # In the user's order, which is the order of the lock.
        "platform": ", ".join(project.platforms),
        "python": minor,
        # Left out if empty, so that locks without such inputs keep their digest.
        **({"further": dict(sorted(further.items()))} if further else {}),
    }
    # With spaces, unlike `canonical_json`: locks that users keep record this digest.
    return "sha256:" + hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


class LockEntry(Struct, frozen=True, kw_only=True):
    """One version of one distribution: its wheels, each with the platforms that it is for."""

    name: str
    version: str
    wheels: Mapping[Pin, tuple[Platform, ...]]

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms on which the version is installed."""
        return tuple(platform for platforms in self.wheels.values() for platform in platforms)

    def marker(self, everywhere: Sequence[Platform]) -> str | None:
        """Return the marker (PEP 508) under which the version is installed; None if it is on every platform."""
        if len(self.platforms) == len(everywhere):
            return None
        # Two variants of an architecture are one machine in markers.
        machines = dict.fromkeys(
            MACHINES.get(platform.architecture, platform.architecture) for platform in self.platforms
        )
        return " or ".join(f'platform_machine == "{machine}"' for machine in machines)


def entries(lock: Lock) -> Iterator[LockEntry]:
    """Return the pins of all platforms together, in order of name and version."""
    by_version: dict[tuple[str, str], dict[Pin, tuple[Platform, ...]]] = {}
    for platform, pins in lock.pins.items():
        for pin in pins:
            wheels = by_version.setdefault((pin.name, pin.version), {})
            wheels[pin] = (*wheels.get(pin, ()), platform)
    for (name, version), wheels in sorted(by_version.items()):
        yield LockEntry(name=name, version=version, wheels=wheels)


def is_wheel_of(filename: str, name: str, version: str) -> bool:
    """Whether a file name is that of a wheel of this distribution and version."""
    try:
        named = parse_wheel_filename(filename)
        return (named[0], named[1]) == (name, Version(version))
    except ValueError:
        return False
