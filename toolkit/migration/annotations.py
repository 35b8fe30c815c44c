"""Annotations in KFP 1.8's vocabulary, and what KFP 2 reads in their place."""

import ast
import json
from collections.abc import Callable, Mapping

from msgspec import Struct

from toolkit.breaking.kfp_types import kfp2_type
from toolkit.interface.module import Module
from toolkit.spec.reader import is_parameter_type, short_type

FILES = ("InputTextFile", "InputBinaryFile", "OutputTextFile", "OutputBinaryFile")
# KFP 1.8 passes a value of one of these types as Python's own; any other name stands for a text.
_PYTHON = {
    "String": "str",
    "Integer": "int",
    "Float": "float",
    "Bool": "bool",
    "Boolean": "bool",
    "JsonArray": "list",
    "List": "list",
    "JsonObject": "dict",
    "Dict": "dict",
    **{name: name for name in ("str", "int", "float", "bool", "list", "dict")},
}
_TEXTS = {
    f"kfp.dsl.types.{name}" for name in ("String", "GCSPath", "GCRPath", "GCPRegion", "GCPProjectID", "LocalPath")
}
# Classes of kfp 1.8.22 (`dsl/types.py`) that kfp 2 has not.
KFP1_TYPES = _TEXTS | {f"kfp.dsl.types.{name}" for name in ("Integer", "Float", "Bool", "List", "Dict", "BaseType")}
_REFUSED = {"typing.Any", "typing.Tuple", "typing.Union", "tuple", "bytes", "set", "object", "complex"}


class Annotation(Struct, frozen=True, kw_only=True):
    """What becomes of an annotation: `node` is what `text` replaces, None if it stays. `left` is advice instead.

    `maker` is the class of a file's annotation, such as `InputPath`.
    """

    node: ast.expr | None = None
    text: str = ""
    why: str = ""
    left: str = ""
    maker: str = ""

    @property
    def is_file(self) -> bool:
        """Whether the parameter gets a path or an open file."""
        return bool(self.maker)


class Returned(Struct, frozen=True, kw_only=True):
    """What becomes of a returned annotation: parts with the texts in their places, or advice."""

    replaced: tuple[tuple[ast.expr, str], ...] = ()
    left: str = ""


def written_annotation(module: Module, node: ast.expr | None) -> Annotation:
    """Return what becomes of the annotation of a parameter."""
    if node is None:
        return Annotation(text="str")
    if isinstance(node, ast.Call) and (maker := _maker(module, node.func)):
        return _of_file(module, node, maker)
    if _maker(module, node):
        return Annotation(left=f"write {ast.unparse(node)}() with brackets, and read the file")
    text = _value_type(module, node)
    if text is None:
        return Annotation(left="write str, int, float, bool, a list or a dict, or Optional of one")
    if not text:
        return Annotation()
    return Annotation(node=node, text=text, why=f"KFP 2 has no type {ast.unparse(node)} for a value")


def default_as(type_: str, default: ast.expr) -> str | None:
    """Return a default as a value of a type of Python, as KFP 1.8 passes it; None if it stays.

    KFP 1.8 makes a text of the default, and the step reads it by the type (`components/_data_passing.py`).
    """
    try:
        value = ast.literal_eval(default)
        if value is None or not isinstance(value, str | int | float | list | dict):
            return None
        if type_ == "str" and not isinstance(value, str):
            return repr(json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else str(value))
        if isinstance(value, str) and type_ in _READ:
            read = _READ[type_](value)
            # JSON of another kind, and NaN, have no literal of the type.
            return repr(read) if ast.literal_eval(repr(read)) == read and type(read).__name__ == type_ else None
    except (ValueError, TypeError, RecursionError):
        # An expression, or a text that KFP 1.8 cannot read as this type either.
        pass
    return None


def _as_bool(text: str) -> bool:
    """Return the truth of a text as distutils' `strtobool` does. Raises ValueError."""
    if text.lower() in {"y", "yes", "t", "true", "on", "1"}:
        return True
    if text.lower() in {"n", "no", "f", "false", "off", "0"}:
        return False
    raise ValueError(text)


_READ: Mapping[str, Callable[[str], object]] = {
    "int": int,
    "float": float,
    "bool": _as_bool,
    "list": json.loads,
    "dict": json.loads,
}


def returned(module: Module, node: ast.expr | None) -> Returned:
    """Return what becomes of what a function returns: one value, or a NamedTuple of several."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return Returned()
    parts = [node]
    if isinstance(node, ast.Call) and module.qualified(node.func) == "typing.NamedTuple":
        fields = node.args[1] if len(node.args) > 1 else None
        if not isinstance(fields, ast.List | ast.Tuple):
            return Returned()
        parts = [each.elts[1] for each in fields.elts if isinstance(each, ast.Tuple) and len(each.elts) > 1]
    replaced = []
    for part in parts:
        text = _value_type(module, part)
        if text is None:
            return Returned(left="return str, int, float, bool, a list, a dict, or a NamedTuple of them")
        if text:
            replaced.append((part, text))
    return Returned(replaced=tuple(replaced))


def _maker(module: Module, node: ast.expr) -> str:
    """Return the name of KFP's class of files that an expression stands for; empty if it is another one."""
    name = module.qualified(node) or ""
    short = name.rpartition(".")[2]
    return short if name.startswith("kfp.") and short in {"InputPath", "OutputPath", *FILES} else ""


def _of_file(module: Module, node: ast.Call, maker: str) -> Annotation:
    """Return what becomes of `InputPath(…)` and its relatives."""
    if not node.args:
        return Annotation(maker=maker)
    inner = node.args[0]
    name = inner.value if isinstance(inner, ast.Constant) and isinstance(inner.value, str) else None
    type_ = name or module.qualified(inner) or ""
    if not is_parameter_type(type_):
        return Annotation(maker=maker)
    if maker.startswith("Input"):
        why = f"KFP 2 takes {ast.unparse(node)} for a value, and finds no file"
        return Annotation(node=inner, text="", why=why, maker=maker)
    if name is None:
        return Annotation(maker=maker)
    return Annotation(
        node=inner, text=_PYTHON[kfp2_type(name)], why=f"KFP 2 has no type {name!r} for an output", maker=maker
    )


def _value_type(module: Module, node: ast.expr) -> str | None:
    """Return the Python type in the place of a value's annotation; empty if it stays, None if nothing is known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # KFP 1.8 reads `'List[str]'` as JSON, as it does a List.
        return _PYTHON.get(short_type(node.value), "str")
    if isinstance(node, ast.Dict):
        names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        return "str" if names and names[0] not in _PYTHON else None
    name = module.qualified(node.func if isinstance(node, ast.Call) else node) or ""
    if name in _TEXTS:
        return "str"
    if isinstance(node, ast.BinOp) or name in _REFUSED or name.startswith("kfp.dsl.types."):
        return None
    if isinstance(node, ast.Subscript) and module.qualified(node.value) in {"typing.Union", "typing.Tuple", "tuple"}:
        return None
    return ""
