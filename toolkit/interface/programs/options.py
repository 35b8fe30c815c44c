"""Options from what a program declares: types, defaults and choices, the same for every kind of parser."""

import ast
import json
import math
from dataclasses import dataclass, field

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
_PATHS = {"Path", "PurePath", "PosixPath", "AnyPath", "FilePath", "DirectoryPath"}


@dataclass(slots=True)
class Reading:
    """What is being read of one program: its module, and the remarks on what could not be."""

    module: Module
    remarks: list[Finding] = field(default_factory=list)

    def unread(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on something that makes the interface incomplete."""
        self._remark(node, message, advice, Severity.WARNING)

    def note(self, node: ast.AST, message: str, advice: str = "") -> None:
        """Remark on something that the author may want to know."""
        self._remark(node, message, advice, Severity.INFO)

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

    def _remark(self, node: ast.AST, message: str, advice: str, severity: Severity) -> None:
        where = self.module.at(node)
        finding = Finding(rule="P001", severity=severity, message=message, where=where, help=advice)
        if finding not in self.remarks:
            self.remarks.append(finding)


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
        # str2bool, `lambda x: bool(strtobool(x))`
        return "Boolean", ""
    returned = _annotated_return(reading, name)
    if returned:
        return returned, ""
    if qualified != "json.loads":
        reading.note(node, f"`{ast.unparse(node)}` is called by the program; the input is a text")
    return "String", ""


def _called_type(reading: Reading, node: ast.Call) -> tuple[str, str]:
    name = (reading.module.qualified(node.func) or "").rpartition(".")[2]
    if name == "FileType":
        mode = reading.text(node.args[0]) if node.args else "r"
        return "String", "output" if set(mode) & set("wax") else "input"
    if name == "File":
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
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        return None
    if not math.isfinite(number) or (kind == "Integer" and not number.is_integer()):
        return None
    return str(int(value) if isinstance(value, str | int) else int(number)) if kind == "Integer" else repr(number)


def choices_of(reading: Reading, node: ast.expr | None, kind: str) -> tuple[Scalar, ...]:
    """Give the choices that are written out; a remark and none where they are not."""
    if node is None:
        return ()
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
        try:
            return tuple(range(*(int(str(reading.value(part))) for part in node.args)))
        except (NotKnown, ValueError):
            pass
    if isinstance(node, ast.Call) and (keys := _keys(node)) is not None:
        node = keys
    try:
        value = reading.value(node)
    except NotKnown:
        value = None
    listed = list(value) if isinstance(value, list | tuple | set | dict) else []
    wanted = {"Integer": int, "Float": int | float, "Boolean": bool}.get(kind, str)
    if not listed or not all(isinstance(choice, wanted) for choice in listed):
        reading.note(node, f"the choices `{ast.unparse(node)}` are known when the program runs; any value is taken")
        return ()
    return tuple(sorted(listed) if isinstance(value, set) else listed)


def _keys(node: ast.Call) -> ast.expr | None:
    """Give `TABLE` of `TABLE.keys()`, `list(TABLE)` and `sorted(TABLE)`."""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "keys":
        return node.func.value
    if isinstance(node.func, ast.Name) and node.func.id in {"list", "sorted", "tuple"} and len(node.args) == 1:
        return _keys(node.args[0]) or node.args[0] if isinstance(node.args[0], ast.Call) else node.args[0]
    return None


def unique(options: list[Option]) -> tuple[Option, ...]:
    """Keep the last of options with one name, as a parser that is told twice would."""
    kept: dict[str, Option] = {}
    for option in options:
        kept.pop(option.name, None)
        kept[option.name] = option
    return tuple(kept.values())


def _json(value: object) -> str | None:
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return None
