"""Packages for a base: chosen, fetched, and put on it as a layer that is made once."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.debian.archive import read_index
from toolkit.debian.fetching import File, Mirrors
from toolkit.debian.index import Index
from toolkit.debian.layer import LAYER_VERSION, PackageLayer, make_layer
from toolkit.debian.machine import machine_servers
from toolkit.debian.package import Package, debian_architecture
from toolkit.debian.resolve import check_needed, resolve
from toolkit.debian.sources import MIRROR_VARIABLE, servers_of, sources_of
from toolkit.debian.system import BaseSystem, read_base_system
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.assemble import layer_media_type, on_top
from toolkit.oci.descriptor import Descriptor, Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.packed import PACKING_VERSION
from toolkit.progress import Report
from toolkit.system.threads import at_once

_THREADS = 4


class _MadeLayer(Record, frozen=True, kw_only=True):
    """The facts about a layer of packages on a base, which lies in the cache."""

    KIND: ClassVar[str] = "debian-layer"

    digest: Digest
    diff_id: Digest
    size: int


def index_for(system: BaseSystem, platform: Platform, mirrors: Mirrors, cache: Cache) -> Index:
    """Return what the archives of a base offer now. Raises InputError for a base of another system, OutsideError."""
    architecture = debian_architecture(platform.architecture, platform.variant)
    sources = sources_of(system.release, system.sources, architecture)
    if not system.is_recorded:
        raise InputError(
            "the base does not say which Debian packages it has: neither /var/lib/dpkg/status nor status.d is there",
            hint="choose a base that keeps them, such as python:3.11-slim or one of `comp base`",
        )
    return read_index(sources, system.keys, architecture, mirrors, cache)


def mirrors_of(image: Image, platform: Platform, cache: Cache, environ: Mapping[str, str], report: Report) -> Mirrors:
    """Return the mirrors for packages of a base: those that the base knows, and for other archives this machine's."""
    architecture = debian_architecture(platform.architecture, platform.variant)
    system = read_base_system(image, cache)
    known = servers_of(system.release, system.sources, architecture)
    return Mirrors(cache, environ, report, {**machine_servers(architecture), **known})


def choose(
    image: Image,
    wanted: Sequence[str],
    cache: Cache,
    index: Callable[[BaseSystem], Index],
    *,
    kept: Mapping[str, str] | None = None,
) -> tuple[Package, ...]:
    """Return the packages to add to a base for the `wanted` ones; versions that are `kept` come before newer ones.

    Raises as `index` and `resolve` do.
    """
    system = read_base_system(image, cache)
    return resolve(wanted, index(system), system.packages(), kept=kept)


def with_packages(
    image: Image,
    packages: Sequence[Package],
    wanted: Sequence[str],
    cache: Cache,
    mirrors: Callable[[], Mirrors],
    notice: Callable[[str], object] = lambda _: None,
) -> Image:
    """Return a base with packages on it, as one more layer; the base itself if there are none.

    They have to be what is `wanted` and what that needs, and no more: others may have written the lock that names them.
    The layer is made once for a base and packages, and then `notice` gets a line for what a package's scripts would
    have done. `mirrors` is called if a package has to be fetched. Raises InputError for a package that cannot be put on
    the base, OutsideError if it cannot be fetched.
    """
    if not packages:
        check_needed(wanted, (), read_base_system(image, cache).packages())
        return image
    key = {
        "base": str(image.digest),
        "packages": sorted(str(package.digest) for package in packages),
        # As a record vouches that they are needed for this.
        "wanted": sorted(wanted),
        "version": [LAYER_VERSION, PACKING_VERSION],
    }
    with cache.turn("debian layer", str(key)):
        made = cache.recall(_MadeLayer, key)
        # The record outlives the layer if the latter was pruned.
        if made is None or not cache.has_blob(made.digest):
            files = fetch_packages(packages, cache, mirrors())
            system = read_base_system(image, cache)
            layer = make_layer(files, system, image.layers, cache)
            check_needed(wanted, layer.packages, system.packages())
            for line in layer.notices:
                notice(line)
            made = _MadeLayer(digest=layer.digest, diff_id=layer.diff_id, size=layer.size)
            cache.remember(key, made)
    added = layer_in(cache, made, layer_media_type(image))
    names = " ".join(sorted(package.name for package in packages))
    return on_top(image, [added], history=[f"comp: Debian packages, unpacked: {names}"])


def fetch_packages(
    packages: Sequence[Package], cache: Cache, mirrors: Mirrors, *, listed: bool = False
) -> tuple[tuple[Package, Path], ...]:
    """Fetch the files of packages into the cache, and return each with its place. Raises OutsideError.

    `listed` says that they come from the mirror's own list, and from no lock.
    """

    def fetch(package: Package) -> tuple[Package, Path]:
        """Fetch one."""
        if package.digest is None:
            raise AssertionError(package)  # The index lists none without.
        address = f"{mirrors.address_of(package.archive)}/{package.path}"
        name = package.path.rpartition("/")[2]
        file = File(filename=name, digest=package.digest, size=package.size or None, url=address)
        try:
            mirrors.fetch(file)
        except OutsideError as error:
            raise OutsideError(
                error.message, hint=_GONE if _is_gone(error) and not listed else _elsewhere(error)
            ) from error
        return package, cache.blob_path(package.digest)

    return at_once(fetch, packages, most=_THREADS)


_GONE = (
    "`comp lock --upgrade` chooses among what the mirror has now; Debian's server of snapshots keeps older "
    f"files: {MIRROR_VARIABLE}=http://HOST/archive/{{archive}}/TIME"
)


def _elsewhere(error: OutsideError) -> str:
    """Return the hint of an error of a mirror, with the variable that names another."""
    other = f"{MIRROR_VARIABLE}=http://… names another mirror"
    return f"{error.hint}; {other}" if error.hint and MIRROR_VARIABLE not in error.hint else error.hint or other


def _is_gone(error: OutsideError) -> bool:
    """Return whether a mirror has a file no longer."""
    return " answered 404" in error.message


def layer_in(cache: Cache, made: PackageLayer | _MadeLayer, media_type: str) -> Layer:
    """Return a layer of packages in the cache as one of an image."""
    return Layer(
        descriptor=Descriptor(media_type=media_type, digest=made.digest, size=made.size),
        diff_id=made.diff_id,
        chunks=partial(cache.read_blob, made.digest),
    )
