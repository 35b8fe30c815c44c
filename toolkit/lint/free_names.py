"""Names that Python code uses and nothing in it defines, so that using them is a NameError.

Only certain ones count: code that may define names unseen (`import *`, `exec`) has none.
"""

import ast
import builtins
from collections.abc import Iterator

# What a module has of its own, and what Python's `site` adds.
_GIVEN = frozenset(
    {
        *dir(builtins),
        *("__file__", "__name__", "__builtins__", "__annotations__", "__path__", "__cached__", "__class__"),
        # Those of a class's body, and what `gettext.install` adds.
        *("__module__", "__qualname__", "_"),
        *("exit", "quit", "copyright", "credits", "license", "help", "WindowsError"),
        # Built in since some newer Python: the image's Python may be newer than this one.
        *("BaseExceptionGroup", "ExceptionGroup", "PythonFinalizationError", "frozendict"),
        # Built in before Python 3: code asks for the version in many ways before it uses them.
        *("unicode", "long", "xrange", "raw_input", "basestring", "unichr", "reduce", "cmp", "file", "execfile"),
        *("reload", "buffer", "intern"),
    }
)
_UNSEEN = frozenset({"exec", "eval", "globals", "locals", "vars", "builtins", "__builtins__", "get_ipython", "*"})
_ANNOTATED = (ast.arg, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef)
# The most frequent kinds of nodes, which neither bind a name nor have a part that is not read.
_ORDINARY = frozenset(
    {
        *(ast.Call, ast.keyword, ast.Expr, ast.Assign, ast.Tuple, ast.List, ast.Dict, ast.Subscript, ast.BinOp),
        *(ast.BoolOp, ast.UnaryOp, ast.Compare, ast.If, ast.For, ast.Return, ast.With, ast.withitem, ast.arguments),
        *(ast.JoinedStr, ast.FormattedValue),
    }
)
_LEAVES = frozenset({ast.Constant, ast.Load, ast.Store, ast.Del, ast.Pass})
_MOST = 5


def free_names(tree: ast.Module) -> list[ast.Name]:
    """Return the first use of each name that is certainly undefined, at most five, in the order of the code."""
    defined: set[str] = set()
    first: dict[str, ast.Name] = {}
    waiting: list[ast.AST] = [tree]
    # One way through the tree, without a visitor: contracts with code have some thousand nodes.
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                known = first.setdefault(node.id, node)
                if (node.lineno, node.col_offset) < (known.lineno, known.col_offset):
                    first[node.id] = node
            else:
                defined.add(node.id)
        elif isinstance(node, ast.Attribute):
            waiting.append(node.value)
        elif type(node) in _ORDINARY:
            waiting += _parts(node)
        elif type(node) not in _LEAVES:
            defined.update(_defined(node))
            waiting += _read(node, defined)
    if not _UNSEEN.isdisjoint(first) or not _UNSEEN.isdisjoint(defined):
        return []
    free = [node for name, node in first.items() if name not in defined and name not in _GIVEN]
    return sorted(free, key=lambda name: (name.lineno, name.col_offset))[:_MOST]


def _defined(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node binds, in whatever scope: a name of another scope is not certainly undefined."""
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    # Functions, classes, exceptions, patterns and type parameters.
    elif isinstance(name := getattr(node, "name", None), str):
        yield name


def _read(node: ast.AST, defined: set[str]) -> Iterator[ast.AST]:
    """Yield the parts of a node in which a missing name is an error; names that the others bind go to `defined`."""
    skipped: frozenset[str] = frozenset()
    if isinstance(node, _ANNOTATED):
        # Annotations are not evaluated since Python 3.14, and before only without a `__future__`.
        skipped = frozenset({"annotation", "returns"})
    elif isinstance(node, ast.Try | ast.TryStar) and any(_catches(handler.type) for handler in node.handlers):
        # Code tries names of older Pythons, or of packages that may be missing.
        skipped = frozenset({"body"})
        for part in (inner for statement in node.body for inner in ast.walk(statement)):
            defined.update(_defined(part))
            if isinstance(part, ast.Name) and (part.id in _UNSEEN or not isinstance(part.ctx, ast.Load)):
                defined.add(part.id)
    for field in node._fields:
        value = getattr(node, field, None)
        if field in skipped:
            continue
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from (part for part in value if isinstance(part, ast.AST))


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node."""
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            # A dict has None for the key of `**`.
            yield from (part for part in value if part is not None)
        elif isinstance(value, ast.AST):
            yield value


def _catches(caught: ast.expr | None) -> bool:
    """Return whether an `except` may catch a NameError."""
    names = {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)} if caught else {"Exception"}
    return bool(names & {"NameError", "Exception", "BaseException"})
