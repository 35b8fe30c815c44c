"""Where packages are looked for: what uv's settings say, and what a requirements file adds."""

from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import Location


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexes:
    """The indexes of one project: those of uv's settings, found from `where` on upwards, and of `options`.

    Options are lines of a requirements file such as `--extra-index-url ADDRESS`. Without `where` uv looks from the
    folder that this runs in. What uv's variables in the environment say counts as well.
    """

    where: Path | None = None
    options: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder that uv looks for its settings from, which relative paths are relative to."""
        return self.where.parent if self.where else Path()

    @property
    def location(self) -> Location | None:
        """What an error about requirements names."""
        return Location(path=self.where) if self.where else None


ANY = Indexes()
