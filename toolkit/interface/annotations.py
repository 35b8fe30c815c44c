"""Read an annotation as a parameter, a path or an artifact, in both vocabularies of KFP and `toolkit.types`."""

import ast

from msgspec import Struct
from msgspec.structs import replace

from toolkit.interface.model import ARTIFACT_TYPES as ARTIFACTS
from toolkit.interface.model import Kind, Passing, Scalar, Shape
from toolkit.interface.module import Module
from toolkit.interface.values import NotUnderstood, followed, optional, read_value, typing_name

# kfp 2.17 `dsl/types/type_annotations.py`, kfp 1.8.22 `components/_python_op.py`.
_VOCABULARIES = ("kfp.dsl.", "kfp.v2.dsl.", "kfp.components.", "toolkit.types.")
# KFP 1's module, whose annotations take suffixes such as `_path` off the names of ports.
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
# Only KFP 2's own executor passes these.
_INJECTED = {"PipelineTaskFinalStatus", "TaskConfig", "EmbeddedInput"}
_MARKERS = {"Input", "Output", *_PATHS, *_MODES, *_INJECTED, *ARTIFACTS}

# The names of parameter types that KFP 2 knows (kfp 2.17, `dsl/types/type_utils.py`), in lower case.
_PARAMETER_NAMES = {
    **dict.fromkeys(("string", "str", "text"), "String"),
    **dict.fromkeys(("integer", "int"), "Integer"),
    **dict.fromkeys(("float", "double"), "Float"),
    **dict.fromkeys(("boolean", "bool"), "Boolean"),
    **dict.fromkeys(("jsonarray", "list"), "JsonArray"),
    **dict.fromkeys(("jsonobject", "dict"), "JsonObject"),
}
# Types that KFP has no form for, and what to write instead.
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


class Meaning(Struct, frozen=True, kw_only=True):
    """An annotation that was read.

    `suffixes`, such as `_path`, are not part of the port's name in KFP 1. `description` is the text in
    `Annotated[…, "text"]`. The other fields are those of `Input` and `Binding`.
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
    """Return what an annotation means. Raises NotUnderstood."""
    node = followed(module, node)
    if isinstance(node, ast.Subscript) and typing_name(module, node.value) == "Annotated":
        return _annotated(module, node)
    inner = optional(module, node)
    if inner is not None:
        return _optional_meaning(module, inner)
    many = _listed_artifact(module, node)
    # Before values, since `List[Dataset]` is not a list of values.
    if many:
        return Meaning(type=many, kind=Kind.ARTIFACT, passing=Passing.ARTIFACT, many=True)
    value = read_value(module, node)
    if value:
        return Meaning(
            type=value.type, kind=Kind.PARAMETER, passing=Passing.VALUE, choices=value.choices, shape=value.shape
        )
    # Only words of a vocabulary, with or without arguments, and artifact classes remain.
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
    """Return the bare name of a word of the vocabularies, `Input` for `d.Input`; None for anything else."""
    qualified = module.qualified(node) or ""
    origin, _, name = qualified.rpartition(".")
    if not origin and name in _MARKERS and name not in module.classes:
        # `from kfp.dsl import *`
        origin = next((star for star in module.stars if f"{star}.".startswith(_VOCABULARIES)), "")
    return name if name in _MARKERS and f"{origin}.".startswith(_VOCABULARIES) else None


def artifact_type(module: Module, node: ast.expr) -> str | None:
    """Return the type of an artifact class: its name for KFP's own, else its schema title; None for other classes.

    Google Cloud's components name each class as its schema, so that library need not be read.
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
    """Return the schema title that a class assigns, without KFP's prefix `system.`."""
    for part in definition.body:
        match part:
            case ast.Assign(targets=[ast.Name(id="schema_title")], value=ast.Constant(value=str(title))):
                return title.removeprefix("system.")
    return None


