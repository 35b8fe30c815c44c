"""The files around a source file, up to the root of its repository, as imports find them, and their places in a copy.

A file keeps its place in its package, so that all imports work unchanged, relative ones too.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.interface.module import nameable

_REPOSITORY = (".git", ".hg", ".svn")
_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg")
# Suffixes of extension modules.
_COMPILED = (".so", ".pyd")
# Tools, environments and desktops make these; they never hold a repository's own modules.
_NEVER = {"__pycache__", "node_modules", "site-packages", ".venv", "venv", "Thumbs.db"}


class Copy(Struct, frozen=True, kw_only=True):
    """A file that comes along, and its place below the component's `src`."""

    path: Path
    target: PurePosixPath


class Resolved(Struct, frozen=True, kw_only=True):
    """The files that a dotted name leads to: `copies`, all that an import of it runs, of which `module` is the last.

    `rest` are the parts of the name that are names inside `module`. `base` is the folder that it was found from.
    """

    copies: tuple[Copy, ...]
    module: Copy
    rest: tuple[str, ...]
    base: Path


class Surroundings(Struct, frozen=True, kw_only=True):
    """A source file, and the folders around it that imports may start from, the nearest first.

    `added` are folders of the repository that the source adds to `sys.path`.
    """

    source: Path
    folders: tuple[Path, ...]
    added: tuple[Path, ...] = ()

    @classmethod
    def of(cls, source: Path, here: Path) -> "Surroundings":
        """Return the folders from `source` up to the root of its repository.

        Without a repository, the outermost project counts, or the folder of the source's package, or `here`, whichever
        is highest.
        """
        source = source.resolve()
        above = source.parents
        root = next((folder for folder in above if any((folder / mark).exists() for mark in _REPOSITORY)), None)
        if root is None:
            projects = [folder for folder in above if any((folder / mark).is_file() for mark in _PROJECT)]
            roots = (*projects, here.resolve(), source.parents[package_depth(source)])
            root = min((folder for folder in roots if folder in above), key=lambda folder: len(folder.parts))
        return cls(source=source, folders=tuple(above[: above.index(root) + 1]))

    @property
    def root(self) -> Path:
        """The outermost folder."""
        return self.folders[-1]

    def search(self) -> Iterator[Path]:
        """Yield the folders that absolute imports may start from, each with its `src`."""
        # A script's own folder is the first on `sys.path`.
        yield self.source.parent
        yield from self.added
        for folder in self.folders:
            yield folder
            yield folder / "src"

    def absolute(self, dotted: str) -> Resolved | None:
        """Return the files that an absolute import leads to; None if it is not among the files around."""
        for folder in self.search():
            resolved = self.inside(folder, PurePosixPath(), tuple(dotted.split(".")))
            if resolved:
                return resolved
        return None

    def inside(self, folder: Path, target: PurePosixPath, parts: tuple[str, ...]) -> Resolved | None:
        """Return the files of `parts` below `folder`, whose place is `target`; None if there are none.

        In Python's order: packages, then modules, then namespace packages, which are folders without `__init__.py`.
        """
        if not all(map(nameable, parts)):
            return None
        copies: list[Copy] = []
        walk, place = folder, target
        for depth, part in enumerate(parts):
            package = Copy(path=walk / part / "__init__.py", target=place / part / "__init__.py")
            module = Copy(path=walk / f"{part}.py", target=place / f"{part}.py")
            if package.path.is_file():
                copies.append(package)
            elif module.path.is_file():
                copies.append(module)
                return Resolved(copies=tuple(copies), module=module, rest=parts[depth + 1 :], base=folder)
            # The rest of the name belongs to the last package, if there is one.
            elif part in _NEVER or not (walk / part).is_dir():
                return self._package(copies, parts[depth:], folder)
            walk, place = walk / part, place / part
        return self._package(copies, (), folder)

    @staticmethod
    def _package(copies: list[Copy], rest: tuple[str, ...], folder: Path) -> Resolved | None:
        """Return a name inside the last package that was found; None without one."""
        return Resolved(copies=tuple(copies), module=copies[-1], rest=rest, base=folder) if copies else None

    def compiled(self, top: str) -> Path | None:
        """Return the extension module called `top` among the files around; None if it is missing."""
        for folder in self.search():
            for path in folder.glob(f"{top}.*") if top.isidentifier() and nameable(top) and folder.is_dir() else ():
                if path.suffix in _COMPILED:
                    return path
        return None

    def encloses(self, package: Path) -> bool:
        """Return whether the source lies in the package with this `__init__.py`."""
        return package.name == "__init__.py" and package.parent in self.source.parents


def package_depth(source: Path) -> int:
    """Return the number of packages around a file, one inside the other."""
    return next(depth for depth, folder in enumerate(source.parents) if not (folder / "__init__.py").is_file())


def importable(name: str) -> str:
    """Return the name of a folder or module as an identifier, so that an import can name it."""
    plain = "".join(letter if letter.isidentifier() or letter.isdigit() else "_" for letter in name)
    return plain if plain.isidentifier() else f"_{plain}"


def files_of(package: Path) -> Iterable[Path]:
    """Yield the files of a package, without hidden ones, those of tools, and links that lead out of it."""
    for path in sorted(package.rglob("*")):
        inner = path.relative_to(package).parts
        hidden = any(part.startswith(".") or part in _NEVER for part in inner)
        inside = not path.is_symlink() or path.resolve().is_relative_to(package.resolve())
        if path.is_file() and inside and not hidden and path.suffix not in {".pyc", ".pyo"}:
            yield path
