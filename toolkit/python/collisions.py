"""Files that several wheels install: found, remembered, and told."""

import logging
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
    owners: dict[str, tuple[str, object]] = {}
    folders: dict[str, str] = {}
    found = []
    for wheel in wheels:
        with cache_suspected((wheel,)), open_wheel(wheel) as opened:
            # What the wheel itself is made of; INSTALLER and RECORD lie in a folder of the wheel's own name.
            for file in placed_files(opened, minor=minor, prefix=prefix):
                content = (file.member.crc, file.member.size) if file.member else file.data
                before = owners.get(file.path)
                if before and before[1] != content:
                    found.append(Collision(path=file.path, loser=before[0], winner=wheel.filename))
                owners[file.path] = (wheel.filename, content)
                folder = file.path.rpartition("/")[0]
                while folder and folder not in folders:
                    folders[folder] = wheel.filename
                    folder = folder.rpartition("/")[0]
    for path in folders.keys() & owners.keys():
        raise InputError(
            f"{owners[path][0]} installs a file where {folders[path]} installs a folder: {path}",
            hint="they cannot be installed together; choose other versions, or do without one of them",
        )
    return tuple(found)


def told_collisions(wheels: Sequence[Wheel], *, minor: str, cache: Cache) -> tuple[Collision, ...]:
    """Find the collisions, from the cache where they are known, and warn of them. Raises as `collisions` does."""
    key = {"wheels": [wheel.sha256 for wheel in wheels], "minor": minor, "layout": LAYOUT_VERSION}
    known = cache.record("collisions", key) or {}
    same, case = _triples(known, "found"), _triples(known, "case")
    if same is None or case is None:
        same = [(one.path, one.loser, one.winner) for one in collisions(wheels, minor=minor)]
        case = [(wheel.filename, *names) for wheel in wheels for names in apart_by_case(wheel)]
        cache.write_record("collisions", key, {"found": same, "case": case})
    for filename, one, other in case:
        _log.warning("%s: %s and %s differ in case alone; some disks cannot hold both", filename, one, other)
    found = tuple(Collision(path=path, loser=loser, winner=winner) for path, loser, winner in same)
    pairs: dict[tuple[str, str], list[str]] = {}
    for collision in found:
        pairs.setdefault((collision.loser, collision.winner), []).append(collision.path)
    for (loser, winner), paths in pairs.items():
        _log.warning("%s and %s install the same files; the latter's stay: %s", loser, winner, some_of(paths))
    return found


def _triples(record: Mapping[str, Any], name: str) -> list[tuple[str, str, str]] | None:
    """Read rows of three words from a record; None when another version of this program wrote it otherwise."""
    rows = record.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == 3 for row in rows):  # noqa: PLR2004
        return None
    return [(str(first), str(second), str(third)) for first, second, third in rows]
