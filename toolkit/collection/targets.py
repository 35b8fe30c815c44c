"""Find what there is to lint: the contracts and the components' folders that paths, folders and globs stand for.

A folder that is not a component stands for everything below it, as `tree` says.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError, UsageError
from toolkit.limits import CONTRACT_SIZE
from toolkit.spec.recognition import is_contract, is_named_as_contract
from toolkit.system.reading import read_foreign

_PYPROJECT, _CONTRACT, _FURTHER = "pyproject.toml", "component.yaml", "components"
_WILD = re.compile(r"[*?\[]")


class Target(Struct, frozen=True, kw_only=True):
    """What is linted at one place: a contract, or with `is_folder` a component's folder.

    `asked` is the number of the path that the user gave. With `is_found` the file may be no contract at all. Of a
    component's folder, `near` are the files that are its contracts, if its settings say so.
    """

    path: Path
    asked: int = 0
    is_folder: bool = False
    is_found: bool = False
    near: tuple[Path, ...] = ()

    def __str__(self) -> str:
        return str(self.path)


class Targets:
    """What paths stand for, in their order and below folders in that of the names, each file once.

    A path that does not exist is a glob if it has `*`, `?` or `[`, and else a missing contract. Iterating raises
    UsageError for an invalid glob, InputError for faulty settings of a collection. `repeated` then has the numbers of
    the paths that stand for something that an earlier one stands for, too.
    """

    def __init__(self, paths: Sequence[Path], environ: Mapping[str, str]) -> None:
        self._paths, self._environ = paths, environ
        self.repeated: set[int] = set()

    def __iter__(self) -> Iterator[Target]:
        """Find the targets."""
        seen, places = set[str](), _Places()
        for number, path in enumerate(self._paths):
            for target in _stands_for(path, self._environ):
                place = places.of(target.path)
                if place in seen:
                    self.repeated.add(number)
                    continue
                seen |= {place, *map(places.of, target.near)}
                yield replace(target, asked=number)


def looks_like_a_contract(path: Path) -> bool:
    """Return whether a file that was found is a contract, by its name and the keys at its top.

    A file that is called component.yaml is one, readable or not, unless it is known to be of another kind.
    """
    try:
        data = read_foreign(path, CONTRACT_SIZE)
    except (InputError, OSError):
        return is_named_as_contract(path)
    return is_contract(path, data)


def no_contract(path: Path) -> InputError:
    """Return the error for a folder or a glob that leads to no contract."""
    if not path.is_dir():
        return InputError(
            f"no contract matches {path}",
            hint="hidden files never do, nor those that git ignores; links to folders are not followed",
        )
    what = "the current folder" if path == Path() else str(path)
    return InputError(
        f"no contract at or below {what}",
        hint="a contract is a component.yaml, or another YAML file with `implementation:`; "
        "files that git ignores are left out",
    )


class _Places(dict[str, str]):
    """Real folders by their paths: the files of a folder need not ask for it again."""

    def of(self, path: Path) -> str:
        """Return the real path of a file or folder."""
        if path.is_symlink():
            return os.path.realpath(path)
        folder, name = os.path.split(path)
        # `..` is not the name of an entry that could be joined.
        return f"{self[folder]}{os.sep}{name}" if name not in {"", ".", ".."} else os.path.realpath(path)

    def __missing__(self, folder: str) -> str:
        """Resolve a folder when it is first asked for."""
        self[folder] = os.path.realpath(folder)
        return self[folder]


def _stands_for(path: Path, environ: Mapping[str, str]) -> Iterator[Target]:
    """Yield what one path stands for."""
    if path.is_dir():
        yield from _of_folder(path, environ)
    elif not os.path.lexists(path) and _WILD.search(str(path)):
        yield from _of_glob(path, environ)
    else:
        yield Target(path=path)


def _of_folder(path: Path, environ: Mapping[str, str]) -> Iterator[Target]:
    """Yield a component's folder, or else what lies below."""
    if (path / _PYPROJECT).is_file():
        # The settings of components take long to import.
        from toolkit.collection.workspace import is_component_folder

        if is_component_folder(path):
            yield Target(path=path, is_folder=True)
            return
    yield from _below(path, environ)


def _below(top: Path, environ: Mapping[str, str]) -> Iterator[Target]:
    """Yield the components' folders below a folder, and the files that may be contracts."""
    from toolkit.collection.tree import Tree
    from toolkit.collection.workspace import is_component_folder

    covered: set[str] = set()
    for path, names in Tree(top, environ).entries():
        if names is None:
            if path not in covered:
                yield Target(path=Path(path), is_found=True)
        elif _PYPROJECT in names and is_component_folder(Path(path)):
            near = _near(path, names)
            covered.update(near)
            yield Target(path=Path(path), is_folder=True, near=tuple(map(Path, near)))


def _near(folder: str, names: frozenset[str]) -> list[str]:
    """Return the files of a component's folder that are contracts of it by their names."""
    from toolkit.collection.tree import listed

    found = [f"{folder}{os.sep}{_CONTRACT}"] if _CONTRACT in names else []
    if _FURTHER in names:
        further = f"{folder}{os.sep}{_FURTHER}"
        found += sorted(entry.path for entry in listed(further) if entry.name.endswith(".yaml"))
    return found


def _of_glob(path: Path, environ: Mapping[str, str]) -> Iterator[Target]:
    """Yield what the folders and YAML files that a glob matches stand for. Raises UsageError for an invalid one."""
    from toolkit.collection.tree import Tree
    from toolkit.system.glob import Glob

    parts = path.parts
    plain = next(at for at, part in enumerate(parts) if _WILD.search(part))
    start = Path(*parts[:plain])
    try:
        glob = Glob.parse("/".join(parts[plain:]))
    except ValueError as error:
        raise UsageError(f"{path} is an invalid glob: {error}", hint="put a backslash before a [ of a name") from None
    if start.is_dir():
        depth = None if "**" in str(path) else len(parts) - plain
        for found, is_folder in Tree(start, environ).matches(glob, depth):
            yield from (_of_folder(found, environ) if is_folder else (Target(path=found),))
