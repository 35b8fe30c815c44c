"""The shared libraries that machine code in wheels needs, and that neither the base nor another wheel has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from packaging.utils import canonicalize_name

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.python.shared_libraries import is_library, missing_of, needed_libraries
from toolkit.system.threads import at_once
from toolkit.wheels.wheel import Wheel, cache_suspected, open_wheel

# Raise it when other files are looked at, or other names found.
_VERSION = 1


class _Needs(Record, frozen=True, kw_only=True):
    """The libraries that a wheel asks for, and those that it brings, by their file names."""

    KIND: ClassVar[str] = "needs"

    asked: tuple[str, ...]
    brought: tuple[str, ...]


def missing_libraries(wheels: Sequence[Wheel], present: Iterable[str], cache: Cache) -> Mapping[str, Sequence[str]]:
    """Return the missing libraries of each distribution, on a base that has the `present` ones.

    Raises InputError for a damaged wheel, OutsideError where only its file in the cache is damaged.
    """
    # Two at once: inflating leaves Python's lock alone, and each may hold a large library in memory.
    needs = at_once(lambda wheel: _needs(wheel, cache), wheels, most=2)
    there = {*present, *(name for one in needs for name in one.brought)}
    missing = {
        canonicalize_name(wheel.filename.partition("-")[0]): missing_of(one.asked, there)
        for wheel, one in zip(wheels, needs, strict=True)
    }
    return {name: libraries for name, libraries in sorted(missing.items()) if libraries}


def _needs(wheel: Wheel, cache: Cache) -> _Needs:
    """Return the needs of a wheel, from the cache if it knows them."""
    key = {"wheel": wheel.digest.hex, "version": _VERSION}
    return cache.recall_or_make(_Needs, key, lambda: _read(wheel))


def _read(wheel: Wheel) -> _Needs:
    """Return the needs of a wheel, read from its members. Raises InputError."""
    asked: dict[str, None] = {}
    with cache_suspected((wheel,)), open_wheel(wheel) as opened:
        libraries = [member for member in opened.members if is_library(member.name)]
        for member in libraries:
            asked |= dict.fromkeys(needed_libraries(opened.chunks(member)))
    return _Needs(
        asked=tuple(sorted(asked)),
        brought=tuple(sorted({member.name.rpartition("/")[2] for member in libraries})),
    )
