"""Inputs, outputs and the way a Python function receives them, as plain data."""

import json
import math
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field

from toolkit.errors import Finding, Location

# The parameter types of the KFP component specification, v1 names (kfp.dsl.types.type_utils).
PARAMETER_TYPES = ("String", "Integer", "Float", "Boolean", "JsonArray", "JsonObject")

# The parameter type of a Python value, by its class.
PARAMETER_TYPE_OF: dict[type, str] = {
    str: "String",
    int: "Integer",
    float: "Float",
    bool: "Boolean",
    list: "JsonArray",
    tuple: "JsonArray",
    dict: "JsonObject",
}

# The artifact classes of KFP 2 (kfp.dsl.types.artifact_types).
ARTIFACT_TYPES = (
    *("Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics"),
    *("HTML", "Markdown"),
)

# The words for a Boolean, in any case (docs/protocol-1.md, "What the launcher does").
TRUE_WORDS = frozenset({"true", "1", "yes", "on", "y", "t"})
FALSE_WORDS = frozenset({"false", "0", "no", "off", "n", "f"})

Scalar = str | int | float | bool

# What the launcher makes of a value's JSON: a parameter type's name, or `("list", items)`, `("dict", values)`,
# `("optional", inner)`, `("choices", values)`, and `("class", name)` for an enumeration or a record of the module.
Shape = str | tuple[str, "Shape"] | tuple[str, tuple[Scalar, ...]]


class Kind(StrEnum):
    """A parameter is passed as text on the command line, an artifact as the path of a file or folder."""

    PARAMETER = "parameter"
    ARTIFACT = "artifact"


class Passing(StrEnum):
    """What the function receives: the value, a path, an open file, or an object with `.path`, `.uri`, `.metadata`."""

    VALUE = "value"
    PATH = "path"
    FILE = "file"
    ARTIFACT = "artifact"


def is_value(text: str, type_: str) -> bool:
    """Return whether a text is a value of a parameter type, whose name is not case-sensitive.

    Every text is a String, and a value of a type that is not a parameter type.
    """
    try:
        match type_.lower():
            case "integer":
                int(text)
            case "float":
                return math.isfinite(float(text))
            case "boolean":
                return text.lower() in TRUE_WORDS | FALSE_WORDS
            case "jsonarray":
                return isinstance(json.loads(text), list)
            case "jsonobject":
                return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        # `json` raises RecursionError for deeply nested texts.
        return False
    return True


def _empty() -> Mapping[str, object]:
    return MappingProxyType({})


class Input(Struct, frozen=True, kw_only=True):
    """One input.

    `default` is the text in the contract (`'1.0'`, `'true'`, JSON), None without one. `choices` are the allowed
    values, empty for any. `many` means a list of artifacts. KFP has no field for these two: contracts carry them as the
    annotations `choices` and `list`. `annotations` are all others, JSON values by name.
    """

    name: str
    type: str
    kind: Kind
    description: str = ""
    default: str | None = None
    optional: bool = False
    choices: tuple[Scalar, ...] = ()
    many: bool = False
    annotations: Mapping[str, object] = field(default_factory=_empty)


class Output(Struct, frozen=True, kw_only=True):
    """One output; `many` and `annotations` as for an input."""

    name: str
    type: str
    kind: Kind
    description: str = ""
    many: bool = False
    annotations: Mapping[str, object] = field(default_factory=_empty)


class Interface(Struct, frozen=True, kw_only=True):
    """The inputs and outputs of a component, in the order of the contract."""

    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()


class Binding(Struct, frozen=True, kw_only=True):
    """How one Python parameter gets its argument: from the input or output called `port`.

    `mode` is that of an open file (`r`, `rb`, `w`, `wb`). `shape` describes a value beyond its parameter type.
    """

    parameter: str
    port: str
    output: bool
    passing: Passing
    mode: str = ""
    shape: Shape | None = None


class Function(Struct, frozen=True, kw_only=True):
    """A function read from source: its place, its interface, and how to call it.

    `returns` names the outputs that come from the return value, in order. With `returns_tuple` the function returns a
    value for each of them (a NamedTuple), without it the one value. `packages`, `base` and `image` come from
    `@dsl.component(...)`. `remarks` are findings for its author that do not prevent a component.
    """

    module: str
    name: str
    where: Location
    title: str
    description: str
    interface: Interface
    bindings: tuple[Binding, ...]
    returns: tuple[str, ...] = ()
    returns_tuple: bool = False
    packages: tuple[str, ...] = ()
    base: str | None = None
    image: str | None = None
    remarks: tuple[Finding, ...] = ()
