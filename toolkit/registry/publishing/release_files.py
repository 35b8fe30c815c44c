"""The files of a component's folder that its release takes along: README, licences, changelog and examples."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from toolkit.errors import InputError, Location
from toolkit.git.ignored import ignored
from toolkit.limits import RELEASE_FILES, RELEASE_SIZE
from toolkit.system.paths import real
from toolkit.system.reading import read_foreign

EXAMPLES = "examples"
_LICENCE = re.compile(r"(?:LICEN[CS]E|COPYING)(?:[.-][A-Za-z0-9.-]+)?")
_TOP = re.compile(rf"README\.md|CHANGELOG\.md|NOTICE(?:\.[a-z]+)?|{_LICENCE.pattern}")
_NOT_AN_EXAMPLE = {"__pycache__", "node_modules"}


def is_release_file(path: str) -> bool:
    """Return whether a release takes a file along; `path` is from the component's folder, with slashes."""
    first, *rest = path.split("/")
    if not rest:
        return _TOP.fullmatch(first) is not None
    # Hidden files are those of tools, not of users.
    return first == EXAMPLES and not any(part.startswith(".") or part in _NOT_AN_EXAMPLE for part in rest)


def is_licence(path: str) -> bool:
    """Return whether a file at the top of a folder is a licence."""
    return _LICENCE.fullmatch(path) is not None


def check_names(paths: Iterable[str], folder: Path) -> list[str]:
    """Return the paths in order. Raises InputError for too many, and for a name that cannot be one everywhere."""
    names = sorted(paths)
    RELEASE_FILES.check(len(names), "the release", where=Location(path=folder))
    for name in names:
        if not name.isprintable() or "\\" in name:
            raise InputError(
                f"{name!r} cannot be a file of a release: its name has a character that not every system takes",
                where=Location(path=folder),
                hint="rename it",
            )
    return names


def read_release_files(folder: Path, environ: Mapping[str, str], *, metadata: Path | None = None) -> dict[str, bytes]:
    """Return the contents of the files, by path from the folder.

    A licence of the folder `metadata`, which has the [project], counts if the component has none of its own. Raises
    InputError for a link that leads out of the repository, and for a file that is too large.
    """
    top = _top_of(folder) or real(metadata or folder)
    found = {path: folder / path for path in _listed(folder, environ) if is_release_file(path)}
    if metadata and metadata != folder and not any(map(is_licence, found)):
        found |= {path.name: path for path in metadata.iterdir() if is_licence(path.name) and path.is_file()}
    return {path: _read(found[path], path, top) for path in check_names(found, folder)}


def _listed(folder: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths of the files at the top of a folder and of those below its examples that git does not ignore."""
    with os.scandir(folder) as entries:
        yield from (entry.name for entry in entries if entry.is_file())
    if not (folder / EXAMPLES).is_dir():
        return
    unwanted = ignored(folder, environ)
    for place, folders, files in os.walk(folder / EXAMPLES):
        below = Path(place).relative_to(folder).as_posix()
        folders[:] = [name for name in folders if f"{below}/{name}" not in unwanted]
        yield from (f"{below}/{name}" for name in files if f"{below}/{name}" not in unwanted)


def _top_of(folder: Path) -> Path | None:
    """Return the folder of the repository around a folder: links may lead to files below it."""
    folder = real(folder)
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def _read(place: Path, path: str, top: Path) -> bytes:
    """Read one file. Raises InputError for a link that leads elsewhere."""
    if not real(place).is_relative_to(top):
        raise InputError(
            f"{path} is a link that leads out of {top}, expected a file of the component",
            where=Location(path=place),
            hint="copy the file that it leads to",
        )
    return read_foreign(place, RELEASE_SIZE)
