"""The files that the wheel of a project on this disk is built from: all but what tools have left there.

What the project's own build backend, or a tool beside it, leaves at the top of the folder stays out there and nowhere
else: a package may have folders of its own called `build` or `dist`, and hidden files among its data.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from toolkit.errors import InputError, Location
from toolkit.python.tracked import tracked_files
from toolkit.toml import Document

# Of version control, of Python and of desktops; no build reads these.
_NOWHERE = {".git", ".hg", ".svn", ".bzr", ".jj", "__pycache__", ".DS_Store", ".ipynb_checkpoints"}
# A folder with one of these in it is an environment or a cache (https://bford.info/cachedir/).
_MARKS = ("pyvenv.cfg", "CACHEDIR.TAG")
_AT_THE_TOP = ("node_modules", "*.egg-info", "dist/*.whl", "dist/*.tar.gz", "dist/*.zip", "dist/.gitignore")
_OF_SETUPTOOLS = ("build/lib", "build/lib.*", "build/bdist.*", "build/temp.*", "build/scripts-*")
# What backends leave at the top, by the module that the settings name; one that is not known may build on setuptools,
# which is the backend of a project that names none.
_BY_BACKEND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("hatchling", "flit_core", "uv_build"), ()),
    "pdm": (".pdm-build",),
    "maturin": ("target",),
    "scikit_build_core": ("_skbuild",),
}
# Where settings of a build may name a hidden file.
_SETTINGS = ("pyproject.toml", "setup.cfg", "setup.py", "MANIFEST.in")
# A path that leads upwards, in settings or code.
_UPWARDS = re.compile(r"(?:\.\./)+[^\s'\"]+")
# Tools that build nothing; uv's settings are of builds in one table alone.
_OTHER_TOOLS = {
    *(
        "black",
        "comp",
        "coverage",
        "isort",
        "mypy",
        "nox",
        "pixi",
        "pylint",
        "pyright",
        "basedpyright",
        "pytest",
        "ruff",
    ),
    *("towncrier", "tox", "uv"),
}


def folder_digest(folder: Path) -> str:
    """Hash what a project is built from: paths, contents, which files are executable, and tracked if its build asks."""
    hasher, tracked = hashlib.sha256(), tracked_files(folder)
    for name, path in sources_of(folder):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        line = f"{name}\0{os.access(path, os.X_OK)}\0{content}\n"
        hasher.update(line.encode("utf-8", "surrogateescape"))
        if tracked is not None:
            hasher.update(b"tracked\n" if name in tracked else b"not tracked\n")
    return hasher.hexdigest()


def sources_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """List the files that a project is built from, in order: the name below the folder, and where it lies.

    What its settings name beside or above it is among them, with names that begin with `../`. A link counts as what it
    leads to. Raises InputError for one that leads out of the repository.
    """
    document = Document.read(folder / "pyproject.toml")
    backend = document.string("build-system", "build-backend") if document else ""
    root = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
    module = backend.partition(":")[0].partition(".")[0]
    settings = "".join(_text(folder / name) for name in _SETTINGS)
    walk = _Walk(root=root.resolve(), left=(*_AT_THE_TOP, *_BY_BACKEND.get(module, _OF_SETUPTOOLS)), settings=settings)
    yield from walk.files(folder, "", ())
    if module == "hatchling" and not (folder / ".gitignore").is_file():
        # It reads the nearest one above as if it were here, and what is ignored is not in its wheel.
        above = [place / ".gitignore" for place in folder.parents if place.is_relative_to(root)]
        yield from ((".gitignore", path) for path in [path for path in above if path.is_file()][:1])
    for path in _named_outside(folder, root.resolve(), document):
        name = os.path.relpath(path, folder.resolve())
        yield from walk.files(path, f"{name}/", ()) if path.is_dir() else [(name, path)]


def _named_outside(folder: Path, root: Path, document: Document | None) -> list[Path]:
    """List what a project's settings name by paths that lead out of its folder and not out of the repository.

    Backends take such paths in many places: hatch's `force-include`, a readme, a version's file.
    """
    named = set(_texts(_of_builds(document)) if document else ())
    for name in _SETTINGS[1:]:
        named |= set(_UPWARDS.findall(_text(folder / name)))
    here, found = folder.resolve(), set()
    for text in named:
        upwards = _UPWARDS.search(text.removeprefix("{root}/").removeprefix("./"))
        if upwards is None or upwards.start():
            continue
        for path in folder.glob(upwards[0]) if re.search(r"[*?\[]", upwards[0]) else [folder / upwards[0]]:
            place = path.resolve()
            inside = place.is_relative_to(root) and not here.is_relative_to(place)
            if inside and not place.is_relative_to(here) and (place.is_file() or place.is_dir()):
                found.add(place)
    return sorted(place for place in found if not set(place.parents) & found)


def _of_builds(document: Document) -> list[object]:
    """Give the tables that backends read: a project's own, and those of tools that are not known to be others."""
    tools = document.table("tool")
    own = [value for name, value in tools.items() if name not in _OTHER_TOOLS]
    return [
        document.data.get("project"),
        document.data.get("build-system"),
        *own,
        tools.get("uv", {}).get("build-backend"),
    ]


def _texts(value: object) -> Iterator[str]:
    """Give the texts of a document, keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


class _Walk:
    """Goes through one project's folder."""

    def __init__(self, *, root: Path, left: tuple[str, ...], settings: str) -> None:
        self.root, self.left, self.settings = root, left, settings

    def files(self, folder: Path, below: str, inside: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
        """List the files of a folder, which is `below` the project's; `inside` are the folders around it, resolved."""
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        if below and any(entry.name in _MARKS for entry in entries):
            return
        around = (*inside, folder.resolve())
        for entry in entries:
            path, name = folder / entry.name, f"{below}{entry.name}"
            if entry.name in _NOWHERE or entry.name.endswith(".pyc") or self._is_left(name):
                continue
            if entry.is_symlink():
                self._check(path)
            if not entry.is_dir():
                yield from [(name, path)] if entry.is_file() else []
            elif path.resolve() not in around:
                yield from self.files(path, f"{name}/", around)

    def _is_left(self, name: str) -> bool:
        """Tell whether tools left this at the top; what is hidden there counts if it is named in the settings."""
        if any(fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for pattern in self.left):
            return True
        return name.startswith(".") and "/" not in name and name != ".gitignore" and name not in self.settings

    def _check(self, path: Path) -> None:
        target = path.resolve()
        if not target.is_relative_to(self.root):
            raise InputError(
                f"the link leads out of {self.root.name}, to {target}",
                where=Location(path=path),
                hint="copy what it leads to into the project, or remove the link",
            )


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() else ""
