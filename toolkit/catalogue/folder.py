"""The folder of a catalogue: which files in it are the catalogue's own, and what each was made from.

A unit is what is made together, such as a component's page and its contract. Its key is a digest of all that it is
made from, so that a unit with the same key is not made again. Files of others are never replaced or removed: each file
is written down before it is made, so that not even a killed build leaves files that are taken for another's.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SITE_TABLE_SIZE
from toolkit.system.held import held
from toolkit.system.os_errors import cannot
from toolkit.system.paths import check_inside
from toolkit.system.reading import read_foreign

TABLE = ".comp-catalog.json"
_JOURNAL = ".comp-catalog.journal"
_TEMPORARY = ".comp-catalog.tmp"
_FORMAT = 1


class Unit(Struct, frozen=True, kw_only=True):
    """What is made together: its key, and its files by their paths in the folder, with `/` between the parts."""

    key: str
    files: tuple[str, ...]


class _Table(Struct, frozen=True, kw_only=True):
    """The units that a folder has, as they are stored."""

    format: int
    units: dict[str, Unit]


class SiteFolder:
    """The folder of one catalogue, held by this process; `written` counts units."""

    def __init__(self, root: Path, units: dict[str, Unit], own: set[str], journal: IO[str]) -> None:
        self.root = root
        self.written = 0
        self._before = units
        self._units: dict[str, Unit] = {}
        self._own = own
        self._there = set(_files(root))
        self._folders: set[str] = set()
        self._journal = journal

    def keep(self, name: str, key: str) -> bool:
        """Return whether a unit was made from the same, and is still there; then it stays."""
        unit = self._before.get(name)
        if unit is None or unit.key != key or not self._there.issuperset(unit.files):
            return False
        self._units[name] = unit
        return True

    def keep_former(self, name: str) -> bool:
        """Keep a unit as it is, since it cannot be made now; return whether it is there."""
        unit = self._before.get(name)
        return unit is not None and self.keep(name, unit.key)

    def write(self, name: str, key: str, files: Mapping[str, bytes]) -> None:
        """Write the files of a unit. Raises InputError for a file in its place that is not the catalogue's."""
        for path in files:
            if path not in self._own and os.path.lexists(self.root / path):
                raise InputError(
                    f"{self.root / path} is in the way: the catalogue did not write it",
                    hint="move it, or choose another folder with --output",
                )
        self._journal.write("".join(f"{json.dumps(path)}\n" for path in files))
        self._journal.flush()
        for path, content in files.items():
            self._own.add(path)
            self._replace(path, content)
        self._units[name] = Unit(key=key, files=tuple(files))
        self.written += 1

    def read(self, name: str, path: str) -> bytes | None:
        """Return a file of a unit as it was before this build; None without one."""
        unit = self._before.get(name)
        if unit is None or path not in unit.files:
            return None
        try:
            return read_foreign(self.root / path, SITE_TABLE_SIZE)
        except (OSError, InputError):
            return None

    def finish(self) -> set[str]:
        """Remove the files that no unit has any more, and store the table; return the units that are gone."""
        kept = {path for unit in self._units.values() for path in unit.files}
        for path in sorted(self._own - kept, reverse=True):
            check_inside(self.root, self.root / path)
            (self.root / path).unlink(missing_ok=True)
            # The folder of a namespace without components.
            for folder in Path(path).parents[:-1]:
                with suppress(OSError):
                    (self.root / folder).rmdir()
        table = msgspec.json.encode(_Table(format=_FORMAT, units=self._units))
        self._replace(TABLE, table)
        (self.root / _JOURNAL).unlink(missing_ok=True)
        return self._before.keys() - self._units.keys()

    def _replace(self, path: str, content: bytes) -> None:
        """Write one file in one step: a server or a browser never sees half of it."""
        target = self.root / path
        parent = path.rpartition("/")[0]
        if parent not in self._folders:
            # Before the folder is made: its way must not lead out either.
            check_inside(self.root, target)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(parent)
        # One name for all: a folder of thousands of pages is not searched for leftovers at each of them.
        temporary = self.root / _TEMPORARY
        temporary.write_bytes(content)
        temporary.replace(target)


@contextmanager
def site_folder(root: Path) -> Iterator[SiteFolder]:
    """Open the folder of a catalogue, and make it if it is missing; a second process waits.

    Raises InputError for a folder with files of others, OutsideError if it cannot be read or written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with held(root):
            units = _read_table(root)
            own = {path for unit in units.values() for path in unit.files} | set(_read_journal(root))
            if not units and not own:
                _check_empty(root)
            with (root / _JOURNAL).open("a", encoding="utf-8") as journal:
                yield SiteFolder(root, units, own, journal)
    except FileExistsError:
        raise InputError(f"{root} is not a folder", hint="choose another place with --output") from None
    except OSError as error:
        raise cannot(f"cannot write the catalogue in {root}", error) from error


def _check_empty(root: Path) -> None:
    """Raise InputError for a folder that has files of others."""
    others = sorted(path.name for path in root.iterdir() if path.name not in {TABLE, _JOURNAL, _TEMPORARY})
    if others:
        # `comp registry export` writes to a folder of such a name too, and would refuse one with pages in it.
        another = root.with_name(f"{root.name}-catalogue") if root.name else "catalogue"
        raise InputError(
            f"{root} has files that are not a catalogue's, such as {others[0]}",
            hint=f"choose a new or an empty folder with --output, such as --output {another}",
        )


def _files(root: Path) -> Iterator[str]:
    """Yield the paths of all regular files in a folder."""
    waiting = [""]
    while waiting:
        at = waiting.pop()
        with os.scandir(root / at) as listed:
            for entry in listed:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{at}{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    yield f"{at}{entry.name}"


def _read_table(root: Path) -> dict[str, Unit]:
    """Return the units that the folder has; none for a new one. Raises InputError if the table is damaged."""
    path = root / TABLE
    try:
        table = msgspec.json.decode(read_foreign(path, SITE_TABLE_SIZE), type=_Table)
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if table.format != _FORMAT:
        raise InputError(
            f"its format is {table.format}, expected {_FORMAT}", where=Location(path=path), hint="update comp"
        )
    for unit in table.units.values():
        for file in unit.files:
            if not _is_inside(file):
                raise _damaged(path, f"it names {file[:80]!r}")
    return table.units


def _read_journal(root: Path) -> Iterator[str]:
    """Yield the files that a build began to write and did not end."""
    try:
        lines = read_foreign(root / _JOURNAL, SITE_TABLE_SIZE).splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        # The last line may be half written; its file was not begun then.
        with suppress(ValueError):
            path = json.loads(line)
            if isinstance(path, str) and _is_inside(path):
                yield path


def _is_inside(path: str) -> bool:
    """Return whether a path of a table stays below its folder."""
    return all(part not in {"", ".", ".."} for part in path.split("/")) and "\0" not in path


def _damaged(path: Path, why: str) -> OutsideError:
    """Return the error for a table that cannot be used."""
    return OutsideError(f"{path} is damaged: {why}", hint="remove the folder, and build the catalogue anew")
