"""The settings of a component: standard `[project]` metadata and `[tool.comp]`."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PLATFORM = "linux/amd64"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One component of an image: a function (`entrypoint`, `module:function`) or a program (`command`).

    `name` is the component's name (`train-model`), `contract` the path of its component.yaml.
    """

    name: str
    contract: Path
    entrypoint: str | None = None
    command: tuple[str, ...] = ()
    title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A component folder, read: what `[project]` and `[tool.comp]` say, defaults and environment applied.

    `folder` is the component's folder, `pyproject` the file that holds `[project]` (in the folder or above).
    `entries` has the main component first. `base` is None where nothing names one: then the lowest Python
    minor that `requires_python` allows, at least 3.10, decides (`default_base`). `base_overridden` says that
    the command line or the environment named it: such a base is never recorded in the lock.
    """

    folder: Path
    pyproject: Path
    name: str
    version: str
    description: str
    requires_python: str
    dependencies: tuple[str, ...]
    authors: tuple[str, ...]
    license: str | None
    urls: tuple[tuple[str, str], ...]
    namespace: str | None
    image: str | None
    base: str | None
    base_overridden: bool
    platforms: tuple[str, ...]
    python: str | None
    system_site_packages: bool
    user: str | None
    entries: tuple[Entry, ...]

    @property
    def source_folder(self) -> Path:
        """Where the component's own code lies: `src` when there is one, else the folder itself."""
        source = self.folder / "src"
        return source if source.is_dir() else self.folder
