"""The files that code opens beside itself: `Path(__file__).parent / "conf.json"`, `importlib.resources`."""

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module, nameable
from toolkit.scaffold.surroundings import Copy, files_of

_SAME = {"resolve", "absolute", "expanduser"}
_PATHS = {"pathlib.Path", "pathlib.PurePath", "Path", "str", "os.fspath", "os.path.abspath", "os.path.realpath"}
_PATHS |= {"os.path.normpath", "importlib.resources.as_file"}
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
_CODE = {".py", ".pyc", ".pyo"}
_DEEPEST = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Companions:
    """`copies` come along; `outside` are files that would lie above the component's code, with the line.

    `left` are files beside the code that it may open by a name that is known when it runs and not before, or by
    one that depends on the working directory.
    """

    copies: tuple[Copy, ...]
    outside: tuple[tuple[Path, int], ...]
    left: tuple[Path, ...]


def companions(module: Module, nodes: Iterable[ast.AST], home: Copy, search: Iterable[Path], root: Path) -> Companions:
    """Find the files that `nodes` of a module open beside it, and inside the repository at `root`.

    `search` are folders that packages are looked for in. Hidden files stay behind: they hold secrets and settings of
    this machine.
    """
    reader = _Reader(module=module, home=home, search=tuple(search))
    nodes = list(nodes)
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
    if reader.unknown or any(reader.spoken(nodes)):
        beside = [path for path in home.path.parent.iterdir() if path.is_file() and path.suffix not in _CODE]
        said = set(reader.spoken(nodes))
        shown = (path for path in sorted(beside) if reader.unknown or path.name in said)
        left = tuple(path for path in shown if path not in copies.values() and not path.name.startswith("."))
    return Companions(
        copies=tuple(Copy(path=path, target=target) for target, path in sorted(copies.items())),
        outside=tuple(outside.items()),
        left=left,
    )


def added_to_path(module: Module, home: Copy, root: Path) -> tuple[Path, ...]:
    """Give the folders below `root` that a module puts on `sys.path`, named from its own place."""
    reader = _Reader(module=module, home=home, search=())
    calls = (part for part in ast.walk(module.tree) if isinstance(part, ast.Call) and part.args)
    named = (reader.path(part.args[-1], 0) for part in calls if module.qualified(part.func) in _ON_PATH)
    return tuple(folder for folder in named if folder and folder.is_dir() and folder.resolve().is_relative_to(root))


def _target(home: Copy, file: Path) -> PurePosixPath | None:
    """Say where a file goes that keeps its place beside the code; None where that is above the component's own."""
    related = os.path.normpath(home.target.parent / os.path.relpath(file, home.path.parent))
    return None if related.startswith("..") else PurePosixPath(related)


@dataclass(slots=True)
class _Reader:
    """Works out which paths a module names from its own."""

    module: Module
    home: Copy
    search: tuple[Path, ...]
    unknown: bool = False

    def named(self, nodes: Iterable[ast.AST]) -> Iterator[tuple[int, Path]]:
        """Give the files and folders that are named whole; the code's own folder alone says too little."""
        for node in nodes:
            found = self.path(node, 0) if isinstance(node, ast.expr) else None
            if found and found != self.home.path and found not in self.home.path.parents:
                if found.exists():
                    yield getattr(node, "lineno", 1), found
                continue
            if isinstance(node, ast.Assign) and node.targets and self.path(node.value, 0):
                # `HERE = Path(__file__).parent`: what is done with the name counts.
                continue
            self.unknown = self.unknown or (found is not None and found != self.home.path)
            yield from self.named(ast.iter_child_nodes(node))

    def spoken(self, nodes: Iterable[ast.AST]) -> Iterator[str]:
        """Give the texts of the code that are names of files beside it."""
        parts = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Constant))
        texts = (part.value for part in parts if isinstance(part.value, str) and _plain(part.value))
        yield from (text for text in texts if (self.home.path.parent / text).is_file())

    def path(self, node: ast.expr, depth: int) -> Path | None:  # noqa: C901, PLR0911 (one case for each form)
        """Give the path on this machine that an expression stands for; None when that is not known."""
        if depth > _DEEPEST:
            return None
        deeper = depth + 1
        match node:
            case ast.Name(id="__file__"):
                return self.home.path
            case ast.Name(id=name) if name in self.module.constants:
                return self.path(self.module.constants[name], deeper)
            case ast.Attribute(value=value, attr="parent"):
                found = self.path(value, deeper)
                return found.parent if found else None
            case ast.Subscript(value=ast.Attribute(value=value, attr="parents"), slice=ast.Constant(value=int(up))):
                found = self.path(value, deeper)
                return found.parents[up] if found and 0 <= up < len(found.parents) else None
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined(self.path(left, deeper), [right])
            case ast.Call(func=ast.Attribute(value=value, attr="joinpath"), args=parts):
                return self._joined(self.path(value, deeper), parts)
            case ast.Call(func=ast.Attribute(value=value, attr="with_name"), args=[part]):
                found = self.path(value, deeper)
                return self._joined(found.parent if found else None, [part])
            case ast.Call(func=ast.Attribute(value=value, attr=same), args=[]) if same in _SAME:
                return self.path(value, deeper)
            case ast.Call(func=func, args=arguments):
                return self._called(self.module.qualified(func) or "", arguments, deeper)
        return None

    def _called(self, name: str, arguments: list[ast.expr], depth: int) -> Path | None:
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
        for part in parts:
            try:
                text = constant_value(self.module, part)
            except NotKnown:
                return None
            if start is None or not isinstance(text, str) or not nameable(text):
                return None
            start = Path(os.path.normpath(start / text))
        return start

    def _package(self, node: ast.expr) -> Path | None:
        """Find the folder of a package that is named, or given as a module."""
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
        found = (folder.joinpath(*parts) for folder in self.search)
        return next((folder for folder in found if folder.is_dir()), None)


def _plain(text: str) -> bool:
    """Tell whether a text looks like the name of a file: it has a suffix."""
    return nameable(text) and "\n" not in text and "." in text.strip(".")
