"""Which statements of a module a function needs: those that bind what it reaches, and those that change it.

A statement may have an effect without binding anything: it fills a registry, sets a package up, or is an import that
is made for what it does. Such statements come along when what they touch does.
"""

import ast
import symtable
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from toolkit.interface.decorators import is_component, word
from toolkit.interface.module import Module
from toolkit.scaffold.gather import STAND_INS

# Calls of these set the process up, and need nothing else of the module.
_SETTINGS = {"warnings", "logging", "random", "locale", "gc", "decimal", "faulthandler", "sys.setrecursionlimit"}
_ENVIRON = {"os.environ", "os.environ.setdefault", "os.environ.update", "os.putenv"}
_HARMLESS = {"functools", "dataclasses", "contextlib", "abc", "enum", "typing", "typing_extensions", "builtins"}
_BUILTINS = {"property", "staticmethod", "classmethod"}
# Methods by which a function changes a variable of its module.
_CHANGING = {
    *("add", "append", "appendleft", "clear", "connect", "discard", "extend", "insert", "pop", "put", "register"),
    *("remove", "setdefault", "sort", "subscribe", "update"),
}
# Packages that many distributions fill; what lies in one of them says nothing about another.
_SHARED = {"google", "azure", "opentelemetry"}
_COMPOUND = (ast.If, ast.Try, ast.With, ast.For, ast.While)
_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """The statements that come along, the names that lead to them, and statements with an effect that do not."""

    statements: frozenset[ast.stmt]
    names: frozenset[str]
    left: tuple[ast.stmt, ...]


def reach(module: Module, names: Collection[str]) -> Reached:
    """Find what the functions `names` of a module need of it. The decorators that make components do not count."""
    return _Reach.of(module, names).run()


@dataclass(slots=True)
class _Reach:
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
        table = module.table()
        scopes = {(one.get_name(), one.get_lineno()): one for one in table.get_children()} if table else {}
        inner = [node for node in module.nested() if node.name in names]
        nested = {(node.name, node.lineno) for node in inner}
        scopes |= {key: scope for key, scope in _scopes(table) if key in nested} if table else {}
        # Texts count as uses: `__all__`, annotations in quotes.
        parts = list(ast.walk(module.tree))
        words = {part.id for part in parts if isinstance(part, ast.Name)}
        words |= {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
        variables = {
            name for node in module.tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for name in _bound(node)
        }
        found = cls(
            module=module,
            wanted_names=frozenset(names),
            scopes=scopes,
            words=frozenset(words),
            variables=frozenset(variables),
        )
        for node in module.tree.body:
            for bound in _bound(node):
                found.binding.setdefault(bound, []).append(node)
        for node in inner:
            # One that is defined inside another function and needs nothing of that one.
            found.binding.setdefault(node.name, [node])
        return found

    def run(self) -> Reached:
        for node in self.module.tree.body:
            if isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*"):
                self.wanted.add(node)
        self.take(self.wanted_names)
        effects = [node for node in self.module.tree.body if self.has_effect(node)]
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
        self.wanted.add(node)
        self.take(self.used(node))

    def used(self, node: ast.stmt) -> list[str]:
        scope = self.scopes.get((getattr(node, "name", ""), node.lineno))
        return _used(node, scope, self.module, self.wanted_names)

    def has_effect(self, node: ast.stmt) -> bool:
        """Tell whether a statement may do more than bind names."""
        match node:
            case ast.Import() | ast.ImportFrom():
                # One that nothing uses is made for what it does; those of Python's own modules do nothing.
                unused = not self.words & set(_bound(node))
                return unused and not all(_package(origin) in sys.stdlib_module_names for origin in _origins(node))
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
        """Give the parts of a definition that may do something with it: decorators, and for classes their bases."""
        parts = list(getattr(node, "decorator_list", ()))
        if isinstance(node, ast.ClassDef):
            parts += [base for base in node.bases if self.collects(base)]
            parts += [keyword.value for keyword in node.keywords]
        return parts

    def registers(self, part: ast.expr) -> bool:
        called = part.func if isinstance(part, ast.Call) else part
        origin = self.module.qualified(called) or ""
        plain = origin in _BUILTINS or origin.partition(".")[0] in _HARMLESS
        return not plain and word(self.module, part) is None

    def collects(self, base: ast.expr) -> bool:
        """Tell whether a class notices its subclasses."""
        definition = self.module.classes.get(base.id) if isinstance(base, ast.Name) else None
        if definition is None:
            return False
        hooks = any(getattr(part, "name", "") == "__init_subclass__" for part in definition.body)
        return hooks or bool(definition.keywords) or "__subclasses__" in self.module.text

    def touches(self, node: ast.stmt) -> bool:
        """Tell whether a statement changes something that comes along."""
        if isinstance(node, _IMPORTS):
            return self.import_touches(node)
        if self.of_pipelines(node):
            return False
        return self.sets_up(node) or any(self.comes_along(name) for name in self.changed(node))

    def import_touches(self, node: ast.Import | ast.ImportFrom) -> bool:
        # `from sklearn.experimental import enable_iterative_imputer`; a module of one's own may be such a one too.
        if isinstance(node, ast.ImportFrom) and node.level:
            return True
        origins = _origins(node)
        tops = {_package(origin) for origin in origins}
        local = any(self.module.neighbour(origin) for origin in origins)
        return not tops & STAND_INS and (local or bool(tops & self.packages() - sys.stdlib_module_names))

    def packages(self) -> set[str]:
        """Name the packages of the imports that come along, those inside functions too."""
        found = {_package(self.module.imports[name]) for name in self.reached if name in self.module.imports}
        inner = (part for node in self.wanted if isinstance(node, _DEFINITIONS) for part in ast.walk(node))
        found |= {_package(origin) for part in inner if isinstance(part, _IMPORTS) for origin in _origins(part)}
        return found - {""}

    def comes_along(self, name: str) -> bool:
        if name in self.reached:
            return True
        package = _package(self.module.imports.get(name, ""))
        # `matplotlib.use("Agg")` is about `matplotlib.pyplot` too; of one's own modules one name stands for all.
        return package in self.packages() and package not in sys.stdlib_module_names | STAND_INS

    def sets_up(self, node: ast.stmt) -> bool:
        """Tell whether a statement only sets the process up: warnings, logging, a seed, a variable."""
        match node:
            case ast.Expr(value=ast.Call(func=func, args=arguments)):
                origin = self.module.qualified(func) or ""
                plain = origin.partition(".")[0] in _SETTINGS or origin in _SETTINGS | _ENVIRON
            case ast.Assign(targets=[ast.Subscript(value=value)], value=given):
                plain, arguments = self.module.qualified(value) in _ENVIRON, [given]
            case _:
                return False
        return plain and not any(isinstance(part, ast.Call) for one in arguments for part in ast.walk(one))

    def of_pipelines(self, node: ast.stmt) -> bool:
        """Tell whether a statement is about pipelines: it calls KFP, or something that KFP made."""
        if isinstance(node, _DEFINITIONS):
            return any(word(self.module, decorator) for decorator in node.decorator_list)
        if isinstance(node, _IMPORTS):
            return all(origin.partition(".")[0] in STAND_INS for origin in _origins(node))
        roots = (_root(part.func) for part in ast.walk(node) if isinstance(part, ast.Call))
        return any(self.is_kfp(root) for root in roots if root)

    def is_kfp(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        if self.module.imports.get(name, "").partition(".")[0] == "kfp":
            return True
        value = self.module.constants.get(name)
        root = _root(value.func) if isinstance(value, ast.Call) and name not in seen else None
        return root is not None and self.is_kfp(root, seen | {name})

    def changed(self, node: ast.stmt) -> Iterator[str]:
        """Name what a statement may change: what it assigns into, calls a method of, decorates with."""
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
        """Name what a statement outside of functions may change."""
        for part in _statements(node):
            yield from _stored(part)
            match part:
                case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=arguments)):
                    yield from self.writes(name)
                    yield from (one.id for one in arguments if isinstance(one, ast.Name) and one.id in self.variables)
                case ast.Expr(value=ast.Call(func=func)):
                    yield from [root] if (root := _root(func)) else []

    def writes(self, name: str) -> frozenset[str]:
        """Name the variables of the module that a function of it may change when it is called."""
        if name in self.written:
            return self.written[name]
        self.written[name] = frozenset()
        found: set[str] = set()
        for node in self.binding.get(name, ()):
            scope = self.scopes.get((getattr(node, "name", ""), node.lineno))
            outer = set(_globals(scope)) if scope else set()
            for part in ast.walk(node) if outer else ():
                found |= {one for one in _stored(part) if one in outer}
                match part:
                    case ast.Call(func=ast.Attribute(attr=attribute) as func) if attribute in _CHANGING:
                        found |= {root for root in [_root(func)] if root in outer & self.variables}
                    case ast.Call(func=ast.Name(id=called)) if called in outer:
                        found |= self.writes(called)
        self.written[name] = frozenset(found)
        return self.written[name]


