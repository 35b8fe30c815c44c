"""Options from what a program declares: types, defaults and choices, the same for every kind of parser."""

import ast
import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.errors import Location
from toolkit.findings import Finding, Severity
from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.model import Scalar
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Option

_TYPES = {
    **dict.fromkeys(("str", "builtins.str", "typing.Text", "ascii"), "String"),
    **dict.fromkeys(("int", "click.INT", "click.types.IntParamType"), "Integer"),
    **dict.fromkeys(("float", "click.FLOAT"), "Float"),
    **dict.fromkeys(("bool", "click.BOOL"), "Boolean"),
    "dict": "JsonObject",
    "list": "JsonArray",
}
_MOST_CHOICES = 1000
DECLARE = "--input NAME:value and --output NAME say what it takes"
ASK = "--exec asks the program's own parser"
_PATHS = {"Path", "PurePath", "PosixPath", "AnyPath", "FilePath", "DirectoryPath"}


@dataclass(slots=True)
class Reading:
    """What is being read of one program: its module, and the remarks on what could not be."""

    module: Module
    remarks: list[Finding] = field(default_factory=list)

    def unread(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on an option that makes the interface incomplete."""
        self._remark("P001", node, message, advice, Severity.WARNING)

    def unknown(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on a reader of the command line whose options are not known."""
        self._remark("P003", node, message, advice, Severity.WARNING)

    def note(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on something that the author may want to know."""
        self._remark("P001", node, message, advice, Severity.INFO)

    def only_here(self, where: Location, message: str, advice: str = "") -> None:
        """Remark on code of a notebook that a step cannot run, or not alone."""
        self.remarks.append(Finding(rule="P004", severity=Severity.WARNING, message=message, where=where, help=advice))

    def value(self, node: ast.expr | None) -> object:
        """Work out a literal, None where there is no node. Raises NotKnown."""
        return None if node is None else constant_value(self.module, node)

    def text(self, node: ast.expr | None) -> str:
        """Give a text, empty where it is none or not known."""
        try:
            value = self.value(node)
        except NotKnown:
            return ""
        return " ".join(value.split()) if isinstance(value, str) else ""

    def _remark(self, rule: str, node: ast.AST, message: str, advice: str, severity: Severity) -> None:
        where = self.module.at(node)
        finding = Finding(rule=rule, severity=severity, message=message, where=where, help=advice)
        if finding not in self.remarks:
            self.remarks.append(finding)


def is_truth(reading: Reading, node: ast.expr | None) -> bool:
    """Tell whether a type callable is Python's `bool`, for which every text but the empty one is true."""
    if isinstance(node, ast.Name):
        node = reading.module.constants.get(node.id, node)
    match node:
        case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)]), body=ast.Call(func=func, args=[ast.Name(id=of)])):
            return name == of and reading.module.qualified(func) == "bool"
        case ast.Name() | ast.Attribute():
            return reading.module.qualified(node) in {"bool", "builtins.bool"}
    return False


def type_of(reading: Reading, node: ast.expr | None) -> tuple[str, str]:  # noqa: PLR0911 (one for each form)
    """Give KFP's name of what a type callable makes of a text, and what it says of paths."""
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
    for function in reading.module.functions():
        if function.name == name and function.returns is not None:
            return _TYPES.get(reading.module.qualified(function.returns) or "", "")
    return ""


def default_text(value: object, kind: str) -> str | None:  # noqa: PLR0911 (one for each type)
    """Write a default as contracts do; None where it is None, or of another type than the option says."""
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
    """Give the choices that are written out; a remark and none where they are not."""
    if node is None:
        return ()
    listed = _listed(reading, node)
    wanted = {"Integer": int, "Float": int | float, "Boolean": bool}.get(kind, str)
    if not listed or not all(isinstance(choice, wanted) for choice in listed):
        reading.note(node, f"the choices `{ast.unparse(node)}` are known when the program runs; any value is taken")
        return ()
    return listed


def _listed(reading: Reading, node: ast.expr) -> tuple[Any, ...]:  # noqa: PLR0911 (one for each form)
    """Work out a list, a `range(…)`, the keys of a table, and `sorted(…)` of them; nothing where that cannot be."""
    if isinstance(node, ast.Name):
        node = reading.module.constants.get(node.id, node)
    match node:
        case ast.Dict(keys=keys):
            # What a table holds is of no matter here.
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
            found = _listed(reading, inner)
            return tuple(sorted(found, key=str)) if name == "sorted" else found
    try:
        value = reading.value(node)
    except NotKnown:
        return ()
    if isinstance(value, set):
        # A set has no order of its own.
        return tuple(sorted(value, key=str))
    return tuple(value) if isinstance(value, list | tuple | dict) else ()


def unique(options: list[Option]) -> tuple[Option, ...]:
    """Give every option a name of its own: two flags may set one name of the code, and then have their own.

    The last of options with one flag counts, as for a parser that is given it twice.
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
    """Give the name that a flag gives to its option: `learning_rate` for `--learning-rate`."""
    return flag.lstrip("-").replace("-", "_").replace(".", "_")


def _json(value: object) -> str | None:
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return None
