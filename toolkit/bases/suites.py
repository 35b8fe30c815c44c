"""Which Python each release of Debian has: a suite has one, and no other can be installed from its packages."""

from collections.abc import Sequence

from toolkit.debian.package import Package
from toolkit.errors import InputError

DEFAULT = "bookworm"

# For advice, and to choose a suite by its Python: what a suite has is read from its archive.
_PYTHONS = {"bullseye": "3.9", "bookworm": "3.11", "trixie": "3.13"}


def suite_with(python: str) -> str:
    """Return the suite that has a Python such as `3.11`. Raises InputError if none does."""
    for suite, version in _PYTHONS.items():
        if version == python:
            return suite
    raise InputError(f"no release of Debian has Python {python}", hint=_advice())


def check_python(suite: str, packages: Sequence[Package], python: str) -> None:
    """Raise InputError unless the packages of a base have a Python of this minor version."""
    version = next((package.version for package in packages if package.name == "python3"), "")
    found = ".".join(version.split(".")[:2])
    if found != python:
        raise InputError(f"Debian {suite} has Python {found}, not {python}", hint=_advice())


def _advice() -> str:
    """Return what is possible."""
    having = ", ".join(f"{suite} has {version}" for suite, version in _PYTHONS.items())
    return f"{having}; images such as python:3.12-slim have other versions"
