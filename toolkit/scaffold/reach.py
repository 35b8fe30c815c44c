"""Find the statements of a module that a function needs: those that bind names it uses, and those that change them.

A statement may have an effect without binding anything: it fills a registry, configures a package, or is an import
for its side effects. It comes along if the objects that it changes do.
"""

import ast
import symtable
import sys
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, field

from toolkit.interface.decorators import is_component, kfp_decorator
from toolkit.interface.module import Module
from toolkit.scaffold.gather import STAND_INS

# Calls of these configure the process, and need nothing else of the module.
_SETTINGS = {"warnings", "logging", "random", "locale", "gc", "decimal", "faulthandler", "sys.setrecursionlimit"}
_ENVIRON = {"os.environ", "os.environ.setdefault", "os.environ.update", "os.putenv"}
# Decorators from these packages only change what they decorate.
_HARMLESS = {"functools", "dataclasses", "contextlib", "abc", "enum", "typing", "typing_extensions", "builtins"}
_BUILTINS = {"property", "staticmethod", "classmethod"}
# Methods by which a function changes a variable of its module.
_CHANGING = {
    *("add", "append", "appendleft", "clear", "connect", "discard", "extend", "insert", "pop", "put", "register"),
    *("remove", "setdefault", "sort", "subscribe", "update"),
}
# Packages that many distributions fill: `google.cloud.storage` has nothing to do with `google.protobuf`.
_SHARED = {"google", "azure", "opentelemetry"}
_COMPOUND = (ast.If, ast.Try, ast.With, ast.For, ast.While)
_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Reached(Struct, frozen=True, kw_only=True):
    """The statements that come along, the names that led to them, and statements with an effect that stay behind."""

    statements: frozenset[ast.stmt]
    names: frozenset[str]
    left: tuple[ast.stmt, ...]


def reach(module: Module, names: Collection[str]) -> Reached:
    """Return the statements that the functions `names` need, without the decorators that make components of them."""
    return _Reach.of(module, names).run()


