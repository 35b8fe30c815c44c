"""What Debian's archive has now for a suite and a platform, read once in a command."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from toolkit.bases.archive_keys import archive_keys
from toolkit.bases.recipe import is_suite
from toolkit.cache.store import Cache
from toolkit.debian.adding import fetch_packages
from toolkit.debian.archive import read_index
from toolkit.debian.fetching import Mirrors
from toolkit.debian.index import Index
from toolkit.debian.machine import machine_servers
from toolkit.debian.package import Package, debian_architecture
from toolkit.debian.resolve import resolve
from toolkit.debian.sources import Source, release_sources
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.words import did_you_mean

SECURITY = "debian-security"

# Suites by any of their names. Those that follow no release have neither updates nor a security archive.
_MOVING = frozenset({"sid", "unstable", "experimental"})
_KNOWN = ("bullseye", "bookworm", "trixie", "forky", "sid", "stable", "oldstable", "testing", "unstable")


class Archive(Struct, frozen=True, kw_only=True):
    """The packages of a suite for one architecture, and the mirrors that have them."""

    suite: str
    index: Index
    mirrors: Mirrors
    cache: Cache

    def resolved(self, names: Sequence[str]) -> tuple[Package, ...]:
        """Return the newest packages of these names and all that they need, by name. Raises InputError."""
        return resolve(names, self.index, ())

    def fetch(self, packages: Sequence[Package]) -> tuple[tuple[Package, Path], ...]:
        """Put the files of packages into the cache, and return each with its place. Raises OutsideError."""
        return fetch_packages(packages, self.cache, self.mirrors, listed=True)


def open_archive(suite: str, platform: Platform, context: BuildContext) -> Archive:
    """Return what the archive has for a suite and a platform. Raises InputError for those that it does not have.

    Raises OutsideError for a mirror that is down, and for content that is not signed as it should be.
    """
    return context.shared.get(("archive", suite, platform), partial(_opened, suite, platform, context))


def _opened(suite: str, platform: Platform, context: BuildContext) -> Archive:
    """Read the lists of packages."""
    if platform.os != "linux":
        raise InputError(f"Debian has no packages for {platform}", hint="write a platform as linux/amd64")
    architecture = debian_architecture(platform.architecture, platform.variant)
    mirrors = Mirrors(context.cache, context.environ, context.report, machine_servers(architecture))
    sources = [*_sources(suite, architecture)]
    _check_suite(suite, sources[0], mirrors)
    index = read_index(sources, archive_keys(sources[0], mirrors), architecture, mirrors, context.cache)
    # Every system has it; a Release lists architectures that a suite has nothing of.
    if not index.named("base-files"):
        raise InputError(
            f"the suite {suite} has no packages for {platform} (Debian calls it {architecture})",
            hint="choose another platform or suite",
        )
    return Archive(suite=suite, index=index, mirrors=mirrors, cache=context.cache)


def _sources(suite: str, architecture: str) -> Iterator[Source]:
    """Yield the suite, its updates and its security updates."""
    sources = release_sources("debian", suite, architecture)
    yield from sources[:1] if suite in _MOVING else sources


def _check_suite(suite: str, source: Source, mirrors: Mirrors) -> None:
    """Raise InputError for a suite that does not exist; the usual ones need no question."""
    if suite in _KNOWN:
        return
    address = f"{mirrors.address_of(source.archive)}/dists/{suite}"
    if not is_suite(suite) or mirrors.document(f"{address}/InRelease") is None:
        hint = did_you_mean(suite, _KNOWN, otherwise=f"Debian has {', '.join(_KNOWN[:5])}")
        raise InputError(f"there is no suite {suite!r} in Debian's archive", hint=hint)
