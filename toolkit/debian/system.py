"""What a base is, for packages that are added to it: its release, packages, sources and keys, and its paths."""

import base64
import posixpath
import tarfile
from collections.abc import Iterable, Mapping
from typing import ClassVar

from msgspec import field

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.debian.control import stanzas
from toolkit.debian.keys import IN_BASE
from toolkit.debian.package import Package
from toolkit.debian.sources import FOLDER, LIST
from toolkit.debian.status import installed
from toolkit.errors import InputError
from toolkit.oci.image import Image, Layer
from toolkit.oci.package_files import OS_RELEASE, is_status
from toolkit.oci.tree import PackageTree, Tree
from toolkit.python.base import os_release_fields

# Raise it when other facts are read, or the same ones in another way.
_READER_VERSION = 3
# What is kept of a package's fields: those that relations are about.
_FIELDS = ("Package", "Version", "Architecture", "Multi-Arch", "Provides", "Conflicts", "Breaks")


class BaseSystem(Record, frozen=True, kw_only=True):
    """The facts about a base that decide which packages can be added, and where their files go.

    `release` are the fields of os-release(5), `status` the packages in the form of dpkg's database, `sources` the files
    of apt's sources by path, `keys` those of keys in base64. `links` have their targets; `folders` are all folders.
    """

    KIND: ClassVar[str] = "debian-base"

    release: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def packages(self) -> tuple[Package, ...]:
        """Return the base's packages. Raises InputError for a database that cannot be read."""
        try:
            return tuple(Package.of(fields) for fields in stanzas(self.status))
        except ValueError as error:
            raise InputError(f"the base's list of Debian packages cannot be read: {error}") from error

    @property
    def is_recorded(self) -> bool:
        """Whether the base says which packages it has."""
        return bool(self.status)


def read_base_system(image: Image, cache: Cache) -> BaseSystem:
    """Read the facts of a base, from the cache or by streaming its layers once. Raises InputError."""

    def made() -> BaseSystem:
        """Read the layers."""
        tree = _SystemTree()
        for layer in image.layers:
            tree.apply(layer)
        return tree.system()

    return cache.recall_or_make(BaseSystem, {"image": str(image.digest), "reader": _READER_VERSION}, made)


class _SystemTree(PackageTree):
    """The paths of a base, its folders, and the content of the files that say what it is."""

    def __init__(self) -> None:
        super().__init__("base")
        self._explicit: set[str] = set()

    def describes_packages(self, path: str) -> bool:
        """Return whether a file is needed whole."""
        return is_status(path) or path in OS_RELEASE or _is_source(path) or IN_BASE.fullmatch(path) is not None

    def enter(self, path: str) -> None:
        """Note a folder, which may be empty."""
        self._explicit.add(path)

    def forget(self, path: str) -> None:
        """Drop a path."""
        super().forget(path)
        self._explicit.discard(path)

    def system(self) -> BaseSystem:
        """Return what was read."""
        texts = {path: data.decode("utf-8", "replace") for path, data in self.found.items()}
        release = next((texts[name] for name in OS_RELEASE if name in texts), "")
        return BaseSystem(
            release=os_release_fields(release),
            status="\n".join(_shortened(fields) for _, fields in installed(self.found)),
            sources={path: texts[path] for path in sorted(texts) if _is_source(path)},
            keys={
                path: base64.b64encode(data).decode()
                for path, data in sorted(self.found.items())
                if IN_BASE.fullmatch(path)
            },
            links=self.links,
            folders=frozenset((self._explicit | self.parents()) - self.links.keys() - {"", "."}),
            files=frozenset(self.files),
        )


def _is_source(path: str) -> bool:
    """Return whether a file lists sources of apt."""
    return path == LIST or (posixpath.dirname(path) == FOLDER and path.endswith((".list", ".sources")))


def _shortened(fields: Mapping[str, str]) -> str:
    """Return the paragraph of a package with the fields that relations are about."""
    lines = (f"{name}: {' '.join(fields[name].split())}" for name in _FIELDS if name in fields)
    return "".join(f"{line}\n" for line in lines)


def digests_in(layers: Iterable[Layer], paths: frozenset[str]) -> dict[str, str]:
    """Return the sha256 of the files at some paths of a base, by path."""
    tree = _DigestTree(paths)
    for layer in layers:
        tree.apply(layer)
    return tree.digests


class _DigestTree(Tree):
    """The digests of some files of a base."""

    def __init__(self, paths: frozenset[str]) -> None:
        super().__init__()
        self._paths = paths
        self.digests: dict[str, str] = {}

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Hash a file if it is one of them."""
        import hashlib

        if path not in self._paths:
            return
        if member.islnk():
            target = posixpath.normpath(member.linkname).lstrip("/")
            if target in self.digests:
                self.digests[path] = self.digests[target]
        elif stream := archive.extractfile(member):
            self.digests[path] = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]

    def forget(self, path: str) -> None:
        """Drop a path."""
        super().forget(path)
        self.digests.pop(path, None)
