"""The files that the wheel of a project on this disk is built from: all but those that tools left there.

Files that the project's build backend or other tools leave at the top of the folder are left out at the top only: a
package may have folders of its own called `build` or `dist`, and hidden files among its data.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from toolkit.config.toml import TomlDocument
from toolkit.digest import Digest
from toolkit.errors import InputError, Location
from toolkit.requirements.building.git_files import tracked_files

# Files of version control, of Python and of desktops, which no build reads.
_NOWHERE = {".git", ".hg", ".svn", ".bzr", ".jj", "__pycache__", ".DS_Store", ".ipynb_checkpoints"}
# A folder with one of these is an environment or a cache (https://bford.info/cachedir/).
_MARKS = ("pyvenv.cfg", "CACHEDIR.TAG")
_AT_THE_TOP = ("node_modules", "*.egg-info", "dist/*.whl", "dist/*.tar.gz", "dist/*.zip", "dist/.gitignore")
_OF_SETUPTOOLS = ("build/lib", "build/lib.*", "build/bdist.*", "build/temp.*", "build/scripts-*")
# The files that backends leave at the top, by the backend's module. An unknown one may build on setuptools, which is
# also the default.
_BY_BACKEND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("hatchling", "flit_core", "uv_build"), ()),
    "pdm": (".pdm-build",),
    "maturin": ("target",),
    "scikit_build_core": ("_skbuild",),
}
# Files in which settings of a build may name a hidden file.
_SETTINGS = ("pyproject.toml", "setup.cfg", "setup.py", "MANIFEST.in")
_CONTRACT = re.compile(r"component\.yaml|components/[^/]+\.yaml")
# A path that leads upwards, in settings or code.
_UPWARDS = re.compile(r"(?:\.\./)+[^\s'\"]+")
# Tools that build nothing. uv has settings of builds in one table only, which `_of_builds` adds.
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


def folder_digest(folder: Path, environ: Mapping[str, str], *, pins: bool = True) -> Digest:
    """Return the digest of a project's files: names, contents, modes, and whether git tracks them if the build asks.

    Without `pins` the image in a component's contract does not count: a push writes it.
    """
    hasher, tracked = hashlib.sha256(), tracked_files(folder, environ)
    for name, path in project_files(folder):
        # Of a fixed length, so that a content cannot pass for the name and content of further files.
        data = path.read_bytes()
        if not pins and _CONTRACT.fullmatch(name):
            # Most projects are no components, and need no YAML.
            from toolkit.spec.pin import unpinned

            data = unpinned(data) or data
        content = hashlib.sha256(data).hexdigest()
        line = f"{name}\0{os.access(path, os.X_OK)}\0{content}\n"
        hasher.update(line.encode("utf-8", "surrogateescape"))
        # A file that git begins to track enters the wheel, without any change on the disk.
        if tracked is not None:
            hasher.update(b"tracked\n" if name in tracked else b"not tracked\n")
    return Digest(hasher.hexdigest())


def project_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Return the files that a project is built from, in order: the name below the folder, and the path.

    Files beside or above it that its settings name are among them, with names that begin with `../`. A link counts as
    its target. Raises InputError for a link out of the repository.
    """
    walk, module, document = _walk_of(folder)
    yield from walk.files(folder, "", ())
    yield from ((".gitignore", path) for path in _ignored_above(folder, module))
    for path in _named_outside(folder, walk.root, document):
        name = os.path.relpath(path, folder.resolve())
        yield from walk.files(path, f"{name}/", ()) if path.is_dir() else [(name, path)]


def is_project_file(folder: Path) -> Callable[[str], bool]:
    """Return a test of paths below a project: is it built from the file there, or was it before the file went away?"""
    walk, _, _ = _walk_of(folder)

    def test(path: str) -> bool:
        parts = path.split("/")
        below = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        if any((folder / inner / mark).exists() for inner in below[:-1] for mark in _MARKS):
            return False
        return not any(walk.leaves_out(part, name) for part, name in zip(parts, below, strict=True))

    return test


def files_outside(folder: Path) -> list[Path]:
    """Return the files and folders outside of a project's folder that it is built from as well.

    Raises InputError for a link out of the repository.
    """
    walk, module, document = _walk_of(folder)
    for _ in walk.files(folder, "", ()):
        pass
    linked = [target for target in walk.targets if not target.is_relative_to(folder)]
    return [*_ignored_above(folder, module), *_named_outside(folder, walk.root, document), *linked]


