"""One installed package of an image, whatever installed it."""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct


class Ecosystem(enum.Enum):
    """Who installed a package; the values are types of package URLs (purl-spec, PURL-TYPES)."""

    PYTHON = "pypi"
    DEBIAN = "deb"
    ALPINE = "apk"
    OTHER = "generic"


class EmbeddedSbom(Struct, frozen=True, kw_only=True):
    """An SBOM that a wheel brings along (PEP 770); `path` is where it lies in the image."""

    path: str
    data: bytes


class Package(Struct, frozen=True, kw_only=True):
    """A package, with its version as the ecosystem writes it.

    `licenses` are SPDX expressions, or names where the package gives no more; all of them apply to parts of it.
    `architecture` and `source` (the source package) are Debian's and Alpine's. `requires` names packages of the same
    ecosystem that are installed too. `sha256` is the wheel's and `publisher` who uploaded it, from the lock;
    `is_verified` says whether that is more than the index's word. `path` is the file that says all the rest.
    """

    ecosystem: Ecosystem
    name: str
    version: str
    path: str
    architecture: str = ""
    source: str = ""
    licenses: tuple[str, ...] = ()
    supplier: str = ""
    homepage: str = ""
    requires: tuple[str, ...] = ()
    sha256: str = ""
    publisher: str = ""
    is_verified: bool = False
    sboms: tuple[EmbeddedSbom, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one package, wherever it lies."""
        return self.ecosystem.value, self.name, self.version


class System(Struct, frozen=True, kw_only=True):
    """The operating system of an image, as os-release(5) names it; empty for an image without one.

    `codename` is such as `bookworm`, empty where the system names none.
    """

    id: str = ""
    version: str = ""
    title: str = ""
    codename: str = ""


class Contents(Struct, frozen=True, kw_only=True):
    """The packages of an image, by ecosystem and name, its system, and what could not be read."""

    packages: tuple[Package, ...]
    system: System
    unread: tuple[str, ...] = ()

    def of(self, ecosystems: Sequence[Ecosystem]) -> tuple[Package, ...]:
        """Return the packages of some ecosystems."""
        return tuple(package for package in self.packages if package.ecosystem in ecosystems)


def by_name(packages: Iterable[Package]) -> Mapping[tuple[Ecosystem, str], Sequence[Package]]:
    """Return packages by ecosystem and name, with all versions of each."""
    named: dict[tuple[Ecosystem, str], list[Package]] = {}
    for package in packages:
        named.setdefault((package.ecosystem, package.name), []).append(package)
    return named


def needed_by(package: Package, named: Mapping[tuple[Ecosystem, str], Sequence[Package]]) -> Iterator[Package]:
    """Yield the packages that another one requires, in the order of their keys."""
    found = (other for name in set(package.requires) for other in named.get((package.ecosystem, name), ()))
    yield from sorted(found, key=lambda other: other.key)
