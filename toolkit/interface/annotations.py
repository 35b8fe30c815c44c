"""What an annotation means: a parameter, a path, or an artifact. Both vocabularies of KFP, and `toolkit.types`."""

import ast
from dataclasses import dataclass, replace

from toolkit.interface.model import ARTIFACT_TYPES as ARTIFACTS
from toolkit.interface.model import Kind, Passing, Scalar, Shape
from toolkit.interface.module import Module
from toolkit.interface.refusal import NotUnderstood
from toolkit.interface.values import followed, optional, read_value, typing_name, unquoted

# kfp 2.17 `dsl/types/type_annotations.py`, kfp 1.8.22 `components/_python_op.py`.
_VOCABULARIES = ("kfp.dsl.", "kfp.v2.dsl.", "kfp.components.", "toolkit.types.")
_STRIPPING = "kfp.components"
# google-cloud-pipeline-components, `types/artifact_types.py`: each class has the schema title `google.` and its name.
_GOOGLE = (
    "google_cloud_pipeline_components.types",
    "google_cloud_pipeline_components.google_cloud_pipeline_components",
)
_KFP_TYPES = {
    "String": "str",
    "Integer": "int",
    "Float": "float",
    "Boolean": "bool",
    "JsonArray": "list",
    "JsonObject": "dict",
}
_MODES = {"InputTextFile": "r", "InputBinaryFile": "rb", "OutputTextFile": "w", "OutputBinaryFile": "wb"}
_PATHS = {"InputPath", "OutputPath"}
# What KFP's own executor fills in; no other engine could.
_INJECTED = {"PipelineTaskFinalStatus", "TaskConfig", "EmbeddedInput"}
_MARKERS = {"Input", "Output", *_PATHS, *_MODES, *_INJECTED, *ARTIFACTS}

