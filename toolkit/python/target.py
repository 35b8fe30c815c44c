"""The target: for which platform, Python and C library wheels are chosen. Never the machine that builds.

`Base` is the image that defines a target.
"""

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct
from packaging.markers import Environment
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference
from toolkit.python.base import BaseFacts
from toolkit.python.system_pins import SystemPins

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
# The manylinux levels that uv knows (`uv pip compile --help`).
_UV_LEVELS = (17, 28, *range(31, 41))
# PEP 600 names these as aliases of levels.
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


class Target(Struct, frozen=True, kw_only=True, dict=True):
    """A platform, with the versions of Python and the C library of the base on it. `version` is full, like `3.11.2`."""

    platform: Platform
    version: str
    libc: str
    libc_version: str

    @classmethod
    def of(cls, platform: Platform, facts: BaseFacts) -> "Target":
        """Return the target of a base. Raises InputError for a platform that no wheels are for."""
        if platform.os != "linux" or platform.architecture not in MACHINES:
            raise InputError(f"cannot choose wheels for {platform}", hint="supported: linux/amd64, linux/arm64")
        return cls(platform=platform, version=facts.version, libc=facts.libc, libc_version=facts.libc_version)

    @property
    def minor(self) -> str:
        """`3.11` of `3.11.2`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def shown(self) -> str:
        """The target in messages: `linux/amd64, Python 3.11, glibc 2.36`."""
        return f"{self.platform}, Python {self.minor}, {self.libc} {self.libc_version}"

    @property
    def uv_platform(self) -> str:
        """The platform as `uv --python-platform` takes it."""
        machine = MACHINES[self.platform.architecture]
        if self.libc == "musl":
            return f"{machine}-unknown-linux-musl"
        # The nearest level below: a higher one would let uv choose wheels that do not run.
        level = max((known for known in _UV_LEVELS if known <= self._libc_level), default=_UV_LEVELS[0])
        return f"{machine}-manylinux_2_{level}"

    @cached_property
    def tags(self) -> dict[Tag, int]:
        """The rank of every tag that fits, the lowest for the best (PyPA platform compatibility tags)."""
        major, minor = (int(part) for part in self.minor.split("."))
        interpreter = f"cp{major}{minor}"
        platforms = list(self._platform_tags())
        tags = [
            *cpython_tags((major, minor), [interpreter], platforms),
            *compatible_tags((major, minor), interpreter, platforms),
        ]
        # Reversed, so that of a tag that is listed twice the better rank stays.
        return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}

    @property
    def environment(self) -> Environment:
        """The target's values of the variables in markers (PyPA dependency specifiers)."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.version,
            "os_name": "posix",
            "platform_machine": MACHINES[self.platform.architecture],
            "platform_python_implementation": "CPython",
            # The kernel is the node's, so neither its release nor its version is known.
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.version,
            "python_version": self.minor,
            "sys_platform": "linux",
        }

    def rank(self, filename: str) -> int | None:
        """Return the rank of a wheel by its file name. None if it does not fit."""
        try:
            tags = parse_wheel_filename(filename)[3]
        # An index may list files with any name; one that is not a wheel's fits nowhere.
        except ValueError:
            return None
        return min((self.tags[tag] for tag in tags if tag in self.tags), default=None)

    @property
    def _libc_level(self) -> int:
        """The minor version of the C library: 36 of `2.36`."""
        return int(self.libc_version.split(".")[1])

    def _platform_tags(self) -> Iterator[str]:
        """Yield the platform tags that fit, the best first."""
        machine = MACHINES[self.platform.architecture]
        if self.libc == "musl":
            yield from (f"musllinux_1_{level}_{machine}" for level in range(self._libc_level, -1, -1))
        else:
            # PEP 513's manylinux1 is glibc 2.5, the lowest level.
            for level in range(self._libc_level, 4, -1):
                yield f"manylinux_2_{level}_{machine}"
                # PEP 513 and 571 know only x86 processors, PEP 599 added the others.
                if level in _LEGACY and (machine == "x86_64" or _LEGACY[level] == "manylinux2014"):
                    yield f"{_LEGACY[level]}_{machine}"
        # Last: wheels of this tag promise nothing about the C library.
        yield f"linux_{machine}"


class Base(Struct, frozen=True, kw_only=True):
    """The base of one platform: its image, the name that the user gave it, and the digest that a lock may record.

    With `system-packages`, `plain` is the base itself, `image` the base with these packages, and `system` their pins.
    `pinned` is None for a base from the command line and for one in a file: neither belongs in a lock. `found` is the
    reference with the digest that it had when the base was opened, None for a file.
    """

    image: Image
    reference: str
    pinned: Reference | None
    facts: BaseFacts
    target: Target
    found: Reference | None = None
    plain: Image | None = None
    system: SystemPins | None = None

    @property
    def itself(self) -> Image:
        """The image that the user named, without packages that were added to it."""
        return self.plain or self.image
