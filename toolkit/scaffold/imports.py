"""The imports of a piece of code, wherever they stand in it."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from toolkit.errors import Location
from toolkit.interface.module import Module

_FORGIVING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_BY_NAME = {"importlib.import_module", "import_module", "__import__", "importlib.__import__"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """One import: `module` as it is written, without the dots of a relative one, which `level` counts.

    `names` are what `from … import` takes. `optional` means that the code expects it to fail, `late`
    that it runs under a condition inside a function, if it does.
    """

    module: str
    where: Location
    level: int = 0
    names: tuple[str, ...] = ()
    optional: bool = False
    late: bool = False

    def candidates(self) -> tuple[str, ...]:
        """Give the dotted names that it may import: of `from a import b` also `a.b`, which may be a module."""
        named = tuple(f"{self.module}.{name}" if self.module else name for name in self.names if name != "*")
        return named or (self.module,)

    def __str__(self) -> str:
        if self.names:
            return f"from {'.' * self.level}{self.module} import {', '.join(self.names)}"
        return f"import {self.module}"


def imports_of(module: Module, nodes: Iterable[ast.AST]) -> Iterator[Imported]:
    """Give what the `nodes` of a module import; what only type checkers read is left out."""
    for node in nodes:
        yield from _imports(module, node, _Way())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """What stands around an import."""

    function: bool = False
    optional: bool = False
    late: bool = False


def _imports(module: Module, node: ast.AST, way: _Way) -> Iterator[Imported]:
    inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
    found = partial(_imported, module, node, way)
    match node:
        case ast.Import(names=names):
            yield from (found(alias.name) for alias in names)
        case ast.ImportFrom(module=origin, names=names, level=level) if origin != "__future__":
            yield found(origin or "", level=level, names=tuple(alias.name for alias in names))
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if module.qualified(func) in _BY_NAME:
            if all(part.isidentifier() for part in name.split(".")):
                yield found(name)
        case ast.If(test=test, orelse=orelse) if (module.qualified(test) or "").endswith("TYPE_CHECKING"):
            inner = orelse
        case ast.Try(handlers=handlers):
            way = replace(way, optional=way.optional or any(_forgives(module, handler) for handler in handlers))
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            way = replace(way, function=True)
        case ast.If() | ast.Match():
            way = replace(way, late=way.function)
    for part in inner:
        yield from _imports(module, part, way)


def _imported(
    module: Module, node: ast.AST, way: _Way, name: str, *, level: int = 0, names: tuple[str, ...] = ()
) -> Imported:
    return Imported(module=name, level=level, names=names, where=module.at(node), optional=way.optional, late=way.late)


def _forgives(module: Module, handler: ast.ExceptHandler) -> bool:
    caught: list[ast.expr | None] = [handler.type]
    if isinstance(handler.type, ast.Tuple):
        caught = [*handler.type.elts]
    return any(one is None or module.qualified(one) in _FORGIVING for one in caught)
