"""Read scripts that take their inputs from the environment, and the parameters cell of notebooks."""

import ast
import json
from pathlib import Path
from typing import Any

from toolkit.errors import InputError, Location
from toolkit.interface.constants import NotKnown
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import Reading, default_text

_GETTERS = {"os.environ.get", "os.getenv", "environ.get", "getenv"}
_ENVIRON = {"os.environ", "environ"}
# What machines and engines set; nobody's inputs.
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
_KINDS: dict[type, str] = {
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    list: "JsonArray",
    tuple: "JsonArray",
    dict: "JsonObject",
    str: "String",
}


def read_variables(reading: Reading) -> list[Option]:
    """Read the variables that a script takes from its environment, each as an option of that name in lower case."""
    options: dict[str, Option] = {}
    casts = {
        id(node.args[0]): _CASTS[cast]
        for node in ast.walk(reading.module.tree)
        if isinstance(node, ast.Call) and node.args and (cast := reading.module.qualified(node.func) or "") in _CASTS
    }
    for node in ast.walk(reading.module.tree):
        match node:
            case ast.Call(func=func, args=[variable, *rest]) if reading.module.qualified(func) in _GETTERS:
                default, required = (rest[0] if rest else None), False
            case ast.Subscript(value=value, slice=variable, ctx=ast.Load()) if (
                reading.module.qualified(value) in _ENVIRON
            ):
                default, required = None, True
            case _:
                continue
        name = reading.text(variable)
        if not name:
            reading.unread(node, f"the variable `{ast.unparse(variable)}` is known when the program runs")
        elif name not in _SYSTEM and (required or name not in options):
            options[name] = _variable(reading, node, name, default, casts.get(id(node), ""), required=required)
    return list(options.values())


def _variable(
    reading: Reading, node: ast.expr, variable: str, default: ast.expr | None, cast: str, *, required: bool
) -> Option:
    try:
        value = reading.value(default)
        kind = cast or "String"
        text = default_text(value, kind)
    except NotKnown:
        kind, text = cast or "String", None
    return Option(
        name=variable.lower(),
        flag=variable,
        type=kind,
        where=reading.module.at(node),
        form=Form.VARIABLE,
        default=text,
        required=required,
        help=_comment(reading.module, node),
    )


def _comment(module: Module, node: ast.expr) -> str:
    """Give the comment on the line above, or behind."""
    above = module.lines[node.lineno - 2].strip() if node.lineno > 1 else ""
    if above.startswith("#"):
        return above.lstrip("# ").strip()
    behind = module.lines[node.lineno - 1].partition("  #")[2]
    return behind.strip()


def read_notebook(path: Path) -> tuple[Reading, list[Option], str]:
    """Read the cell tagged `parameters` of a notebook (papermill), and the first words of its text.

    Raises InputError when the file is no notebook, or no cell has the tag.
    """
    where = Location(path=path)
    cells = _cells(path)
    texts = [_source(cell) for cell in cells if cell.get("cell_type") == "markdown"]
    tagged = [
        cell
        for cell in cells
        if cell.get("cell_type") == "code" and "parameters" in (cell.get("metadata") or {}).get("tags", [])
    ]
    if not tagged:
        raise InputError("no cell has the tag `parameters`", where=where, hint="tag the cell that sets them")
    source = _source(tagged[0])
    module = Module.parse(path, source)
    reading = Reading(module)
    options = []
    for statement in module.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                annotation = None
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value, annotation=annotation):
                pass
            case _:
                continue
        options.append(_parameter(reading, name, value, annotation))
    title = next((line.lstrip("# ").strip() for text in texts for line in text.split("\n") if line.strip()), "")
    return reading, options, title


def notebook_code(path: Path) -> str:
    """Give the code of all cells of a notebook, without what is IPython's own. Raises InputError."""
    code = [_source(cell) for cell in _cells(path) if cell.get("cell_type") == "code"]
    lines = "\n".join(code).split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)


def _cells(path: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text("utf-8"))
        return [cell for cell in document["cells"] if isinstance(cell, dict)]
    except FileNotFoundError:
        raise InputError("there is no such file", where=Location(path=path)) from None
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"no notebook: {error}", where=Location(path=path), hint="it is JSON with `cells`") from None


def _parameter(reading: Reading, name: str, value: ast.expr, annotation: ast.expr | None) -> Option:
    named = ast.unparse(annotation) if annotation is not None else ""
    try:
        known = reading.value(value)
    except NotKnown:
        reading.note(value, f"{name} is worked out by the notebook when none is given")
        known = None
    kind = {"str": "String", "int": "Integer", "float": "Float", "bool": "Boolean"}.get(named) or _KINDS.get(
        type(known), "String"
    )
    return Option(
        name=name,
        flag="-y",
        type=kind,
        where=reading.module.at(value),
        form=Form.YAML,
        default=default_text(known, kind),
        help=_comment(reading.module, value),
    )


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
