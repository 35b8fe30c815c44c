"""Read programs whose command line fire makes of functions or of a class."""

import ast
import re
from collections.abc import Iterable

from msgspec.structs import replace

from toolkit.interface.module import parameters
from toolkit.interface.programs.model import Option
from toolkit.interface.programs.options import option_of_annotation
from toolkit.interface.programs.reading import Reading


def read_fire(reading: Reading) -> dict[str, list[Option]] | None:
    """Return the options that `fire.Fire(...)` exposes, by sub-command; None without a call of it.

    The sub-command of a single function is "".
    """
    for node in ast.walk(reading.module.tree):
        if isinstance(node, ast.Call) and reading.module.qualified(node.func) == "fire.Fire":
            component = node.args[0] if node.args else None
            functions = _exposed(reading, component, node)
            return {word: _options(reading, function) for word, function in functions.items()}
    return None


def _exposed(reading: Reading, component: ast.expr | None, node: ast.Call) -> dict[str, ast.FunctionDef]:
    """Return the functions that fire makes commands of: one, a dict of them, a class's methods, or the module's."""
    functions = {node.name: node for node in reading.module.functions() if isinstance(node, ast.FunctionDef)}
    if component is None:
        return _public(functions.values())
    if isinstance(component, ast.Dict):
        exposed = {}
        for key, value in zip(component.keys, component.values, strict=True):
            if isinstance(value, ast.Name) and value.id in functions:
                exposed[reading.text(key)] = functions[value.id]
            else:
                reading.unread(value, f"`{ast.unparse(value)}` is not in this file")
        return exposed
    name = ast.unparse(component.func if isinstance(component, ast.Call) else component)
    if name in functions:
        return {"": functions[name]}
    if name in reading.module.classes:
        return _public(reading.module.classes[name].body)
    reading.unread(node, f"`{name}` is not in this file")
    return {}


def _public(body: Iterable[ast.stmt]) -> dict[str, ast.FunctionDef]:
    """Return the functions among statements by name, without those that fire hides."""
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}


def _options(reading: Reading, function: ast.FunctionDef) -> list[Option]:
    """Return an option for each parameter of a function or method."""
    for extra in (function.args.vararg, function.args.kwarg):
        if extra:
            reading.unread(extra, f"`{extra.arg}` takes anything")
    options = []
    for index, (argument, default) in enumerate(parameters(function)):
        if index == 0 and argument.arg in {"self", "cls"}:
            continue
        option = option_of_annotation(reading, argument.arg, argument, argument.annotation, default)
        # fire makes a number of `5` and a list of `[a]` unless they are quoted.
        text = isinstance(default, ast.Constant) and isinstance(default.value, str)
        named = argument.annotation is not None and "str" in re.findall(r"\w+", ast.unparse(argument.annotation))
        options.append(replace(option, quoted=option.type == "String" and not option.declared and (text or named)))
    return options