def _walk_of(folder: Path) -> tuple["_Walk", str, TomlDocument | None]:
    """Return the walk through a project's folder, the module of its build backend, and its settings."""
    document = TomlDocument.read(folder / "pyproject.toml")
    backend = document.string("build-system", "build-backend") if document else ""
    module = backend.partition(":")[0].partition(".")[0]
    settings = "".join(_text(folder / name) for name in _SETTINGS)
    left = (*_AT_THE_TOP, *_BY_BACKEND.get(module, _OF_SETUPTOOLS))
    return _Walk(root=_repository(folder).resolve(), left=left, settings=settings), module, document


def _repository(folder: Path) -> Path:
    """Return the repository around a project. Without one, nothing outside of the project's folder counts."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)


def _ignored_above(folder: Path, module: str) -> list[Path]:
    """Return the file with ignored names above a project that its backend applies."""
    if module != "hatchling" or (folder / ".gitignore").is_file():
        return []
    # It applies the nearest one, and leaves ignored files out of the wheel.
    root = _repository(folder)
    above = [place / ".gitignore" for place in folder.parents if place.is_relative_to(root)]
    return [path for path in above if path.is_file()][:1]


def _named_outside(folder: Path, root: Path, document: TomlDocument | None) -> list[Path]:
    """Return the paths outside of a project's folder, but in the repository, that its settings name.

    Backends take such paths in many places: hatch's `force-include`, a readme, a file with the version.
    """
    named = set(_texts(_of_builds(document)) if document else ())
    for name in _SETTINGS[1:]:
        named |= set(_UPWARDS.findall(_text(folder / name)))
    here, outside = folder.resolve(), set()
    for text in named:
        # Hatch writes paths from the project as {root}/… ("Context formatting").
        upwards = _UPWARDS.search(text.removeprefix("{root}/").removeprefix("./"))
        if upwards is None or upwards.start():
            continue
        # A pattern may match many; other text is one path.
        for path in folder.glob(upwards[0]) if re.search(r"[*?\[]", upwards[0]) else [folder / upwards[0]]:
            place = path.resolve()
            # A folder around the project would bring the whole repository.
            inside = place.is_relative_to(root) and not here.is_relative_to(place)
            if inside and not place.is_relative_to(here) and (place.is_file() or place.is_dir()):
                outside.add(place)
    # What lies in a folder that is taken comes with it.
    return sorted(place for place in outside if not set(place.parents) & outside)


def _of_builds(document: TomlDocument) -> list[object]:
    """Return the tables that backends read: a project's own, and those of tools that may be backends."""
    tools = document.table("tool")
    own = [value for name, value in tools.items() if name not in _OTHER_TOOLS]
    return [
        document.data.get("project"),
        document.data.get("build-system"),
        *own,
        tools.get("uv", {}).get("build-backend"),
    ]


def _texts(value: object) -> Iterator[str]:
    """Return the texts in a document, keys included."""
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
    """A walk through one project's folder; `left` are patterns of files that tools leave at its top."""

    def __init__(self, *, root: Path, left: tuple[str, ...], settings: str) -> None:
        self.root, self.left, self.settings = root, left, settings
        # Of links.
        self.targets: list[Path] = []

    def files(self, folder: Path, below: str, inside: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
        """Return the files of a folder `below` the project's; `inside` are the resolved folders around it."""
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        # The project's own folder is what was asked for, marked or not.
        if below and any(entry.name in _MARKS for entry in entries):
            return
        around = (*inside, folder.resolve())
        for entry in entries:
            path, name = folder / entry.name, f"{below}{entry.name}"
            if self.leaves_out(entry.name, name):
                continue
            if entry.is_symlink():
                self._check(path)
            if not entry.is_dir():
                # Neither a pipe nor a link that leads nowhere.
                yield from [(name, path)] if entry.is_file() else []
            # A link to a folder around it would have no end.
            elif path.resolve() not in around:
                yield from self.files(path, f"{name}/", around)

    def leaves_out(self, entry: str, name: str) -> bool:
        """Whether no build reads an entry of a folder, whose name below the project is `name`."""
        return entry in _NOWHERE or entry.endswith(".pyc") or self._is_left(name)

    def _is_left(self, name: str) -> bool:
        """Whether tools left this file at the top. A hidden file there counts if the settings name it."""
        if any(fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for pattern in self.left):
            return True
        return name.startswith(".") and "/" not in name and name != ".gitignore" and name not in self.settings

    def _check(self, path: Path) -> None:
        """Note where a link leads. Raise InputError for a link out of the repository."""
        target = path.resolve()
        self.targets.append(target)
        if not target.is_relative_to(self.root):
            raise InputError(
                f"the link leads out of {self.root.name}, to {target}",
                where=Location(path=path),
                hint="copy what it leads to into the project, or remove the link",
            )


def _text(path: Path) -> str:
    """Return the text of a settings file, empty if it is missing."""
    return path.read_text("utf-8", "replace") if path.is_file() else ""
