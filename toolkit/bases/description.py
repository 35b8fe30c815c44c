"""What is in a base image: its system, Python, C library, user and packages, read once from its layers."""

from collections.abc import Mapping
from typing import ClassVar

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.image import Image
from toolkit.python.base import read_facts
from toolkit.supply.contents import read_contents
from toolkit.supply.package import Contents, Ecosystem

# Raise it when other facts are read, or the same ones in another way; it is part of the key in the cache.
_READER_VERSION = 2


class InstalledPackage(Record, frozen=True, kw_only=True):
    """A package of the base, with the name of its source package if that is another."""

    KIND: ClassVar[str] = "installed-package"

    name: str
    version: str
    source: str = ""


class BaseDescription(Record, frozen=True, kw_only=True):
    """The facts about a base for one platform.

    `digest` is that of its manifest, `size` in compressed bytes, `libc` such as `glibc 2.36`. `python` is the full
    version, and empty for an image without a Python that components could run on; `lacks` then says why. `packages` are
    those of dpkg or apk, by name, and `distributions` those of Python, such as pip.
    """

    KIND: ClassVar[str] = "base-description"

    digest: Digest
    platform: str
    system: str
    suite: str
    python: str
    libc: str
    user: str
    created: str
    size: int
    labels: Mapping[str, str]
    packages: tuple[InstalledPackage, ...]
    distributions: tuple[InstalledPackage, ...] = ()
    lacks: str = ""


def describe(image: Image, cache: Cache) -> BaseDescription:
    """Return the facts about a base, from the cache or by reading its layers. Raises as reading the layers does."""
    return cache.recall_or_make(BaseDescription, _key(image), lambda: _read(image, cache))


def known_description(image: Image, cache: Cache, *, here: bool = False) -> BaseDescription | None:
    """Return the facts about a base without fetching anything; None if its layers are needed and not in the cache.

    The layers of an image that is `here` are on this disk.
    """
    if known := cache.recall(BaseDescription, _key(image)):
        return known
    here = here or all(cache.blob_path(layer.descriptor.digest).is_file() for layer in image.layers)
    return describe(image, cache) if here else None


def _key(image: Image) -> dict[str, object]:
    """Return the key of an image's record."""
    return {"image": str(image.digest), "reader": _READER_VERSION}


def _read(image: Image, cache: Cache) -> BaseDescription:
    """Read the layers."""
    config = image.parsed_config()
    settings = config.get("config") or {}
    contents = read_contents(image, cache)
    python, libc, lacks = "", "", ""
    try:
        facts = read_facts(image, cache)
    except InputError as error:
        # A base for components in other languages has no Python, and is a base all the same.
        lacks = error.message
    else:
        python, libc = facts.version, f"{facts.libc} {facts.libc_version}"
    return BaseDescription(
        digest=image.digest,
        platform=str(image.platform),
        system=contents.system.title or contents.system.id,
        suite=contents.system.codename,
        python=python,
        libc=libc,
        user=str(settings.get("User") or ""),
        created=str(config.get("created") or ""),
        size=sum(layer.descriptor.size for layer in image.layers),
        labels={str(name): str(value) for name, value in (settings.get("Labels") or {}).items()},
        packages=_installed(contents, Ecosystem.DEBIAN, Ecosystem.ALPINE),
        distributions=_installed(contents, Ecosystem.PYTHON),
        lacks=lacks,
    )


def _installed(contents: Contents, *ecosystems: Ecosystem) -> tuple[InstalledPackage, ...]:
    """Return the packages of some ecosystems."""
    return tuple(
        InstalledPackage(name=package.name, version=package.version, source=package.source)
        for package in contents.of(ecosystems)
    )
