"""Calls of components in the module that makes them: the steps of its pipelines."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping

from toolkit.interface.module import Module


def callables(
    module: Module, functions: Iterable[ast.FunctionDef], is_maker: Callable[[ast.expr], bool]
) -> Mapping[str, ast.FunctionDef]:
    """Return the functions of components by the names that stand for these: decorated ones, and assigned results.

    A name that the module binds more than once is left out, since it may stand for something else.
    """
    by_name = {function.name: function for function in functions}
    found = {name: each for name, each in by_name.items() if any(map(is_maker, each.decorator_list))}
    for node in ast.walk(module.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=maker, args=[ast.Name(id=made), *_])):
                if made in by_name and is_maker(maker):
                    found[name] = by_name[made]
    bound = list(_bound(module.tree))
    return {name: function for name, function in found.items() if bound.count(name) == 1}


def called(module: Module, name: str) -> Iterator[ast.Call]:
    """Yield the calls of a name."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield each name as often as something binds it, in any scope."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
