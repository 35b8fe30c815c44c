"""What an annotation means: a parameter, a path, or an artifact. Both vocabularies of KFP, and `toolkit.types`."""

import ast
from dataclasses import dataclass, replace

from toolkit.interface.model import ARTIFACT_TYPES as ARTIFACTS
from toolkit.interface.model import Kind, Passing
from toolkit.interface.module import Module

# kfp 2.17 `dsl/types/type_annotations.py`, kfp 1.8.22 `components/_python_op.py`.
_VOCABULARIES = ("kfp.dsl.", "kfp.v2.dsl.", "kfp.components.", "toolkit.types.")
_STRIPPING = "kfp.components"
_TYPING = ("typing", "typing_extensions", "collections.abc")
_SCALARS = {"str": "String", "int": "Integer", "float": "Float", "bool": "Boolean"}
_LISTS = {"list", "List", "Sequence"}
_DICTS = {"dict", "Dict", "Mapping", "MutableMapping"}
_KFP_TYPES = {
    "String": "str",
    "Integer": "int",
    "Float": "float",
    "Boolean": "bool",
    "JsonArray": "list",
    "JsonObject": "dict",
}
_MARKERS = {"Input", "Output", "InputPath", "OutputPath", "InputTextFile", "InputBinaryFile"}
_MARKERS |= {"OutputTextFile", "OutputBinaryFile", *ARTIFACTS}