class _Reach(Struct):
    """Collects the statements `wanted` and the names `reached`.

    `binding` has the statements that bind each name, `scopes` Python's symbol tables by name and line. `words` are all
    names and texts of the module, `variables` those that it assigns. `written` keeps the answers of `writes`.
    """

    module: Module
    wanted_names: frozenset[str]
    scopes: dict[tuple[str, int], symtable.SymbolTable]
    binding: dict[str, list[ast.stmt]] = field(default_factory=dict)
    wanted: set[ast.stmt] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    written: dict[str, frozenset[str]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()

    @classmethod
    def of(cls, module: Module, names: Collection[str]) -> "_Reach":
        """Index a module."""
        table = module.table()
        scopes = {(scope.get_name(), scope.get_lineno()): scope for scope in table.get_children()} if table else {}
        inner = [node for node in module.nested() if node.name in names]
        nested = {(node.name, node.lineno) for node in inner}
        scopes |= {key: scope for key, scope in _scopes(table) if key in nested} if table else {}
        # Texts count as uses, for `__all__` and annotations in quotes.
        parts = list(ast.walk(module.tree))
        words = {part.id for part in parts if isinstance(part, ast.Name)}
        words |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
        variables = {
            name for node in module.tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for name in _bound(node)
        }
        index = cls(
            module=module,
            wanted_names=frozenset(names),
            scopes=scopes,
            words=frozenset(words),
            variables=frozenset(variables),
        )
        for node in module.tree.body:
            for bound in _bound(node):
                index.binding.setdefault(bound, []).append(node)
        for node in inner:
            # A function inside another one, which uses none of its variables.
            index.binding.setdefault(node.name, [node])
        return index

    def run(self) -> Reached:
        """Return the statements that are needed, and those with an effect that are not."""
        # These change how the rest is read, or may bind any name.
        for node in self.module.tree.body:
            if isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*"):
                self.wanted.add(node)
        self.take(self.wanted_names)
        effects = [node for node in self.module.tree.body if self.has_effect(node)]
        # Each statement that comes along may bring names that further statements change.
        while more := [node for node in effects if node not in self.wanted and self.touches(node)]:
            for node in more:
                self.add(node)
                self.take(_bound(node))
        left = tuple(node for node in effects if node not in self.wanted and not self.of_pipelines(node))
        return Reached(statements=frozenset(self.wanted), names=frozenset(self.reached), left=left)

    def take(self, names: Iterable[str]) -> None:
        """Take the statements that bind `names`, and what those use in turn."""
        waiting = [*names]
        while waiting:
            current = waiting.pop()
            if current in self.reached:
                continue
            self.reached.add(current)
            for node in self.binding.get(current, ()):
                if node not in self.wanted or isinstance(node, _IMPORTS):
                    self.wanted.add(node)
                    waiting += self.used(node)

    def add(self, node: ast.stmt) -> None:
        """Take a statement, and what it uses."""
        self.wanted.add(node)
        self.take(self.used(node))

    def used(self, node: ast.stmt) -> list[str]:
        """Return the names that a statement uses."""
        scope = self.scopes.get((getattr(node, "name", ""), node.lineno))
        return _used(node, scope, self.module, self.wanted_names)

    def has_effect(self, node: ast.stmt) -> bool:
        """Return whether a statement may do more than bind names."""
        match node:
            case ast.Import() | ast.ImportFrom():
                # An unused import is there for its side effects; Python's own modules have none.
                unused = not self.words & set(_bound(node))
                return unused and not all(_package(origin) in sys.stdlib_module_names for origin in _origins(node))
            # Docstrings, and the program's own start, which the component's import does not run.
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                effect = False
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                effect = any(self.registers(part) for part in self.registering(node))
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Delete():
                effect = any(_stored(node))
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                effect = any(self.has_effect(inner) for inner in _inner(node) if not isinstance(inner, _IMPORTS))
            case _:
                effect = True
        return effect

    def registering(self, node: ast.stmt) -> list[ast.expr]:
        """Return the parts of a definition that may register it: decorators, and for a class its bases and keywords."""
        parts = list(getattr(node, "decorator_list", ()))
        if isinstance(node, ast.ClassDef):
            parts += [base for base in node.bases if self.collects(base)]
            parts += [keyword.value for keyword in node.keywords]
        return parts

    def registers(self, part: ast.expr) -> bool:
        """Return whether a decorator or base may register what it is applied to."""
        called = part.func if isinstance(part, ast.Call) else part
        origin = self.module.qualified(called) or ""
        plain = origin in _BUILTINS or origin.partition(".")[0] in _HARMLESS
        return not plain and kfp_decorator(self.module, part) is None

    def collects(self, base: ast.expr) -> bool:
        """Return whether a class learns of its subclasses."""
        definition = self.module.classes.get(base.id) if isinstance(base, ast.Name) else None
        if definition is None:
            return False
        hooks = any(getattr(part, "name", "") == "__init_subclass__" for part in definition.body)
        return hooks or bool(definition.keywords) or "__subclasses__" in self.module.text

    def touches(self, node: ast.stmt) -> bool:
        """Return whether a statement changes something that comes along."""
        if isinstance(node, _IMPORTS):
            return self.import_touches(node)
        if self.of_pipelines(node):
            return False
        return self.sets_up(node) or any(self.comes_along(name) for name in self.changed(node))

    def import_touches(self, node: ast.Import | ast.ImportFrom) -> bool:
        """Return whether an import for its side effects is about a package that comes along.

        `from sklearn.experimental import enable_iterative_imputer` changes sklearn; local modules may change anything.
        """
        if isinstance(node, ast.ImportFrom) and node.level:
            return True
        origins = _origins(node)
        tops = {_package(origin) for origin in origins}
        local = any(self.module.neighbour(origin) for origin in origins)
        return not tops & STAND_INS and (local or bool(tops & self.packages() - sys.stdlib_module_names))

    def packages(self) -> set[str]:
        """Return the packages of the imports that come along, those inside functions too."""
        packages = {_package(self.module.imports[name]) for name in self.reached if name in self.module.imports}
        inner = (part for node in self.wanted if isinstance(node, _DEFINITIONS) for part in ast.walk(node))
        packages |= {_package(origin) for part in inner if isinstance(part, _IMPORTS) for origin in _origins(part)}
        return packages - {""}

    def comes_along(self, name: str) -> bool:
        """Return whether a name, or the package that it is imported from, comes along."""
        if name in self.reached:
            return True
        # `matplotlib.use("Agg")` is about `matplotlib.pyplot` too.
        package = _package(self.module.imports.get(name, ""))
        return package in self.packages() and package not in sys.stdlib_module_names | STAND_INS

    def sets_up(self, node: ast.stmt) -> bool:
        """Return whether a statement only configures the process, without calls that could need more of the module."""
        match node:
            case ast.Expr(value=ast.Call(func=func, args=arguments)):
                origin = self.module.qualified(func) or ""
                plain = origin.partition(".")[0] in _SETTINGS or origin in _SETTINGS | _ENVIRON
            case ast.Assign(targets=[ast.Subscript(value=owner)], value=value):
                plain, arguments = self.module.qualified(owner) in _ENVIRON, [value]
            case _:
                return False
        return plain and not any(isinstance(part, ast.Call) for value in arguments for part in ast.walk(value))

    def of_pipelines(self, node: ast.stmt) -> bool:
        """Return whether a statement is about pipelines: it calls KFP, or an object that KFP made."""
        if isinstance(node, _DEFINITIONS):
            return any(kfp_decorator(self.module, decorator) for decorator in node.decorator_list)
        if isinstance(node, _IMPORTS):
            return all(origin.partition(".")[0] in STAND_INS for origin in _origins(node))
        # `compiler.Compiler().compile(pipeline)`, `client.run(...)` of a `client = kfp.Client()`.
        roots = (_root(part.func) for part in ast.walk(node) if isinstance(part, ast.Call))
        return any(self.is_kfp(root) for root in roots if root)

    def is_kfp(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Return whether a name is KFP's, or is assigned from a call of KFP, directly or by other names."""
        if self.module.imports.get(name, "").partition(".")[0] == "kfp":
            return True
        value = self.module.constants.get(name)
        root = _root(value.func) if isinstance(value, ast.Call) and name not in seen else None
        return root is not None and self.is_kfp(root, seen | {name})

    def changed(self, node: ast.stmt) -> Iterator[str]:
        """Yield the names that a statement may change: it assigns into them, calls them, or decorates with them."""
        if isinstance(node, _DEFINITIONS):
            for part in self.registering(node):
                root = _root(part.func if isinstance(part, ast.Call) else part)
                if root and self.registers(part):
                    yield root
                    yield from self.writes(root)
            return
        yield from (name for name in _bound(node) if name in self.reached)
        yield from self.mutated(node)

    def mutated(self, node: ast.AST) -> Iterator[str]:
        """Yield the names that a statement outside of functions may change."""
        for part in _statements(node):
            yield from _stored(part)
            match part:
                case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=arguments)):
                    yield from self.writes(name)
                    names = (part.id for part in arguments if isinstance(part, ast.Name))
                    yield from (argument for argument in names if argument in self.variables)
                case ast.Expr(value=ast.Call(func=func)):
                    yield from [root] if (root := _root(func)) else []

    def writes(self, name: str) -> frozenset[str]:
        """Return the variables of the module that its function `name`, or one that this calls, may change."""
        if name in self.written:
            return self.written[name]
        # Functions that call each other end here.
        self.written[name] = frozenset()
        variables: set[str] = set()
        for node in self.binding.get(name, ()):
            scope = self.scopes.get((getattr(node, "name", ""), node.lineno))
            outer = set(_globals(scope)) if scope else set()
            for part in ast.walk(node) if outer else ():
                variables |= {stored for stored in _stored(part) if stored in outer}
                match part:
                    case ast.Call(func=ast.Attribute(attr=attribute) as func) if attribute in _CHANGING:
                        variables |= {root for root in [_root(func)] if root in outer & self.variables}
                    case ast.Call(func=ast.Name(id=called)) if called in outer:
                        variables |= self.writes(called)
        self.written[name] = frozenset(variables)
        return self.written[name]


