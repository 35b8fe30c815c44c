"""List the imports of a piece of code, at module level and inside functions."""

import ast
from collections.abc import Iterable, Iterator
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import Location
from toolkit.interface.module import Module

# An import in a `try` with a handler for one of these is optional.
_FORGIVING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_BY_NAME = {"importlib.import_module", "import_module", "__import__", "importlib.__import__"}


class Imported(Struct, frozen=True, kw_only=True):
    """One import: `module` as written, without the dots of a relative one, which `level` counts.

    `names` are those that `from … import` takes. `optional` means that the code handles its failure, `late` that it
    runs under a condition inside a function.
    """

    module: str
    where: Location
    level: int = 0
    names: tuple[str, ...] = ()
    optional: bool = False
    late: bool = False

    def candidates(self) -> tuple[str, ...]:
        """Return the dotted names that it may import; `from a import b` may import a module `a.b`."""
        named = tuple(f"{self.module}.{name}" if self.module else name for name in self.names if name != "*")
        return named or (self.module,)

    def __str__(self) -> str:
        if self.names:
            return f"from {'.' * self.level}{self.module} import {', '.join(self.names)}"
        return f"import {self.module}"


def imports_of(module: Module, nodes: Iterable[ast.AST]) -> Iterator[Imported]:
    """Yield the imports in `nodes` of a module; those under `if TYPE_CHECKING` never run and are left out."""
    for node in nodes:
        yield from _imports(module, node, _Context())


class _Context(Struct, frozen=True, kw_only=True):
    """The code around an import: whether it is in a function, in a forgiving `try`, under a condition in a function."""

    function: bool = False
    optional: bool = False
    late: bool = False


def _imports(module: Module, node: ast.AST, context: _Context) -> Iterator[Imported]:
    """Yield the imports in one node, which stands in `context`."""
    inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
    make = partial(Imported, where=module.at(node), optional=context.optional, late=context.late)
    match node:
        case ast.Import(names=names):
            yield from (make(module=alias.name) for alias in names)
        case ast.ImportFrom(module=origin, names=names, level=level) if origin != "__future__":
            yield make(module=origin or "", level=level, names=tuple(alias.name for alias in names))
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if module.qualified(func) in _BY_NAME:
            # `import_module("a.b")` is an import too; what is not a dotted name would fail.
            if all(part.isidentifier() for part in name.split(".")):
                yield make(module=name)
        case ast.If(test=test, orelse=orelse) if (module.qualified(test) or "").endswith("TYPE_CHECKING"):
            inner = orelse
        case ast.Try(handlers=handlers):
            optional = context.optional or any(_forgives(module, handler) for handler in handlers)
            context = replace(context, optional=optional)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            context = replace(context, function=True)
        # At module level a condition is mostly about versions and platforms, so such an import counts fully.
        case ast.If() | ast.Match():
            context = replace(context, late=context.function)
    for part in inner:
        yield from _imports(module, part, context)


def _forgives(module: Module, handler: ast.ExceptHandler) -> bool:
    """Return whether a handler catches a failed import; one without a type catches everything."""
    caught: list[ast.expr | None] = [handler.type]
    if isinstance(handler.type, ast.Tuple):
        caught = [*handler.type.elts]
    return any(type_ is None or module.qualified(type_) in _FORGIVING for type_ in caught)
