"""Files that several wheels install: found, remembered, and told."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.cache import Cache
from toolkit.errors import InputError
from toolkit.oci.tar import LAYOUT_VERSION
from toolkit.python.install import VENV, placed_files
from toolkit.python.wheels import Wheel, apart_by_case, cache_suspected, open_wheel
from toolkit.words import some_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Collision:
    """One path that two wheels install with different content; `winner` comes later."""

    path: str
    loser: str
    winner: str


def collisions(wheels: Sequence[Wheel], *, minor: str, prefix: str = VENV) -> tuple[Collision, ...]:
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
            for file in placed_files(opened, minor=minor, prefix=prefix):
                content = (file.member.crc, file.member.size) if file.member else file.data
                before, losers = owners.get(file.path, (content, []))
                if before != content:
                    found += [Collision(path=file.path, loser=one, winner=wheel.filename) for one in losers]
                    losers = []
                owners[file.path] = (content, [*losers, wheel.filename])
                folder = file.path.rpartition("/")[0]
                while folder and folder not in folders:
                    folders[folder] = wheel.filename
                    folder = folder.rpartition("/")[0]
    for path in folders.keys() & owners.keys():
        raise InputError(
            f"{owners[path][1][0]} installs a file where {folders[path]} installs a folder: {path}",
            hint="they cannot be installed together; choose other versions, or do without one of them",
        )
    return tuple(found)


def told_collisions(wheels: Sequence[Wheel], *, minor: str, cache: Cache) -> tuple[Collision, ...]:
    """Find the collisions, from the cache where they are known, and warn of them. Raises as `collisions` does."""
    summaries = {wheel: _summary(wheel, minor, cache) for wheel in wheels}
    for wheel, summary in summaries.items():
        for one, other in summary.case:
            _log.warning("%s: %s and %s differ in case alone; some disks cannot hold both", wheel.filename, one, other)
    owners = Counter(top for summary in summaries.values() for top in summary.tops)
    near = [wheel for wheel, summary in summaries.items() if any(owners[top] > 1 for top in summary.tops)]
    found = _remembered(near, minor, cache) if near else ()
    pairs: dict[tuple[str, str], list[str]] = {}
    for collision in found:
        pairs.setdefault((collision.loser, collision.winner), []).append(collision.path)
    for (loser, winner), paths in pairs.items():
        _log.warning("%s and %s install the same files; the latter's stay: %s", loser, winner, some_of(paths))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Summary:
    """What is remembered of one wheel: the places that all its files lie in or are, and names apart by case alone."""

    tops: Sequence[str]
    case: Sequence[Sequence[str]]


def _summary(wheel: Wheel, minor: str, cache: Cache) -> _Summary:
    key = {"wheel": wheel.sha256, "minor": minor, "layout": LAYOUT_VERSION}
    known = cache.record("places", key) or {}
    tops, case = known.get("tops"), _rows(known, "case", 2)
    if isinstance(tops, list) and case is not None:
        return _Summary(tops=[str(top) for top in tops], case=case)
    with cache_suspected((wheel,)), open_wheel(wheel) as opened:
        tops = sorted({_top(file.path, minor) for file in placed_files(opened, minor=minor)})
        case = [list(names) for names in apart_by_case(opened)]
    cache.write_record("places", key, {"tops": tops, "case": case})
    return _Summary(tops=tops, case=case)


def _top(path: str, minor: str) -> str:
    """Give the place that a file lies in or is: a package, a script, a folder of the environment.

    Files of two wheels meet only where they have a place in common.
    """
    for folder in (f"{VENV}/lib/python{minor}/site-packages/", f"{VENV}/bin/", f"{VENV}/"):
        if path.startswith(folder):
            return folder + path.removeprefix(folder).partition("/")[0]
    return path


def _remembered(wheels: Sequence[Wheel], minor: str, cache: Cache) -> tuple[Collision, ...]:
    key = {"wheels": [wheel.sha256 for wheel in wheels], "minor": minor, "layout": LAYOUT_VERSION}
    rows = _rows(cache.record("collisions", key) or {}, "collisions", 3)
    if rows is None:
        rows = [[one.path, one.loser, one.winner] for one in collisions(wheels, minor=minor)]
        cache.write_record("collisions", key, {"collisions": rows})
    return tuple(Collision(path=path, loser=loser, winner=winner) for path, loser, winner in rows)


def _rows(record: Mapping[str, Any], name: str, width: int) -> list[list[str]] | None:
    """Read rows of words from a record; None when another version of this program wrote it otherwise."""
    rows = record.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == width for row in rows):
        return None
    return [[str(word) for word in row] for row in rows]
