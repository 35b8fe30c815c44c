"""What machine code in wheels needs of the system: shared libraries that neither the base nor another wheel brings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from toolkit.cache import Cache
from toolkit.python.shared_libraries import is_library, missing_of, needed_libraries
from toolkit.python.wheels import Wheel, cache_suspected, open_wheel
from toolkit.threads import at_once

# Raise it when other files are looked at, or other names found.
_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Needs:
    """The libraries that a wheel asks for, and those that it brings, by their file names."""

    asked: tuple[str, ...]
    brought: tuple[str, ...]


def missing_libraries(wheels: Sequence[Wheel], present: Iterable[str], cache: Cache) -> Mapping[str, Sequence[str]]:
    """Find by distribution the libraries that are missing, where the base has the `present` ones.

    Raises InputError for a damaged wheel, OutsideError where only its file in the cache is damaged.
    """
    needs = at_once(lambda wheel: _needs(wheel, cache), wheels, most=2)
    there = {*present, *(name for one in needs for name in one.brought)}
    missing = {
        canonicalize_name(wheel.filename.partition("-")[0]): missing_of(one.asked, there)
        for wheel, one in zip(wheels, needs, strict=True)
    }
    return {name: libraries for name, libraries in sorted(missing.items()) if libraries}


def _needs(wheel: Wheel, cache: Cache) -> _Needs:
    key = {"wheel": wheel.sha256, "version": _VERSION}
    known = cache.record("needs", key) or {}
    lists = [known.get("asked"), known.get("brought")]
    if all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
        return _Needs(asked=tuple(known["asked"]), brought=tuple(known["brought"]))
    needs = _read(wheel)
    cache.write_record("needs", key, {"asked": list(needs.asked), "brought": list(needs.brought)})
    return needs


def _read(wheel: Wheel) -> _Needs:
    asked: dict[str, None] = {}
    with cache_suspected((wheel,)), open_wheel(wheel) as opened:
        libraries = [member for member in opened.members if is_library(member.name)]
        for member in libraries:
            asked |= dict.fromkeys(needed_libraries(opened.chunks(member)))
    return _Needs(
        asked=tuple(sorted(asked)),
        brought=tuple(sorted({member.name.rpartition("/")[2] for member in libraries})),
    )