def _stored(part: ast.AST) -> Iterator[str]:
    """Yield the names that one node assigns into, deletes from, or declares `global`."""
    match part:
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            yield from [root] if (root := _root(part)) else []
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _stored(target)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
            yield from _stored(target)
        case ast.Delete(targets=targets):
            for target in targets:
                yield from _stored(target)
        case ast.Global(names=names):
            yield from names


def _inner(node: ast.stmt) -> list[ast.stmt]:
    """Return the statements inside a compound one."""
    statements = [*getattr(node, "body", ()), *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
    return statements + [inner for handler in getattr(node, "handlers", ()) for inner in handler.body]


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a statement and those inside it, without the bodies of functions."""
    yield node
    for inner in _inner(node) if isinstance(node, _COMPOUND) else ():
        yield from _statements(inner)


def _origins(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules that an import names."""
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


def _package(origin: str) -> str:
    """Return the package of a module; for one that many distributions fill, the part of one of them."""
    parts = origin.lstrip(".").split(".")
    return ".".join(parts[:3]) if parts[0] in _SHARED else parts[0]


def _root(node: ast.expr) -> str | None:
    """Return the name that an expression begins with: `a` for `a.b["c"].d(1).e`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds at module level."""
    match node:
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            # `if __name__ == "__main__":` does not run in an import.
            return
        case _:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
                elif part is not node and isinstance(part, _IMPORTS + _DEFINITIONS):
                    yield from _bound(part)


def _scopes(table: symtable.SymbolTable) -> Iterator[tuple[tuple[str, int], symtable.SymbolTable]]:
    """Yield all scopes inside `table`, with their names and lines."""
    for scope in table.get_children():
        yield (scope.get_name(), scope.get_lineno()), scope
        yield from _scopes(scope)


def _globals(scope: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names of the module that a scope and those inside it use."""
    yield from (symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global())
    for inner in scope.get_children():
        yield from _globals(inner)


def _used(node: ast.stmt, scope: symtable.SymbolTable | None, module: Module, wanted: Collection[str]) -> list[str]:
    """Return the names that a statement uses; texts in annotations count, since they may be annotations in quotes.

    `scope` is the statement's own, if it defines a function or class: its variables hide those of the module.
    """
    skipped: set[ast.AST] = set()
    if isinstance(node, ast.FunctionDef) and node.name in wanted:
        for decorator in node.decorator_list:
            if is_component(module, decorator):
                skipped |= set(ast.walk(decorator))
    names: list[str] = []
    if scope:
        names += _globals(scope)
        skipped |= {inner for part in getattr(node, "body", ()) for inner in ast.walk(part)}
    for part in ast.walk(node):
        if part in skipped and not isinstance(part, ast.arg | ast.AnnAssign | ast.FunctionDef):
            continue
        if isinstance(part, ast.Name):
            names.append(part.id)
        annotation = getattr(part, "annotation", None) or getattr(part, "returns", None)
        for text in ast.walk(annotation) if isinstance(annotation, ast.expr) else ():
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                names += _names_in(text.value)
    return names


def _names_in(text: str) -> list[str]:
    """Return the names in an expression given as text; none if it is not an expression."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [part.id for part in ast.walk(tree) if isinstance(part, ast.Name)]
