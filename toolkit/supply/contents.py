"""Read the packages of an image from its layers, without unpacking or running anything."""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.oci.image import Image
from toolkit.oci.listing import Entry, list_layer
from toolkit.oci.package_files import OS_RELEASE, describes_packages
from toolkit.oci.tree import Kind, PackageTree
from toolkit.python.base import os_release_fields
from toolkit.supply.debian import alpine_packages, debian_packages
from toolkit.supply.package import Contents, Package, System
from toolkit.supply.python import python_packages

_RPM = re.compile(r"(?:var/lib|usr/lib/sysimage)/rpm/(?:rpmdb\.sqlite|Packages(?:\.db)?)")


class LockedWheel(Struct, frozen=True, kw_only=True):
    """What a lock knows of a package: the sha256 of its wheel, and who published it, if that is known."""

    sha256: str
    publisher: str = ""
    is_verified: bool = False


def read_contents(
    image: Image, cache: Cache, *, locked: Mapping[tuple[str, str], LockedWheel] | None = None
) -> Contents:
    """Return the packages of an image; `locked` is what a lock knows of them, by normalised name and version.

    A layer that the cache knows is not read again. Raises InputError for a layer that is damaged, or a package's file
    above the limit.
    """
    tree = _ContentsTree()
    for layer in image.layers:
        tree.put(list_layer(layer, cache))
    known = locked or {}
    packages = (
        *python_packages(tree.found),
        *debian_packages(tree.found, tree.resolve),
        *alpine_packages(tree.found),
    )
    return Contents(
        packages=tuple(
            _with_lock(package, known.get((package.name, package.version))) for package in _distinct(packages)
        ),
        system=_system(tree.found),
        unread=tuple(f"{path}: packages of RPM are not read" for path in sorted(tree.rpm)),
    )


def _with_lock(package: Package, wheel: LockedWheel | None) -> Package:
    """Return a package with what the lock knows of it."""
    if wheel is None:
        return package
    return replace(package, sha256=wheel.sha256, publisher=wheel.publisher, is_verified=wheel.is_verified)


class _ContentsTree(PackageTree):
    """The files of an image that describe packages, and those of RPM, which are only named."""

    def __init__(self) -> None:
        super().__init__("image")
        self.rpm: set[str] = set()

    def put(self, entries: Iterable[Entry]) -> None:
        """Put the entries of one layer on top, with the contents that they have."""
        self.begin()
        for entry in entries:
            if self.take(entry.path, entry.kind, entry.target):
                self._note(entry)

    def _note(self, entry: Entry) -> None:
        """Note a database of RPM, and keep what describes packages."""
        if _RPM.fullmatch(entry.path):
            self.rpm.add(entry.path)
        if entry.content is not None:
            self.keep(entry.path, entry.content)
        elif entry.kind is Kind.HARD_LINK and self.describes_packages(entry.path):
            self.keep_same(entry.path, entry.target)

    def describes_packages(self, path: str) -> bool:
        """Return whether a file says what is installed, or under which license."""
        return describes_packages(path)

    def forget(self, path: str) -> None:
        """Drop a path."""
        super().forget(path)
        self.rpm.discard(path)


def _distinct(packages: Iterable[Package]) -> list[Package]:
    """Return each package once, wherever it lies, by ecosystem, name and version."""
    first: dict[tuple[str, ...], Package] = {}
    for package in packages:
        first.setdefault((*package.key, package.architecture), package)
    return [first[key] for key in sorted(first)]


def _system(files: Mapping[str, bytes]) -> System:
    """Return the system of os-release(5); /etc comes before /usr/lib, as there."""
    data = next((files[path] for path in OS_RELEASE if path in files), b"")
    fields = os_release_fields(data.decode("utf-8", "replace"))
    names = ("ID", "VERSION_ID", "PRETTY_NAME", "VERSION_CODENAME")
    identity, version, title, codename = (fields.get(name, "") for name in names)
    return System(id=identity, version=version, title=title, codename=codename)
