"""Files that several wheels install: finds them, remembers them in the cache, and warns of them."""

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from msgspec import Struct

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.image_paths import VENV, site_packages
from toolkit.oci.tar import LAYOUT_VERSION
from toolkit.wheels.install import placed_files
from toolkit.wheels.wheel import Wheel, apart_by_case, cache_suspected, open_wheel
from toolkit.words import some_of

_log = logging.getLogger(__name__)


class Collision(Struct, frozen=True, kw_only=True):
    """One path that two wheels install with different content; `winner` comes later."""

    path: str
    loser: str
    winner: str


class _Collisions(Record, frozen=True, kw_only=True):
    """The collisions of some wheels."""

    KIND: ClassVar[str] = "collisions"

    collisions: tuple[Collision, ...]


def collisions(wheels: Sequence[Wheel], *, minor: str) -> tuple[Collision, ...]:
    """Find paths that several of these wheels install with different content; the later wheel wins.

    Raises InputError when one wheel has a file where another has a folder.
    """
    # By path: what is there, and every wheel that brings just that.
    owners: dict[str, tuple[object, list[str]]] = {}
    folders: dict[str, str] = {}
    found = []
    for wheel in wheels:
        with cache_suspected((wheel,)), open_wheel(wheel) as opened:
            # What the wheel itself is made of; INSTALLER and RECORD lie in a folder of the wheel's own name.
            for file, member in placed_files(opened, minor=minor):
                # CRC32 and size stand in the zip's directory, so no content is read. Files that agree in both by chance
                # would lack the warning, no more.
                content = (member.crc, member.size) if member else file.content
                before, losers = owners.get(file.path, (content, []))
                if before != content:
                    found += [Collision(path=file.path, loser=one, winner=wheel.filename) for one in losers]
                    losers = []
                owners[file.path] = (content, [*losers, wheel.filename])
                folder = file.path.rpartition("/")[0]
                while folder and folder not in folders:
                    folders[folder] = wheel.filename
                    folder = folder.rpartition("/")[0]
    # A layer cannot hold both, and which one stays would depend on how an engine unpacks it.
    for path in folders.keys() & owners.keys():
        raise InputError(
            f"{owners[path][1][0]} installs a file where {folders[path]} installs a folder: {path}",
            hint="they cannot be installed together; choose other versions, or do without one of them",
        )
    return tuple(found)


def warn_of_collisions(wheels: Sequence[Wheel], *, minor: str, cache: Cache) -> tuple[Collision, ...]:
    """Find the collisions, from the cache where they are known, and warn of them. Raises as `collisions` does."""
    summaries = {wheel: _summary(wheel, minor, cache) for wheel in wheels}
    for wheel, summary in summaries.items():
        for one, other in summary.case:
            _log.warning("%s: %s and %s differ in case alone; some disks cannot hold both", wheel.filename, one, other)
    owners = Counter(top for summary in summaries.values() for top in summary.tops)
    # Only wheels with a place in common are compared file by file: most builds have none.
    near = [wheel for wheel, summary in summaries.items() if any(owners[top] > 1 for top in summary.tops)]
    found = _remembered(near, minor, cache) if near else ()
    pairs: dict[tuple[str, str], list[str]] = {}
    for collision in found:
        pairs.setdefault((collision.loser, collision.winner), []).append(collision.path)
    for (loser, winner), paths in pairs.items():
        _log.warning("%s and %s install the same files; the latter's stay: %s", loser, winner, some_of(paths))
    return found


class _Summary(Record, frozen=True, kw_only=True):
    """One wheel in short: the places that all its files lie in or are, and pairs of names that differ in case alone."""

    KIND: ClassVar[str] = "installed-places"

    tops: tuple[str, ...]
    case: tuple[tuple[str, str], ...]


def _summary(wheel: Wheel, minor: str, cache: Cache) -> _Summary:
    """Return a wheel in short, from the cache if it knows it."""
    key = {"wheel": wheel.digest.hex, "minor": minor, "layout": LAYOUT_VERSION}

    def made() -> _Summary:
        """Read the wheel."""
        with cache_suspected((wheel,)), open_wheel(wheel) as opened:
            tops = {_top(file.path, minor) for file, _ in placed_files(opened, minor=minor)}
            return _Summary(tops=tuple(sorted(tops)), case=tuple(apart_by_case(opened)))

    return cache.recall_or_make(_Summary, key, made)


def _top(path: str, minor: str) -> str:
    """Return the place that a file lies in or is: a package, a script, a folder of the environment.

    Files of two wheels meet only where they have a place in common.
    """
    for folder in (f"{site_packages(minor)}/", f"{VENV}/bin/", f"{VENV}/"):
        if path.startswith(folder):
            return folder + path.removeprefix(folder).partition("/")[0]
    return path


def _remembered(wheels: Sequence[Wheel], minor: str, cache: Cache) -> tuple[Collision, ...]:
    """Return the collisions of these wheels, from the cache if it knows them."""
    key = {"wheels": [wheel.digest.hex for wheel in wheels], "minor": minor, "layout": LAYOUT_VERSION}
    made = partial(collisions, wheels, minor=minor)
    return cache.recall_or_make(_Collisions, key, lambda: _Collisions(collisions=made())).collisions
