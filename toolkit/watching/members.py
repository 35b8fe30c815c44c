"""The sources of several components, and the components that a change concerns."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import reduce
from pathlib import Path

from toolkit.errors import CompError
from toolkit.watching.snapshot import Change
from toolkit.watching.sources import Sources, sources_of_settings


class MemberSources:
    """The sources of components by their folders. `read` lists those of one; one that cannot be read keeps its old."""

    def __init__(self, read: Callable[[Path], Sources]) -> None:
        self._read = read
        self._sources: dict[Path, Sources] = {}
        # Also what was listed before: a file that was removed concerns its component, too.
        self._files: dict[Path, set[Path]] = {}

    def add(self, folders: Iterable[Path]) -> list[Path]:
        """Watch these components as well, and return those that are new."""
        new = [folder for folder in folders if folder not in self._sources]
        for folder in new:
            self._sources[folder] = sources_of_settings(folder)
            self._files[folder] = set(self._sources[folder].files)
        return new

    def read(self) -> Sources:
        """List the sources of all components."""
        for folder in self._sources:
            with suppress(CompError, OSError):
                self._sources[folder] = self._read(folder)
                self._files[folder] |= self._sources[folder].files
        return reduce(Sources.joined, self._sources.values(), Sources())

    def concerned(self, changes: Iterable[Change]) -> list[Path]:
        """Return the components that have a changed file among their sources."""
        changed = {change.path for change in changes}
        return [folder for folder, files in self._files.items() if changed & files]
