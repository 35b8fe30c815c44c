"""What a component requires on one target: everything that decides which pins are right."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field

from toolkit.digest import Digest
from toolkit.python.target import Target
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin


class RequirementSet(Struct, frozen=True, kw_only=True):
    """Requirements for a target, and what narrows them.

    `constraints` are requirements that only narrow. `present` are the versions that the base has, by name: they count,
    and are not among the pins. `local` are wheels on this disk that take the place of any index's; `addressed` are the
    names among them that other wheels require by an address. `hashes` are the only files that may be chosen, by name.
    `locked` are the versions of another tool's lock, by name: then exactly these have to be required.
    None without such a lock.
    """

    requirements: tuple[str, ...]
    target: Target
    indexes: Indexes
    constraints: tuple[str, ...] = ()
    present: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    local: tuple[Pin, ...] = ()
    addressed: frozenset[str] = frozenset()
    hashes: Mapping[str, frozenset[Digest]] = field(default_factory=lambda: MappingProxyType({}))
    locked: Mapping[str, str] | None = None

    @property
    def narrowing(self) -> tuple[str, ...]:
        """The constraints, and the versions of another tool's lock."""
        return (*self.constraints, *(exactly(name, version) for name, version in (self.locked or {}).items()))


def exactly(name: str, version: str) -> str:
    """Require one version and no other: `==1.0` would take `1.0+local` as well (PyPA version specifiers)."""
    return f"{name}==={version}"