def _stored(part: ast.AST) -> Iterator[str]:
    """Name what one piece of code assigns into, or takes as the module's own to change."""
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
    """Give the statements inside a compound one."""
    found = [*getattr(node, "body", ()), *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
    return found + [inner for handler in getattr(node, "handlers", ()) for inner in handler.body]


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Give a statement and those inside it, without the bodies of functions."""
    yield node
    for inner in _inner(node) if isinstance(node, _COMPOUND) else ():
        yield from _statements(inner)


def _origins(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Name the modules that an import is of."""
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


def _package(origin: str) -> str:
    """Name the package an import is of; of those that many distributions fill, the part of one of them."""
    parts = origin.lstrip(".").split(".")
    return ".".join(parts[:3]) if parts[0] in _SHARED else parts[0]


def _root(node: ast.expr) -> str | None:
    """Give the name that an expression begins with: `a` for `a.b["c"].d(1).e`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _bound(node: ast.AST) -> Iterator[str]:
    """Name what a statement binds at module level."""
    match node:
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return  # a program's own start, which no import runs
        case _:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
                elif part is not node and isinstance(part, _IMPORTS + _DEFINITIONS):
                    yield from _bound(part)


def _scopes(table: symtable.SymbolTable) -> Iterator[tuple[tuple[str, int], symtable.SymbolTable]]:
    for scope in table.get_children():
        yield (scope.get_name(), scope.get_lineno()), scope
        yield from _scopes(scope)


def _globals(scope: symtable.SymbolTable) -> Iterator[str]:
    yield from (symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global())
    for inner in scope.get_children():
        yield from _globals(inner)


def _used(node: ast.stmt, scope: symtable.SymbolTable | None, module: Module, wanted: Collection[str]) -> list[str]:
    """Name what a statement uses; texts in annotations count, since they may be annotations in quotes.

    `scope` is that of a function or class: its own variables are none of the module's.
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
                names += [word.id for word in _words(text.value)]
    return names


def _words(text: str) -> Iterator[ast.Name]:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from (part for part in ast.walk(tree) if isinstance(part, ast.Name))