# What KFP 2 takes for parameter types (kfp 2.17, `dsl/types/type_utils.py`), without regard to case.
_PARAMETER_NAMES = {
    **dict.fromkeys(("string", "str", "text"), "String"),
    **dict.fromkeys(("integer", "int"), "Integer"),
    **dict.fromkeys(("float", "double"), "Float"),
    **dict.fromkeys(("boolean", "bool"), "Boolean"),
    **dict.fromkeys(("jsonarray", "list"), "JsonArray"),
    **dict.fromkeys(("jsonobject", "dict"), "JsonObject"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """A read annotation. `strips` says that KFP 1's suffixes `_path` and `_file` are not part of the port's name."""

    type: str
    kind: Kind
    passing: Passing
    output: bool = False
    optional: bool = False
    strips: bool = False


class NotUnderstood(Exception):  # noqa: N818 (the reader turns it into a finding with a place)
    """An annotation that has no meaning here; `args` hold what is wrong and what to write instead."""


def read_annotation(module: Module, node: ast.expr) -> Meaning:
    """Say what an annotation means. Raises NotUnderstood."""
    node = unquoted(node)
    scalar = parameter_type(module, node)
    if scalar:
        return Meaning(type=scalar, kind=Kind.PARAMETER, passing=Passing.VALUE)
    inner = _optional(module, node)
    if inner is not None:
        return _optional_meaning(module, inner)
    name = marker(module, node)
    match node:
        case ast.Subscript(value=owner, slice=argument):
            return _subscript(module, marker(module, owner), argument, node)
        case ast.Call(func=owner, args=arguments):
            return _call(module, owner, arguments, node)
    if name in ARTIFACTS:
        return Meaning(type=name, kind=Kind.ARTIFACT, passing=Passing.ARTIFACT)
    if name in {"InputPath", "OutputPath"}:
        raise NotUnderstood(f"`{name}` without parentheses", f"write {name}('CSV') or {name}(Dataset)")
    raise _unknown(node)


def parameter_type(module: Module, node: ast.expr) -> str | None:
    """Give KFP's name of a parameter type such as `int` or `List[str]`; None when it is something else."""
    node = unquoted(node)
    if isinstance(node, ast.Subscript) and _typing_name(module, node.value) == "Annotated":
        first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else None
        return parameter_type(module, first) if first is not None else None
    owner = node.value if isinstance(node, ast.Subscript) else node
    name = _typing_name(module, owner)
    if name in _LISTS:
        return "JsonArray"
    if name in _DICTS:
        return "JsonObject"
    return _SCALARS.get(name or "") if not isinstance(node, ast.Subscript) else None


def marker(module: Module, node: ast.expr) -> str | None:
    """Give the bare name of a word of the vocabularies, `Input` for `d.Input`; None for anything else."""
    qualified = module.qualified(node) or ""
    origin, _, name = qualified.rpartition(".")
    return name if name in _MARKERS and f"{origin}.".startswith(_VOCABULARIES) else None


def _optional_meaning(module: Module, inner: ast.expr) -> Meaning:
    meaning = read_annotation(module, inner)
    if meaning.output:
        raise NotUnderstood("an output cannot be optional", f"write {ast.unparse(inner)}")
    return replace(meaning, optional=True)


def _subscript(module: Module, owner: str | None, argument: ast.expr, node: ast.expr) -> Meaning:
    if owner not in {"Input", "Output"}:
        raise _unknown(node)
    argument = unquoted(argument)
    name = marker(module, argument)
    if name in ARTIFACTS:
        output = owner == "Output"
        return Meaning(type=name, kind=Kind.ARTIFACT, passing=Passing.ARTIFACT, output=output)
    if plain := parameter_type(module, argument):
        word = ast.unparse(argument)
        instead = f"OutputPath({word}), or return it" if owner == "Output" else word
        raise NotUnderstood(f"`{owner}[{word}]`: {plain} is a parameter, not an artifact", f"write {instead}")
    raise NotUnderstood(f"`{ast.unparse(node)}` is not an artifact type", f"one of {', '.join(ARTIFACTS)}")


def _call(module: Module, owner: ast.expr, arguments: list[ast.expr], node: ast.expr) -> Meaning:
    name = marker(module, owner)
    if name in {"InputTextFile", "InputBinaryFile", "OutputTextFile", "OutputBinaryFile"}:
        instead = "InputPath" if name.startswith("Input") else "OutputPath"
        raise NotUnderstood(f"`{name}` hands over an open file", f"write {instead}(…) and open it")
    if name not in {"InputPath", "OutputPath"} or len(arguments) > 1:
        raise _unknown(node)
    output = name == "OutputPath"
    strips = (module.qualified(owner) or "").startswith(_STRIPPING)
    argument = unquoted(arguments[0], types=False) if arguments else ast.Constant("Artifact")
    artifact = marker(module, argument)
    if artifact in ARTIFACTS:
        return Meaning(type=artifact, kind=Kind.ARTIFACT, passing=Passing.PATH, output=output, strips=strips)
    text = argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None
    plain = parameter_type(module, argument) if text is None else None
    plain = plain or _PARAMETER_NAMES.get((text or "").lower())
    if plain and not output:
        word = _KFP_TYPES[plain]
        advice = f"write {word}, or name a type of your own"
        raise NotUnderstood(f"`{ast.unparse(node)}`: {plain} is passed by value, not by path", advice)
    if plain:
        return Meaning(type=plain, kind=Kind.PARAMETER, passing=Passing.PATH, output=True, strips=strips)
    if text:
        return Meaning(type=text, kind=Kind.ARTIFACT, passing=Passing.PATH, output=output, strips=strips)
    raise NotUnderstood(f"`{ast.unparse(node)}`: the type is neither a name nor an artifact class", f"{name}('CSV')")


def _optional(module: Module, node: ast.expr) -> ast.expr | None:
    """Give T of `Optional[T]`, `Union[T, None]` and `T | None`; None when it is none of them."""
    match node:
        case ast.Subscript(value=owner, slice=inner) if _typing_name(module, owner) == "Optional":
            return inner
        case ast.Subscript(value=owner, slice=ast.Tuple(elts=parts)) if _typing_name(module, owner) == "Union":
            kept = [part for part in parts if not _is_none(part)]
            return kept[0] if len(kept) == 1 < len(parts) else None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right) if _is_none(right) or _is_none(left):
            return left if _is_none(right) else right
        case _:
            return None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _typing_name(module: Module, node: ast.expr) -> str | None:
    qualified = module.qualified(node)
    if qualified is None or qualified in module.classes:
        return None
    origin, _, name = qualified.rpartition(".")
    return name if not origin or origin in _TYPING or origin == "builtins" else None


def unquoted(node: ast.expr, *, types: bool = True) -> ast.expr:
    """Read an annotation in quotes; with `types` False a text stays the name of a type."""
    if types and isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            inner = ast.parse(node.value.strip(), mode="eval").body
        except SyntaxError:
            return node
        return ast.copy_location(inner, node)
    return node


def _unknown(node: ast.expr) -> NotUnderstood:
    text = ast.unparse(node)
    known = "str, int, float, bool, list, dict, Optional[…], Input[Dataset], Output[Model], InputPath(…), OutputPath(…)"
    name = text.rpartition(".")[2].partition("[")[0]
    if name in {"Literal", "Enum"}:
        return NotUnderstood(f"`{text}` has no form in KFP", "write str, and check the value in the function")
    if isinstance(node, ast.Name) and name in _MARKERS:
        return NotUnderstood(f"`{text}` is not imported", f"add `from toolkit.types import {name}`")
    return NotUnderstood(f"`{text}` is no annotation that a component can have", f"use one of {known}")