def _annotated(module: Module, node: ast.Subscript) -> Meaning:
    """Read `Annotated[T, "description"]`."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not parts:
        raise _unknown(module, node)
    meaning = read_annotation(module, parts[0])
    texts = [part.value for part in parts[1:] if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return replace(meaning, description=texts[0]) if texts else meaning


def _optional_meaning(module: Module, inner: ast.expr) -> Meaning:
    """Read `Optional[inner]`."""
    meaning = read_annotation(module, inner)
    if meaning.output:
        raise NotUnderstood("an output cannot be optional", f"write {ast.unparse(inner)}")
    return replace(meaning, optional=True)


def _listed_artifact(module: Module, node: ast.expr) -> str | None:
    """Return the artifact type of `List[Dataset]`, None for other annotations."""
    match node:
        case ast.Subscript(value=owner, slice=argument) if typing_name(module, owner) in {"List", "list"}:
            return artifact_type(module, followed(module, argument))
        case _:
            return None


def _subscript(module: Module, owner: str | None, argument: ast.expr, node: ast.expr) -> Meaning:
    """Read `Input[…]` and `Output[…]`."""
    if owner not in {"Input", "Output"}:
        raise _unknown(module, node)
    argument = followed(module, argument)
    output = owner == "Output"
    name, many = artifact_type(module, argument), _listed_artifact(module, argument)
    if many and output:
        raise NotUnderstood(
            f"`{ast.unparse(node)}`: KFP has lists of artifacts as inputs only",
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
    """Read `InputPath(…)`, `OutputTextFile(…)` and their relatives."""
    name = marker(module, owner)
    if name not in {*_PATHS, *_MODES} or len(arguments) > 1:
        raise _unknown(module, node)
    output = name.startswith("Output")
    passing, mode = (Passing.FILE, _MODES[name]) if name in _MODES else (Passing.PATH, "")
    kfp1 = (module.qualified(owner) or "").startswith(_STRIPPING)
    # As `components/_python_op.py` of kfp 1.8.22 strips them.
    suffixes = (("_file",) if mode else ("_path", "_file")) if kfp1 else ()
    # KFP takes empty parentheses as any artifact.
    argument = arguments[0] if arguments else ast.Constant("Artifact")
    type_, kind = _file_type(module, argument, node, name)
    # KFP 2 writes output parameters to a path, and passes input parameters by value only.
    if kind is Kind.PARAMETER and not output:
        advice = f"write {_KFP_TYPES[type_]}, or name a type of your own"
        raise NotUnderstood(f"`{ast.unparse(node)}`: {type_} is passed by value, not by path", advice)
    return Meaning(type=type_, kind=kind, passing=passing, output=output, suffixes=suffixes, mode=mode)


def _file_type(module: Module, argument: ast.expr, node: ast.expr, name: str) -> tuple[str, Kind]:
    """Return the type and kind of the file of `InputPath(argument)` and its relatives."""
    artifact = artifact_type(module, argument)
    if artifact:
        return artifact, Kind.ARTIFACT
    # In KFP 1 a type is any text; those that KFP knows as parameter types are values.
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
        plain = _PARAMETER_NAMES.get(argument.value.lower())
        return (plain, Kind.PARAMETER) if plain else (argument.value, Kind.ARTIFACT)
    if value := None if isinstance(argument, ast.Constant) else read_value(module, argument):
        return value.type, Kind.PARAMETER
    raise NotUnderstood(f"`{ast.unparse(node)}`: the type is neither a name nor an artifact class", f"{name}('CSV')")


def _unknown(module: Module, node: ast.expr) -> NotUnderstood:  # noqa: PLR0911 (one for each form)
    """Return the reason why an annotation cannot be read, with what to write instead."""
    text = ast.unparse(node)
    name = text.partition("[")[0].partition("(")[0].rpartition(".")[2]
    if marker(module, node) in _INJECTED or name in _INJECTED:
        return NotUnderstood(f"only KFP 2's own executor passes `{text}`", "take what is needed as an input")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return NotUnderstood(
            f"{text} in quotes is not the name of a type", f"write InputPath({text}) for a file, str for a value"
        )
    if isinstance(node, ast.IfExp | ast.Call) and name not in _MARKERS:
        return NotUnderstood(f"`{text}` is not known before the code runs", "write the type itself")
    if isinstance(node, ast.Dict):
        return NotUnderstood(f"`{text}` is not a type", "write InputPath('…') for a file, str for a value")
    if isinstance(node, ast.BinOp):
        return NotUnderstood(f"`{text}` is more than one type", _INSTEAD["Union"])
    if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) and name in _MARKERS:
        return _elsewhere(module, node, text, name)
    if name in {"Literal", "Optional", "List", "Dict", "Annotated"}:
        return NotUnderstood(f"`{text}` is not imported", f"add `from typing import {name}`")
    possible = "str, int, float, bool, list, dict, Optional[…], Literal[…], Input[Dataset], Output[Model], InputPath(…)"
    return NotUnderstood(
        f"a component cannot have the annotation `{text}`", _INSTEAD.get(name, f"use one of {possible}")
    )


def _elsewhere(module: Module, node: ast.expr, text: str, name: str) -> NotUnderstood:
    """Return the reason for a name of the vocabularies that is imported from another module, or not at all."""
    head = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript) else node
    origin = (module.qualified(head) or "").rpartition(".")[0]
    if not origin:
        return NotUnderstood(f"`{text}` is not imported", f"add `from toolkit.types import {name}`")
    return NotUnderstood(
        f"`{text}` comes from {origin}, expected kfp.dsl, kfp.components or toolkit.types",
        f"write `from toolkit.types import {name}`, which needs nothing installed",
    )
