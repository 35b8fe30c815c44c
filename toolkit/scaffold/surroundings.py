"""The code around a source file, up to the root of its repository: which imports are files there, and where they go.

A file keeps its place in its package, so that every import in it reads as before, relative ones too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from toolkit.interface.module import nameable

_REPOSITORY = (".git", ".hg", ".svn")
_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg")
_COMPILED = (".so", ".pyd")
# Folders that hold environments and products of tools, never a repository's own modules.
_NEVER = {"__pycache__", "node_modules", "site-packages", ".venv", "venv"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A file that comes along: where it lies, and where it goes, below the component's `src`."""

    path: Path
    target: PurePosixPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """What a dotted name stands for among the files around: `copies` make it importable, `module` is the last.

    `rest` are the parts of the name that are names inside `module`, and `base` is the folder it was found from.
    """

    copies: tuple[Copy, ...]
    module: Copy
    rest: tuple[str, ...]
    base: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """A source file, and the folders that its imports may name files of, the nearest first.

    `added` are folders of the repository that the source puts on `sys.path`.
    """

    source: Path
    folders: tuple[Path, ...]
    added: tuple[Path, ...] = ()

    @classmethod
    def of(cls, source: Path, here: Path) -> "Surroundings":
        """Look from `source` up to its repository's root; without one up to its project's, its packages', or `here`."""
        source = source.resolve()
        above = source.parents
        found = next((folder for folder in above if any((folder / mark).exists() for mark in _REPOSITORY)), None)
        if found is None:
            marked = [folder for folder in above if any((folder / mark).is_file() for mark in _PROJECT)]
            found = max(
                (
                    folder
                    for folder in (*marked, here.resolve(), source.parents[package_depth(source)])
                    if folder in above
                ),
                key=lambda folder: -len(folder.parts),
            )
        return cls(source=source, folders=tuple(above[: above.index(found) + 1]))

    @property
    def root(self) -> Path:
        """The outermost folder."""
        return self.folders[-1]

    def search(self) -> Iterator[Path]:
        """Give the folders that absolute imports may start from: each one, and its `src`."""
        yield self.source.parent
        yield from self.added
        for folder in self.folders:
            yield folder
            yield folder / "src"

    def absolute(self, dotted: str) -> Resolved | None:
        """Find the file that an absolute import names; None unless it is one of those around."""
        for folder in self.search():
            found = self.inside(folder, PurePosixPath(), tuple(dotted.split(".")))
            if found:
                return found
        return None

    def inside(self, folder: Path, target: PurePosixPath, parts: tuple[str, ...]) -> Resolved | None:
        """Find `parts` below `folder`, which goes to `target`, in Python's order: packages, modules, plain folders."""
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
            elif part in _NEVER or not (walk / part).is_dir():
                return self._package(copies, parts[depth:], folder)
            walk, place = walk / part, place / part
        return self._package(copies, (), folder)

    @staticmethod
    def _package(copies: list[Copy], rest: tuple[str, ...], folder: Path) -> Resolved | None:
        return Resolved(copies=tuple(copies), module=copies[-1], rest=rest, base=folder) if copies else None

    def compiled(self, top: str) -> Path | None:
        """Find a compiled module of the name `top` among the files around."""
        for folder in self.search():
            for path in folder.glob(f"{top}.*") if top.isidentifier() and nameable(top) and folder.is_dir() else ():
                if path.suffix in _COMPILED:
                    return path
        return None

    def encloses(self, package: Path) -> bool:
        """Tell whether the source lies in the package whose `__init__.py` is given."""
        return package.name == "__init__.py" and package.parent in self.source.parents


def package_depth(source: Path) -> int:
    """Count the packages that a file lies in, one inside the other."""
    return next(depth for depth, folder in enumerate(source.parents) if not (folder / "__init__.py").is_file())


def importable(name: str) -> str:
    """Make a folder's or module's name one that an import can say."""
    plain = "".join(letter if letter.isidentifier() or letter.isdigit() else "_" for letter in name)
    return plain if plain.isidentifier() else f"_{plain}"


def files_of(package: Path) -> Iterable[Path]:
    """List the files of a package; those of tools, hidden ones and links that lead out of it are left out."""
    for path in sorted(package.rglob("*")):
        inner = path.relative_to(package).parts
        hidden = any(part.startswith(".") or part in _NEVER for part in inner)
        inside = not path.is_symlink() or path.resolve().is_relative_to(package.resolve())
        if path.is_file() and inside and not hidden and path.suffix not in {".pyc", ".pyo"}:
            yield path
