"""The folders and YAML files below a folder that are its author's work, in the order of their names.

Left out are what is hidden, what git ignores, virtual environments, what programs put there, and what the collection's
`exclude` names. Links to folders are not followed, so that no loop of links is endless.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from toolkit.collection.workspace import exclusion_around, is_output
from toolkit.errors import OutsideError, UsageError
from toolkit.git.ignored import ignored
from toolkit.system.glob import Glob
from toolkit.system.os_errors import cannot

log = logging.getLogger(__name__)

_SUFFIXES = (".yaml", ".yml")


class Tree:
    """What lies below a folder. Raises InputError for faulty settings of the collection around it."""

    def __init__(self, top: Path, environ: Mapping[str, str]) -> None:
        self._top, self._environ = top, environ
        # Written as the user does: `.` is not a part of the paths below it.
        self._prefix = "" if top == Path() else f"{top}{os.sep}"
        self._excluded = exclusion_around(Path(os.path.realpath(top)))
        self._ignored = _ignored_below(self._prefix, environ)
        self._real = f"{os.path.realpath(top)}{os.sep}"

    def matches(self, glob: Glob, depth: int | None) -> Iterator[tuple[Path, bool]]:
        """Yield the folders and YAML files that a pattern matches whole, each with whether it is a folder."""
        below: str | None = None
        for path, names in self.entries(depth):
            # What lies below a folder that matches belongs to it.
            if path == str(self._top) or (below and path.startswith(below)):
                continue
            if glob.matches(path.removeprefix(self._prefix).replace(os.sep, "/"), whole=True):
                below = f"{path}{os.sep}" if names is not None else None
                yield Path(path), names is not None

    def entries(self, depth: int | None = None) -> Iterator[tuple[str, frozenset[str] | None]]:
        """Yield the path of each folder with the names in it, and of each YAML file with None."""
        waiting: list[tuple[str, int, bool]] = [(str(self._top), 0, True)]
        while waiting:
            path, level, is_folder = waiting.pop()
            if not is_folder:
                yield path, None
                continue
            entries = listed(path)
            names = frozenset(entry.name for entry in entries)
            yield path, names
            if level and ".git" in names:
                self._ignored |= _ignored_below(f"{path}{os.sep}", self._environ)
            folders = level != depth and not (level and is_output(path, names))
            for entry in sorted(entries, key=lambda entry: entry.name, reverse=True):
                kind = self._kind(entry)
                if kind is not None and (folders or not kind):
                    name = entry.path if level or self._prefix else entry.name
                    if name not in self._ignored and not self._is_excluded(name):
                        waiting.append((name, level + 1, kind))

    def _is_excluded(self, path: str) -> bool:
        """Return whether the collection's settings exclude a path."""
        return self._excluded(self._real + path.removeprefix(self._prefix))

    @staticmethod
    def _kind(entry: "os.DirEntry[str]") -> bool | None:
        """Return whether an entry is a folder; None if it does not count."""
        if entry.name.startswith("."):
            return None
        if entry.is_dir(follow_symlinks=False):
            return True
        is_link_to_folder = entry.is_symlink() and Path(entry).is_dir()
        # A pipe or a device in the place of a contract is a finding, and so is a link that leads nowhere.
        return False if entry.name.endswith(_SUFFIXES) and not is_link_to_folder else None


def listed(folder: str) -> "list[os.DirEntry[str]]":
    """Return the entries of a folder; empty, with a warning, if it cannot be read."""
    try:
        with os.scandir(folder) as scan:
            return list(scan)
    except OSError as error:
        log.warning("%s; it is left out", cannot(f"cannot read {folder}", error).message)
        return []


def _ignored_below(prefix: str, environ: Mapping[str, str]) -> frozenset[str]:
    """Return the paths below a folder that git ignores, written with the folder; empty if git cannot say."""
    try:
        return frozenset(prefix + name for name in ignored(Path(prefix), environ))
    except (OutsideError, UsageError) as error:
        log.warning("%s: what .gitignore names is linted, too", error.message)
        return frozenset()
