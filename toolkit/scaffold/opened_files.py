"""Find the files that code opens beside itself, by `Path(__file__).parent / "conf.json"` or `importlib.resources`."""

import ast
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module, nameable
from toolkit.scaffold.surroundings import Copy, files_of

# Methods, and below functions, that return the same path.
_SAME = {"resolve", "absolute", "expanduser"}
_PATHS = {"pathlib.Path", "pathlib.PurePath", "Path", "str", "os.fspath", "os.path.abspath", "os.path.realpath"}
_PATHS |= {"os.path.normpath", "importlib.resources.as_file"}
# Functions that take a package and the name of a file in it.
_DATA = {
    "importlib.resources.open_text",
    "importlib.resources.open_binary",
    "importlib.resources.read_text",
    "importlib.resources.read_binary",
    "importlib.resources.path",
    "pkgutil.get_data",
}
_FILES = {"importlib.resources.files", "importlib_resources.files", "files"}
_ON_PATH = {"sys.path.append", "sys.path.insert", "site.addsitedir"}
# Imports are followed by themselves.
_CODE = {".py", ".pyc", ".pyo"}
_DEEPEST = 50


class OpenedFiles(Struct, frozen=True, kw_only=True):
    """The files that a module opens.

    `copies` come along. `outside` are files without a place in the component, with the line that opens them: they lie
    too far above the code, outside of the repository, or are hidden. `left` are files beside the code that it may open
    by a computed name, or relative to the working directory.
    """

    copies: tuple[Copy, ...]
    outside: tuple[tuple[Path, int], ...]
    left: tuple[Path, ...]


def opened_files(
    module: Module, nodes: Iterable[ast.AST], home: Copy, search: Iterable[Path], root: Path
) -> OpenedFiles:
    """Return the files that `nodes` of a module open inside the repository at `root`; packages are found in `search`.

    Hidden files stay behind: they hold secrets and settings of this machine.
    """
    reader = _Reader(module=module, home=home, search=tuple(search))
    nodes = list(nodes)
    # By target, so that a file opened by two paths comes along once.
    copies: dict[PurePosixPath, Path] = {}
    outside: dict[Path, int] = {}
    for line, path in reader.named(nodes):
        for file in [path] if path.is_file() else files_of(path):
            target = _target(home, file)
            if target is None or not file.resolve().is_relative_to(root) or file.name.startswith("."):
                outside.setdefault(path, line)
            elif file.suffix not in _CODE:
                copies[target] = file
    left: tuple[Path, ...] = ()
    mentioned = set(reader.mentioned(nodes))
    if reader.unknown or mentioned:
        beside = [path for path in home.path.parent.iterdir() if path.is_file() and path.suffix not in _CODE]
        possible = (path for path in sorted(beside) if reader.unknown or path.name in mentioned)
        left = tuple(path for path in possible if path not in copies.values() and not path.name.startswith("."))
    return OpenedFiles(
        copies=tuple(Copy(path=path, target=target) for target, path in sorted(copies.items())),
        outside=tuple(outside.items()),
        left=left,
    )


def added_to_path(module: Module, home: Copy, root: Path) -> tuple[Path, ...]:
    """Return the folders below `root` that a module adds to `sys.path`, relative to its own place."""
    reader = _Reader(module=module, home=home, search=())
    calls = (part for part in ast.walk(module.tree) if isinstance(part, ast.Call) and part.args)
    named = (reader.path(part.args[-1], 0) for part in calls if module.qualified(part.func) in _ON_PATH)
    return tuple(folder for folder in named if folder and folder.is_dir() and folder.resolve().is_relative_to(root))


def _target(home: Copy, file: Path) -> PurePosixPath | None:
    """Return the place in the component of a file that stays where it is beside the code; None for one above it all."""
    related = os.path.normpath(home.target.parent / os.path.relpath(file, home.path.parent))
    return None if related.startswith("..") else PurePosixPath(related)


