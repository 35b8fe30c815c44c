"""What a component asks for on one target: everything that decides which pins are right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from packaging.utils import canonicalize_name

from toolkit.errors import InputError
from toolkit.python.indexes import ANY, Indexes
from toolkit.python.pin import Pin, SourceDistribution
from toolkit.python.resolve import resolve
from toolkit.python.target import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Requirements for a target, and what narrows them.

    `present` are versions by name that the base has, `local` the wheels of what comes from elsewhere than an index,
    `addressed` the names among them that other wheels require by an address, `hashes` the only
    files that may be chosen, by name, as hex sha256. `locked` are the versions by name that another tool's lock gives,
    None without such a lock: then nothing else may be installed, and everything in it has to be required.
    """

    requirements: tuple[str, ...]
    target: Target
    indexes: Indexes = ANY
    constraints: tuple[str, ...] = ()
    present: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    local: tuple[Pin, ...] = ()
    addressed: frozenset[str] = frozenset()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    locked: Mapping[str, str] | None = None

    @property
    def narrowing(self) -> tuple[str, ...]:
        """What only narrows: constraints, and the versions of another tool's lock."""
        return (*self.constraints, *(exactly(name, version) for name, version in (self.locked or {}).items()))


def exactly(name: str, version: str) -> str:
    """Require one version and no other: `==1.0` would take `1.0+local` as well (PyPA version specifiers)."""
    return f"{name}==={version}"


def choose(asked: Asked, preferred: Sequence[str] = ()) -> tuple[Pin | SourceDistribution, ...]:
    """Resolve to pins; versions that are `preferred`, as requirements, are kept where that can be.

    Raises as `resolve` does, and InputError where another tool's lock is not what is required.
    """
    chosen = partial(
        resolve,
        asked.requirements,
        asked.target,
        indexes=asked.indexes,
        present=asked.present,
        local=asked.local,
        addressed=asked.addressed,
        hashes=asked.hashes,
    )
    try:
        found = chosen(constraints=(*asked.narrowing, *preferred))
    except InputError:
        if not preferred:
            raise
        found = chosen(constraints=asked.narrowing)
    wrong = list(_unlike_the_lock(asked, {one.name for one in found}))
    if wrong:
        raise InputError(
            f"another tool's lock is not what is required: {'; '.join(wrong)}",
            where=asked.indexes.location,
            hint="lock again with that tool, or correct `dependencies` in [project]",
        )
    return found


def _unlike_the_lock(asked: Asked, chosen: set[str]) -> Iterator[str]:
    if asked.locked is None:
        return
    elsewhere = {*asked.present, *(pin.name for pin in asked.local)}
    for name in sorted(chosen - asked.locked.keys() - elsewhere):
        yield f"{name} is required and not in it"
    for name in sorted(asked.locked.keys() - chosen - elsewhere):
        yield f"{canonicalize_name(name)} {asked.locked[name]} is in it and nothing requires it"
