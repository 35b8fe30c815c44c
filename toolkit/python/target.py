"""The target: for which platform, Python and C library wheels are chosen. Never the machine that builds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from packaging.markers import Environment
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform
from toolkit.python.base import BaseFacts

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
# The manylinux levels that uv knows (`uv pip compile --help`).
_UV_LEVELS = (17, 28, *range(31, 41))
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A platform and the Python and C library of the base on it. `version` is full, like `3.11.2`."""

    platform: Platform
    version: str
    libc: str
    libc_version: str

    @classmethod
    def of(cls, platform: Platform, facts: BaseFacts) -> "Target":
        """Describe what is built on a base. Raises InputError for an architecture that wheels do not name."""
        if platform.os != "linux" or platform.architecture not in MACHINES:
            raise InputError(f"cannot choose wheels for {platform}", hint="supported: linux/amd64, linux/arm64")
        return cls(platform=platform, version=facts.version, libc=facts.libc, libc_version=facts.libc_version)

    @property
    def minor(self) -> str:
        """`3.11` of `3.11.2`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def uv_platform(self) -> str:
        """Name the platform as `uv --python-platform` takes it."""
        machine = MACHINES[self.platform.architecture]
        if self.libc == "musl":
            return f"{machine}-unknown-linux-musl"
        level = max((known for known in _UV_LEVELS if known <= self._libc_level), default=_UV_LEVELS[0])
        return f"{machine}-manylinux_2_{level}"

    @cached_property
    def tags(self) -> dict[Tag, int]:
        """Rank every tag that fits; the lowest rank is the best (PyPA platform compatibility tags)."""
        major, minor = (int(part) for part in self.minor.split("."))
        interpreter = f"cp{major}{minor}"
        platforms = list(self._platform_tags())
        tags = [
            *cpython_tags((major, minor), [interpreter], platforms),
            *compatible_tags((major, minor), interpreter, platforms),
        ]
        return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}

    @property
    def environment(self) -> Environment:
        """Describe the target for markers (PyPA dependency specifiers)."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.version,
            "os_name": "posix",
            "platform_machine": MACHINES[self.platform.architecture],
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.version,
            "python_version": self.minor,
            "sys_platform": "linux",
        }

    def rank(self, filename: str) -> int | None:
        """Rank a wheel by its file name; None when it does not fit."""
        try:
            tags = parse_wheel_filename(filename)[3]
        except ValueError:
            return None
        return min((self.tags[tag] for tag in tags if tag in self.tags), default=None)

    @property
    def _libc_level(self) -> int:
        return int(self.libc_version.split(".")[1])

    def _platform_tags(self) -> Iterator[str]:
        machine = MACHINES[self.platform.architecture]
        if self.libc == "musl":
            yield from (f"musllinux_1_{level}_{machine}" for level in range(self._libc_level, -1, -1))
        else:
            for level in range(self._libc_level, 4, -1):
                yield f"manylinux_2_{level}_{machine}"
                if level in _LEGACY and (machine == "x86_64" or _LEGACY[level] == "manylinux2014"):
                    yield f"{_LEGACY[level]}_{machine}"
        yield f"linux_{machine}"