class _Reader(Struct):
    """Evaluates the paths that a module derives from its own; `unknown` means that it opens others in its folder."""

    module: Module
    home: Copy
    search: tuple[Path, ...]
    unknown: bool = False

    def named(self, nodes: Iterable[ast.AST]) -> Iterator[tuple[int, Path]]:
        """Yield the files and folders with a known path, and the line; a folder above the code is `unknown` instead."""
        for node in nodes:
            path = self.path(node, 0) if isinstance(node, ast.expr) else None
            if path and path != self.home.path and path not in self.home.path.parents:
                if path.exists():
                    yield getattr(node, "lineno", 1), path
                continue
            if isinstance(node, ast.Assign) and node.targets and self.path(node.value, 0):
                # `HERE = Path(__file__).parent` opens nothing; the uses of the name count.
                continue
            self.unknown = self.unknown or (path is not None and path != self.home.path)
            yield from self.named(ast.iter_child_nodes(node))

    def mentioned(self, nodes: Iterable[ast.AST]) -> Iterator[str]:
        """Yield the texts in the code that are names of files beside it."""
        parts = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Constant))
        texts = (part.value for part in parts if isinstance(part.value, str) and _plain(part.value))
        yield from (text for text in texts if (self.home.path.parent / text).is_file())

    def path(self, node: ast.expr, depth: int) -> Path | None:  # noqa: C901, PLR0911 (one case for each form)
        """Return the path on this machine that an expression stands for; None if it is not known."""
        if depth > _DEEPEST:
            return None
        deeper = depth + 1
        match node:
            case ast.Name(id="__file__"):
                return self.home.path
            case ast.Name(id=name) if name in self.module.constants:
                return self.path(self.module.constants[name], deeper)
            case ast.Attribute(value=value, attr="parent"):
                path = self.path(value, deeper)
                return path.parent if path else None
            case ast.Subscript(value=ast.Attribute(value=value, attr="parents"), slice=ast.Constant(value=int(up))):
                path = self.path(value, deeper)
                return path.parents[up] if path and 0 <= up < len(path.parents) else None
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined(self.path(left, deeper), [right])
            case ast.Call(func=ast.Attribute(value=value, attr="joinpath"), args=parts):
                return self._joined(self.path(value, deeper), parts)
            case ast.Call(func=ast.Attribute(value=value, attr="with_name"), args=[part]):
                path = self.path(value, deeper)
                return self._joined(path.parent if path else None, [part])
            case ast.Call(func=ast.Attribute(value=value, attr=same), args=[]) if same in _SAME:
                return self.path(value, deeper)
            case ast.Call(func=func, args=arguments):
                return self._called(self.module.qualified(func) or "", arguments, deeper)
        return None

    def _called(self, name: str, arguments: list[ast.expr], depth: int) -> Path | None:
        """Return the path that a call of the function `name` gives."""
        if name in _DATA and len(arguments) > 1:
            return self._joined(self._package(arguments[0]), arguments[1:2])
        if name in _FILES:
            return self._package(arguments[0]) if arguments else self.home.path.parent
        first = self.path(arguments[0], depth) if arguments else None
        if name == "os.path.dirname" and first:
            return first.parent
        if name == "os.path.join" or name in _PATHS:
            return self._joined(first, arguments[1:])
        return None

    def _joined(self, start: Path | None, parts: Iterable[ast.expr]) -> Path | None:
        """Return a path with literal parts added; None if one is not a literal."""
        for part in parts:
            try:
                text = constant_value(self.module, part)
            except NotKnown:
                return None
            # An absolute part would replace what stands before it.
            if start is None or not isinstance(text, str) or not nameable(text):
                return None
            start = Path(os.path.normpath(start / text))
        return start

    def _package(self, node: ast.expr) -> Path | None:
        """Return the folder of a package, given by its name or as a module."""
        match node:
            case ast.Name(id="__package__"):
                return self.home.path.parent
            case ast.Name(id="__name__") | ast.Attribute(value=ast.Name(id="__spec__")):
                return self.home.path.parent
            case ast.Constant(value=str(name)):
                dotted = name
            case _:
                dotted = self.module.qualified(node) or ""
        parts = [part for part in dotted.split(".") if part]
        if not parts or any(not part.isidentifier() for part in parts):
            return None
        possible = (folder.joinpath(*parts) for folder in self.search)
        return next((folder for folder in possible if folder.is_dir()), None)


def _plain(text: str) -> bool:
    """Return whether a text looks like the name of a file, by its suffix."""
    return nameable(text) and "\n" not in text and "." in text.strip(".")
