"""Which port of the new version is which of the old one, renamed ones included."""

import itertools
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Generic, TypeVar

from msgspec import Struct

from toolkit.interface.function import sanitised
from toolkit.interface.model import Input, Output

Port = TypeVar("Port", Input, Output)
# Names that share this much are taken for one port with a new name, wherever it stands.
_ALIKE = 0.6
# The same place is worth that much of likeness.
_PLACE = 0.2
# Beyond so many pairs the component is another one, and comparing all names would take long.
_MOST = 10_000


class Pairs(Struct, Generic[Port], frozen=True, kw_only=True):
    """The ports of two versions, by their indices: the same, renamed, removed, and added ones."""

    same: tuple[tuple[int, int], ...]
    renamed: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]


def pair(old: Sequence[Port], new: Sequence[Port]) -> Pairs[Port]:
    """Pair the ports of two versions by name, and of the others those that were renamed.

    A port is renamed if one of the same type and kind has a name much like its own, or its place where as many ports
    came as went, and neither has another partner. Two such ports are one rename to the author; to the caller both a
    removal and an addition.
    """
    at = {sanitised(port.name): index for index, port in enumerate(new)}
    same = tuple((index, at[sanitised(port.name)]) for index, port in enumerate(old) if sanitised(port.name) in at)
    kept, still = {first for first, _ in same}, {second for _, second in same}
    removed = [index for index in range(len(old)) if index not in kept]
    added = [index for index in range(len(new)) if index not in still]
    renamed = []
    # The most alike first, so that two renames at once do not swap their partners.
    tried = itertools.product(removed, added) if len(removed) * len(added) <= _MOST else ()
    # Where as many are gone as came, each may stand in the place of another, whatever it is called.
    in_place = len(removed) == len(added)
    candidates = sorted(
        (-_likeness(old, new, first, second, in_place=in_place), first, second) for first, second in tried
    )
    for likeness, first, second in candidates:
        if likeness and first in removed and second in added:
            renamed.append((first, second))
            removed.remove(first)
            added.remove(second)
    return Pairs(same=same, renamed=tuple(sorted(renamed)), removed=tuple(removed), added=tuple(added))


def _likeness(old: Sequence[Port], new: Sequence[Port], first: int, second: int, *, in_place: bool) -> float:
    """Return how likely it is that two ports are one, 0 if they are not; with `in_place` the place alone may do."""
    was, now = old[first], new[second]
    if (was.type, was.kind, was.many) != (now.type, now.kind, now.many):
        return 0
    # The place counts from either end: ports may have been added or removed on the other side of it.
    stays = first == second or len(old) - first == len(new) - second
    words = max(_spelt_alike(was.name, now.name), _share_words(was.name, now.name))
    if stays and (in_place or words >= _ALIKE):
        return words + _PLACE
    return words if words >= _ALIKE else 0


def _spelt_alike(old: str, new: str) -> float:
    """Return how much two names share, letter by letter."""
    return SequenceMatcher(None, sanitised(old), sanitised(new), autojunk=False).ratio()


def _share_words(old: str, new: str) -> float:
    """Return which part of the shorter name's words the longer one has, for a name of several words."""
    was, now = set(sanitised(old).split("_")), set(sanitised(new).split("_"))
    shorter = min(len(was), len(now))
    return len(was & now) / shorter if shorter > 1 else 0
