"""Types, defaults and choices of options, in the same way for every kind of parser."""

import ast
import json
import math
from typing import Any

from msgspec.structs import replace

from toolkit.interface.constants import NotKnown
from toolkit.interface.model import PARAMETER_TYPE_OF, Scalar
from toolkit.interface.programs.model import Option
from toolkit.interface.programs.reading import Reading
from toolkit.interface.values import NotUnderstood, optional, read_value

# Parameter types by the qualified name of the callable that a program gives as `type=`.
_TYPES = {
    **dict.fromkeys(("str", "builtins.str", "typing.Text", "ascii"), "String"),
    **dict.fromkeys(("int", "click.INT", "click.types.IntParamType"), "Integer"),
    **dict.fromkeys(("float", "click.FLOAT"), "Float"),
    **dict.fromkeys(("bool", "click.BOOL"), "Boolean"),
    "dict": "JsonObject",
    "list": "JsonArray",
}
# `choices=range(10**9)` is a check of bounds: listed in a contract it would help no reader.
_MOST_CHOICES = 1000
_PATHS = {"Path", "PurePath", "PosixPath", "AnyPath", "FilePath", "DirectoryPath"}


def is_truth(reading: Reading, node: ast.expr | None) -> bool:
    """Return whether a type callable is Python's `bool`, which takes every text but the empty one as true."""
    if isinstance(node, ast.Name):
        node = reading.module.constants.get(node.id, node)
    match node:
        case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)]), body=ast.Call(func=func, args=[ast.Name(id=of)])):
            return name == of and reading.module.qualified(func) == "bool"
        case ast.Name() | ast.Attribute():
            return reading.module.qualified(node) in {"bool", "builtins.bool"}
    return False


def type_of(reading: Reading, node: ast.expr | None) -> tuple[str, str]:  # noqa: PLR0911 (one for each form)
    """Return the parameter type of what a type callable makes of a text, and `Option.declared`."""
    if isinstance(node, ast.Name):
        node = reading.module.constants.get(node.id, node)
    if node is None:
        return "String", ""
    if isinstance(node, ast.Call):
        return _called_type(reading, node)
    qualified = reading.module.qualified(node) or ""
    if qualified in _TYPES:
        return _TYPES[qualified], ""
    name = qualified.rpartition(".")[2]
    if name in _PATHS:
        return "String", "path"
    if "bool" in ast.unparse(node).lower():
        # str2bool, `lambda x: bool(strtobool(x))`; `lambda x: bool(int(x))` reads numbers alone.
        numbers = isinstance(node, ast.Lambda) and any(
            isinstance(part, ast.Name) and part.id == "int" for part in ast.walk(node.body)
        )
        return ("Integer" if numbers else "Boolean"), ""
    returned = _annotated_return(reading, name)
    if returned:
        return returned, ""
    if qualified != "json.loads":
        reading.note(node, f"`{ast.unparse(node)}` is called by the program; the input is a text")
    return "String", ""


def _called_type(reading: Reading, node: ast.Call) -> tuple[str, str]:
    """Read a type that is made by a call, such as `FileType("w")` or `click.Path(exists=True)`."""
    name = (reading.module.qualified(node.func) or "").rpartition(".")[2]
    if name in {"FileType", "File"}:
        mode = reading.text(node.args[0]) if node.args else "r"
        return "String", "output" if set(mode) & set("wax") else "input"
    if name == "Path":
        keywords = {word.arg: reading.text(word.value) or ast.unparse(word.value) for word in node.keywords}
        return "String", "input" if keywords.get("exists") == "True" else "path"
    if name in {"IntRange", "FloatRange"}:
        return ("Integer" if name == "IntRange" else "Float"), ""
    reading.note(node, f"`{ast.unparse(node)}` is called by the program; the input is a text")
    return "String", ""


def _annotated_return(reading: Reading, name: str) -> str:
    """Return the parameter type that a function of the module returns by its annotation, empty if unknown."""
    for function in reading.module.functions():
        if function.name == name and function.returns is not None:
            return _TYPES.get(reading.module.qualified(function.returns) or "", "")
    return ""