# What KFP 2 takes for parameter types (kfp 2.17, `dsl/types/type_utils.py`), without regard to case.
_PARAMETER_NAMES = {
    **dict.fromkeys(("string", "str", "text"), "String"),
    **dict.fromkeys(("integer", "int"), "Integer"),
    **dict.fromkeys(("float", "double"), "Float"),
    **dict.fromkeys(("boolean", "bool"), "Boolean"),
    **dict.fromkeys(("jsonarray", "list"), "JsonArray"),
    **dict.fromkeys(("jsonobject", "dict"), "JsonObject"),
}
# What people write for types that KFP has no form for, and what to write instead.
_INSTEAD = {
    **dict.fromkeys(("tuple", "Tuple", "set", "Set", "frozenset", "FrozenSet", "Iterable"), "write list"),
    **dict.fromkeys(("bytes", "bytearray"), "take a file: InputPath('Bytes')"),
    **dict.fromkeys(("Any", "object"), "write the type it has: str, int, float, bool, list or dict"),
    **dict.fromkeys(("datetime", "date", "time", "timedelta", "Decimal", "UUID"), "write str and parse it"),
    **dict.fromkeys(("Path", "PurePath", "PathLike"), "write InputPath('…') for a file, OutputPath('…') for a result"),
    **dict.fromkeys(("TextIO", "BinaryIO", "IO"), "write InputTextFile('…') or OutputTextFile('…')"),
    **dict.fromkeys(("DataFrame", "Series", "ndarray", "Tensor"), "take Input[Dataset] and read the file"),
    "complex": "write two floats",
    "Callable": "name the function in a str",
    "Union": "write one type; JSON would not tell them apart",
    "ClassVar": "write the type inside",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """A read annotation. `suffixes` are KFP 1's, such as `_path`, that are not part of the port's name.

    `description` is the text in an `Annotated[…]`; the rest is as in `Input` and `Binding`.
    """

    type: str
    kind: Kind
    passing: Passing
    output: bool = False
    optional: bool = False
    suffixes: tuple[str, ...] = ()
    choices: tuple[Scalar, ...] = ()
    many: bool = False
    mode: str = ""
    shape: Shape | None = None
    description: str = ""


def read_annotation(module: Module, node: ast.expr) -> Meaning:  # noqa: PLR0911 (one for each form)
    """Say what an annotation means. Raises NotUnderstood."""
    node = followed(module, node)
    if isinstance(node, ast.Subscript) and typing_name(module, node.value) == "Annotated":
        return _annotated(module, node)
    inner = optional(module, node)
    if inner is not None:
        return _optional_meaning(module, inner)
    many = _listed_artifact(module, node)
    if many:
        return Meaning(type=many, kind=Kind.ARTIFACT, passing=Passing.ARTIFACT, many=True)
    value = read_value(module, node)
    if value:
        return Meaning(
            type=value.type, kind=Kind.PARAMETER, passing=Passing.VALUE, choices=value.choices, shape=value.shape
        )
    name, artifact = marker(module, node), artifact_type(module, node)
    match node:
        case ast.Subscript(value=owner, slice=argument):
            return _subscript(module, marker(module, owner), argument, node)
        case ast.Call(func=owner, args=arguments, keywords=[]):
            return _call(module, owner, arguments, node)
    if artifact:
        return Meaning(type=artifact, kind=Kind.ARTIFACT, passing=Passing.ARTIFACT)
    if name in {*_PATHS, *_MODES}:
        raise NotUnderstood(f"`{name}` without parentheses", f"write {name}('CSV') or {name}(Dataset)")
    raise _unknown(module, node)


def marker(module: Module, node: ast.expr) -> str | None:
    """Give the bare name of a word of the vocabularies, `Input` for `d.Input`; None for anything else."""
    qualified = module.qualified(node) or ""
    origin, _, name = qualified.rpartition(".")
    if not origin and name in _MARKERS and name not in module.classes:
        # `from kfp.dsl import *`
        origin = next((star for star in module.stars if f"{star}.".startswith(_VOCABULARIES)), "")
    return name if name in _MARKERS and f"{origin}.".startswith(_VOCABULARIES) else None


def artifact_type(module: Module, node: ast.expr) -> str | None:
    """Give the type of an artifact class: KFP's own by its name, others by their schema title; None for no artifact.

    A class of a library is known by its name alone: Google Cloud's components name them as their schemas.
    """
    name = marker(module, node)
    if name in ARTIFACTS:
        return name
    home, definition = module.find_class(node) or (module, None)
    if definition is not None:
        bases = (artifact_type(home, base) for base in definition.bases)
        inherited = next((base for base in bases if base), None)
        return _schema_title(definition) or inherited if inherited else None
    origin, _, own = (module.qualified(node) or "").rpartition(".")
    return f"google.{own}" if origin.startswith(_GOOGLE) and own.isidentifier() else None


def _schema_title(definition: ast.ClassDef) -> str | None:
    for part in definition.body:
        match part:
            case ast.Assign(targets=[ast.Name(id="schema_title")], value=ast.Constant(value=str(title))):
                return title.removeprefix("system.")
    return None


def _annotated(module: Module, node: ast.Subscript) -> Meaning:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not parts:
        raise _unknown(module, node)
    meaning = read_annotation(module, parts[0])
    texts = [part.value for part in parts[1:] if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return replace(meaning, description=texts[0]) if texts else meaning


def _optional_meaning(module: Module, inner: ast.expr) -> Meaning:
    meaning = read_annotation(module, inner)
    if meaning.output:
        raise NotUnderstood("an output cannot be optional", f"write {ast.unparse(inner)}")
    return replace(meaning, optional=True)


def _listed_artifact(module: Module, node: ast.expr) -> str | None:
    """Give the artifact type of `List[Dataset]`."""
    match node:
        case ast.Subscript(value=owner, slice=argument) if typing_name(module, owner) in {"List", "list"}:
            return artifact_type(module, followed(module, argument))
        case _:
            return None


def _subscript(module: Module, owner: str | None, argument: ast.expr, node: ast.expr) -> Meaning:
    if owner not in {"Input", "Output"}:
        raise _unknown(module, node)
    argument = followed(module, argument)
    output = owner == "Output"
    name, many = artifact_type(module, argument), _listed_artifact(module, argument)
    if many and output:
        raise NotUnderstood(
            f"`{ast.unparse(node)}`: KFP takes lists of artifacts and gives none",
            f"write a folder: Output[{many}], a file for each inside",
        )
    if name or many:
        type_ = many or name or ""
        return Meaning(type=type_, kind=Kind.ARTIFACT, passing=Passing.ARTIFACT, output=output, many=many is not None)
    if plain := read_value(module, argument):
        word = ast.unparse(argument)
        instead = f"OutputPath({word}), or return it" if output else word
        raise NotUnderstood(f"`{owner}[{word}]`: {plain.type} is a parameter, not an artifact", f"write {instead}")
    raise NotUnderstood(f"`{ast.unparse(node)}` is not an artifact type", f"one of {', '.join(ARTIFACTS)}")


def _call(module: Module, owner: ast.expr, arguments: list[ast.expr], node: ast.expr) -> Meaning:
    name = marker(module, owner)
    if name not in {*_PATHS, *_MODES} or len(arguments) > 1:
        raise _unknown(module, node)
    output = name.startswith("Output")
    passing, mode = (Passing.FILE, _MODES[name]) if name in _MODES else (Passing.PATH, "")
    kfp1 = (module.qualified(owner) or "").startswith(_STRIPPING)
    suffixes = (("_file",) if mode else ("_path", "_file")) if kfp1 else ()
    argument = unquoted(arguments[0], types=False) if arguments else ast.Constant("Artifact")
    type_, kind = _file_type(module, argument, node, name)
    if kind is Kind.PARAMETER and not output:
        advice = f"write {_KFP_TYPES[type_]}, or name a type of your own"
        raise NotUnderstood(f"`{ast.unparse(node)}`: {type_} is passed by value, not by path", advice)
    return Meaning(type=type_, kind=kind, passing=passing, output=output, suffixes=suffixes, mode=mode)


def _file_type(module: Module, argument: ast.expr, node: ast.expr, name: str) -> tuple[str, Kind]:
    """Say of what type the file of an `InputPath(…)` or its relatives is."""
    artifact = artifact_type(module, argument)
    if artifact:
        return artifact, Kind.ARTIFACT
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
        plain = _PARAMETER_NAMES.get(argument.value.lower())
        return (plain, Kind.PARAMETER) if plain else (argument.value, Kind.ARTIFACT)
    if value := None if isinstance(argument, ast.Constant) else read_value(module, argument):
        return value.type, Kind.PARAMETER
    raise NotUnderstood(f"`{ast.unparse(node)}`: the type is neither a name nor an artifact class", f"{name}('CSV')")


def _unknown(module: Module, node: ast.expr) -> NotUnderstood:  # noqa: PLR0911 (one for each form)
    text = ast.unparse(node)
    name = text.partition("[")[0].partition("(")[0].rpartition(".")[2]
    if marker(module, node) in _INJECTED or name in _INJECTED:
        return NotUnderstood(f"`{text}` is filled in by KFP 2's own executor alone", "take what is needed as an input")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return NotUnderstood(f"{text} in quotes names no type", f"write InputPath({text}) for a file, str for a value")
    if isinstance(node, ast.IfExp | ast.Call) and name not in _MARKERS:
        return NotUnderstood(f"`{text}` is known when the code runs and not before", "write the type itself")
    if isinstance(node, ast.Dict):
        return NotUnderstood(f"`{text}` is no type", "write InputPath('…') for a file, str for a value")
    if isinstance(node, ast.BinOp):
        return NotUnderstood(f"`{text}` is more than one type", _INSTEAD["Union"])
    if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) and name in _MARKERS:
        return _elsewhere(module, node, text, name)
    if name in {"Literal", "Optional", "List", "Dict", "Annotated"}:
        return NotUnderstood(f"`{text}` is not imported", f"add `from typing import {name}`")
    known = "str, int, float, bool, list, dict, Optional[…], Literal[…], Input[Dataset], Output[Model], InputPath(…)"
    return NotUnderstood(
        f"`{text}` is no annotation that a component can have", _INSTEAD.get(name, f"use one of {known}")
    )


def _elsewhere(module: Module, node: ast.expr, text: str, name: str) -> NotUnderstood:
    """Say where a word of the vocabularies comes from, when that is not one of them."""
    head = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript) else node
    origin = (module.qualified(head) or "").rpartition(".")[0]
    if not origin:
        return NotUnderstood(f"`{text}` is not imported", f"add `from toolkit.types import {name}`")
    return NotUnderstood(
        f"`{text}` comes from {origin}, expected kfp.dsl, kfp.components or toolkit.types",
        f"write `from toolkit.types import {name}`, which needs nothing installed",
    )
