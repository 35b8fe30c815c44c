"""Facts about a base image: its Python, C library, user and packages, read from its layers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFacts:
    """What we need to know of a base to put Python code on top of it.

    `python` is the absolute path of the interpreter with links resolved, `version` its full version
    (`3.11.2`). `libc` is `glibc` or `musl`, `libc_version` like `2.36`. `packages` are the Python
    distributions that the base's interpreter already has, by normalised name.
    """

    python: str
    version: str
    libc: str
    libc_version: str
    os_id: str
    os_version: str
    user: str
    packages: Mapping[str, str]

    @property
    def minor(self) -> str:
        """`3.11` of `3.11.2`."""
        return ".".join(self.version.split(".")[:2])
