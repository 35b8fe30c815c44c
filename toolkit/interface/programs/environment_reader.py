"""Read scripts that take their inputs from the environment."""

import ast
from collections.abc import Iterator

from toolkit.interface.constants import NotKnown
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import default_text
from toolkit.interface.programs.reading import Reading

_GETTERS = {"os.environ.get", "os.getenv", "os.environ.setdefault", "environ.get", "getenv"}
_ENVIRON = {"os.environ", "environ"}
# Set by machines and engines, so not inputs.
_SYSTEM = {
    "PATH",
    "HOME",
    "USER",
    "PWD",
    "LANG",
    "TMPDIR",
    "HOSTNAME",
    "SHELL",
    "TERM",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
}
_CASTS = {"int": "Integer", "float": "Float", "bool": "Boolean", "json.loads": "String"}


def read_variables(reading: Reading) -> list[Option]:
    """Return an option for each environment variable that a script reads, called by its name in lower case.

    Variables that the script sets itself are left out. One that is read without a condition or a default is required.
    """
    options: dict[str, Option] = {}
    module = reading.module
    # The type is that of the cast around it: `int(os.environ["N"])`.
    casts = {
        id(node.args[0]): _CASTS[cast]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and node.args and (cast := module.qualified(node.func) or "") in _CASTS
    }
    own = _SYSTEM | _assigned(reading)
    for node, conditional in _with_conditions(module.tree):
        match node:
            case ast.Call(func=func, args=[variable, *rest]) if module.qualified(func) in _GETTERS:
                default, required = (rest[0] if rest else None), False
            case ast.Subscript(value=value, slice=variable, ctx=ast.Load()) if module.qualified(value) in _ENVIRON:
                default, required = None, not conditional
            case _:
                continue
        name = reading.text(variable)
        if not name:
            reading.unread(node, f"the variable `{ast.unparse(variable)}` is computed when the program runs")
        # One required use is enough, whatever the others are.
        elif name not in own and (required or name not in options):
            options[name] = _variable(reading, node, name, default, casts.get(id(node), ""), required=required)
    return list(options.values())


def _with_conditions(tree: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """Yield every expression in source order, with whether it runs only under a condition or inside a `try`."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, conditional = waiting.pop()
        if isinstance(node, ast.expr):
            yield node, conditional
        children = [
            (child, conditional or _is_conditional(node, name, at))
            for name, value in ast.iter_fields(node)
            for at, child in enumerate(value if isinstance(value, list) else [value])
            if isinstance(child, ast.AST)
        ]
        waiting += reversed(children)


def _is_conditional(node: ast.AST, name: str, at: int) -> bool:
    """Return whether a part of a node, given by its field and its position there, may not run or may fail safely."""
    match node:
        case ast.If() | ast.IfExp() | ast.While():
            return name != "test"
        case ast.Try():
            return name == "handlers" or (name == "body" and bool(node.handlers))
        case ast.BoolOp():
            # The first part of `a and b` always runs.
            return at > 0
    return False


def _assigned(reading: Reading) -> set[str]:
    """Return the names of the variables that the script assigns."""
    return {
        reading.text(node.slice)
        for node in ast.walk(reading.module.tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and reading.module.qualified(node.value) in _ENVIRON
    }


def _variable(
    reading: Reading, node: ast.expr, variable: str, default: ast.expr | None, cast: str, *, required: bool
) -> Option:
    """Return the option of one variable; `cast` is the type that the code makes of its text."""
    kind = cast or "String"
    try:
        text = default_text(reading.value(default), kind)
    except NotKnown:
        text = None
    return Option(
        name=variable.lower(),
        flag=variable,
        type=kind,
        where=reading.module.at(node),
        form=Form.VARIABLE,
        default=text,
        required=required,
        help=comment_on(reading.module, node),
    )


def comment_on(module: Module, node: ast.expr) -> str:
    """Return the comment above the line of `node`, or at its end; empty without one."""
    above = module.lines[node.lineno - 2].strip() if node.lineno > 1 else ""
    if above.startswith("#"):
        return above.lstrip("# ").strip()
    behind = module.lines[node.lineno - 1].partition("  #")[2]
    return behind.strip()