def default_text(value: object, kind: str) -> str | None:  # noqa: PLR0911 (one for each type)
    """Return a default as contracts write it; None if it is None or not a value of the parameter type `kind`."""
    if value is None:
        return None
    if kind == "String":
        return value if isinstance(value, str) else json.dumps(value) if isinstance(value, bool | int | float) else None
    if kind in {"JsonArray", "JsonObject"}:
        return _json(list(value) if isinstance(value, tuple) else value)
    if kind == "Boolean":
        return json.dumps(bool(value)) if isinstance(value, bool | int) else None
    if kind == "Integer" and type(value) is int:
        return str(value)
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number) or (kind == "Integer" and not number.is_integer()):
        return None
    return str(int(number)) if kind == "Integer" else repr(number)


def choices_of(reading: Reading, node: ast.expr | None, kind: str) -> tuple[Scalar, ...]:
    """Return the choices that are written out; otherwise none, with a remark."""
    if node is None:
        return ()
    listed = _listed(reading, node)
    expected = {"Integer": int, "Float": int | float, "Boolean": bool}.get(kind, str)
    if not listed or not all(isinstance(choice, expected) for choice in listed):
        reading.note(
            node, f"the choices `{ast.unparse(node)}` are computed when the program runs; any value is accepted"
        )
        return ()
    return listed


def _listed(reading: Reading, node: ast.expr) -> tuple[Any, ...]:  # noqa: PLR0911 (one for each form)
    """Return the items of a list, a `range(…)`, a dict's keys, or `sorted(…)` of them; empty if unknown."""
    if isinstance(node, ast.Name):
        node = reading.module.constants.get(node.id, node)
    match node:
        case ast.Dict(keys=keys):
            # Only the keys need to be literals: the values of such a dict are often functions.
            node = ast.List(elts=[key for key in keys if key], ctx=ast.Load())
        case ast.Call(func=ast.Name(id="range"), args=args):
            try:
                numbers = range(*(int(str(reading.value(part))) for part in args))
            except (NotKnown, ValueError, TypeError):
                return ()
            return tuple(numbers) if len(numbers) <= _MOST_CHOICES else ()
        case ast.Call(func=ast.Attribute(value=table, attr="keys"), args=[]):
            return _listed(reading, table)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted" as name), args=[inner]):
            items = _listed(reading, inner)
            return tuple(sorted(items, key=str)) if name == "sorted" else items
    try:
        value = reading.value(node)
    except NotKnown:
        return ()
    if isinstance(value, set):
        # The order of a set differs from run to run, and contracts must not.
        return tuple(sorted(value, key=str))
    return tuple(value) if isinstance(value, list | tuple | dict) else ()


def unique(options: list[Option]) -> tuple[Option, ...]:
    """Return the options with distinct names: those whose flags set one name of the code are named by their flags.

    Of several options with the same flag the last one counts.
    """
    kept: dict[str, Option] = {}
    for option in options:
        other = kept.get(option.name)
        named = option
        if other and option.flag and other.flag != option.flag:
            named = replace(option, name=port_name(option.flag), dest=option.dest or option.name)
        kept.pop(named.name, None)
        kept[named.name] = named
    return tuple(kept.values())


def port_name(flag: str) -> str:
    """Return the name of an option by its flag: `learning_rate` for `--learning-rate`."""
    return flag.lstrip("-").replace("-", "_").replace(".", "_")


def _json(value: object) -> str | None:
    """Return the compact JSON of a value, None if it has none."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return None


def option_of_annotation(
    reading: Reading, name: str, node: ast.AST, annotation: ast.expr | None, default: ast.expr | None, help_: str = ""
) -> Option:
    """Return the option of a parameter or field: its type by the annotation, else by the default."""
    kind, declared, value = "", "", None
    if annotation is not None:
        inner = optional(reading.module, annotation)
        annotation = inner if inner is not None else annotation
        try:
            value = read_value(reading.module, annotation)
        except NotUnderstood:
            value = None
        kind = value.type if value else ""
        last = ast.unparse(annotation).rpartition(".")[2]
        declared = "path" if last in {"Path", "FilePath", "DirectoryPath"} else ""
    text = None
    try:
        literal = reading.value(default)
        kind = kind or PARAMETER_TYPE_OF.get(type(literal), "String")
        text = default_text(literal, kind)
    except NotKnown:
        reading.note(default or node, "its default is worked out by the program")
    return Option(
        name=name,
        flag=f"--{name}",
        type=kind or "String",
        where=reading.module.at(node),
        default=text,
        required=default is None,
        choices=value.choices if value else (),
        help=help_,
        declared=declared,
    )
