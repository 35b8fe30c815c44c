"""Where packages are looked for: by uv's settings, by the environment, and by the options of a requirements file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from toolkit.errors import Location
from toolkit.selective import Selective

if TYPE_CHECKING:
    from toolkit.python.target import Target
    from toolkit.requirements.pin import SourceDistribution


SourceRequirements = Callable[["SourceDistribution", "Target"], tuple[str, ...]]


class IndexPin(Struct, frozen=True, kw_only=True):
    """The index of a package: its table of `[[tool.uv.index]]`, and the marker under which it counts."""

    table: Mapping[str, Any]
    marker: str = ""


class Indexes(Selective, frozen=True, kw_only=True):
    """The indexes of one project, and which of their files may be taken.

    uv finds its settings from `where` on upwards (from the working folder if None), and reads its variables in
    `environ`. `options` are lines of a requirements file such as `--extra-index-url ADDRESS`. `pinned` are the indexes
    of packages that `[tool.uv.sources]` takes from one alone, by normalised name. `listed` is the requirements file,
    for messages. `from_source` are names to build, `only_wheels` names never to build (`:all:` for all); `early` lets
    pre-releases count. `source_requirements` returns what a source distribution requires, and raises InputError if that
    would need a build that is not allowed; without it, source distributions count as requiring nothing.
    """

    HIDDEN = frozenset({"environ", "source_requirements"})
    IGNORED = frozenset({"environ", "source_requirements"})

    # Not shown, since the variables may hold passwords; `settings_digest` compares those that count.
    environ: Mapping[str, str]
    where: Path | None = None
    options: tuple[str, ...] = ()
    source_requirements: SourceRequirements | None = None
    listed: Path | None = None
    from_source: frozenset[str] = frozenset()
    only_wheels: frozenset[str] = frozenset()
    early: bool = False
    pinned: Mapping[str, tuple[IndexPin, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def folder(self) -> Path:
        """The folder where uv begins to look for its settings, and to which relative paths refer."""
        return self.where.parent if self.where else Path()

    @property
    def location(self) -> Location | None:
        """The place that errors about requirements name."""
        return Location(path=self.where) if self.where else None
