"""Where packages are looked for: what uv's settings say, and what a requirements file adds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from toolkit.errors import Location

if TYPE_CHECKING:
    from toolkit.python.pin import SourceDistribution
    from toolkit.python.target import Target


class Sources(Protocol):
    """What can tell the requirements of source distributions."""

    def requirements(self, source: "SourceDistribution", target: "Target") -> tuple[str, ...]:
        """List what a source distribution requires. Raises InputError when that may not be found out."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPin:
    """The index that a package is taken from: its table of `[[tool.uv.index]]`, and the marker under which it is."""

    table: Mapping[str, Any]
    marker: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexes:
    """The indexes of one project: those of uv's settings, found from `where` on upwards, and of `options`.

    Options are lines of a requirements file such as `--extra-index-url ADDRESS`. Without `where` uv looks from the
    folder that this runs in. What uv's variables in the environment say counts as well. `pinned` are the indexes of
    packages that `[tool.uv.sources]` takes from one alone, by normalised name. `listed` is a file that requires
    something as well. `from_source` are names to be built, `only_wheels` names never to be built (`:all:` for all), and
    `early` lets pre-releases count. Without `sources`, source distributions are taken to require nothing.
    """

    where: Path | None = None
    options: tuple[str, ...] = ()
    sources: Sources | None = field(default=None, compare=False, repr=False)
    listed: Path | None = None
    from_source: frozenset[str] = frozenset()
    only_wheels: frozenset[str] = frozenset()
    early: bool = False
    pinned: Mapping[str, tuple[IndexPin, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def folder(self) -> Path:
        """The folder that uv looks for its settings from, which relative paths are relative to."""
        return self.where.parent if self.where else Path()

    @property
    def location(self) -> Location | None:
        """What an error about requirements names."""
        return Location(path=self.where) if self.where else None


ANY = Indexes()
