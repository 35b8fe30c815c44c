"""Inputs, outputs and the binding of both to a Python function, as plain data."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from toolkit.errors import Location
from toolkit.findings import Finding

# The parameter types of the KFP component specification, v1 names (kfp.dsl.types.type_utils).
PARAMETER_TYPES = ("String", "Integer", "Float", "Boolean", "JsonArray", "JsonObject")


# The artifact classes of KFP 2 (kfp.dsl.types.artifact_types).
ARTIFACT_TYPES = (
    *("Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics"),
    *("HTML", "Markdown"),
)

_BOOLEANS = {"true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "t", "f"}

Scalar = str | int | float | bool

# What the launcher makes of a value's JSON: a parameter type's name, or `("list", of)`, `("dict", of)`,
# `("optional", of)`, `("choices", values)`, and `("class", name)` for an enumeration or a record of the module.
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
    """Tell whether a text is a value of a parameter type, whose name may be in any case; a String may be any."""
    try:
        match type_.lower():
            case "integer":
                int(text)
            case "float":
                return math.isfinite(float(text))
            case "boolean":
                return text.lower() in _BOOLEANS
            case "jsonarray":
                return isinstance(json.loads(text), list)
            case "jsonobject":
                return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
    return True


def _empty() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One input. `default` is the text of the contract (`'1.0'`, `'true'`, JSON), None when there is none.

    `choices` are all the values that it may have, none meaning any. `many` says that it is a list of artifacts.
    KFP has a word for neither: contracts carry them as the annotations `choices` and `list`. `annotations` are
    those of others, JSON values by name.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One output; `many` and `annotations` as for an input."""

    name: str
    type: str
    kind: Kind
    description: str = ""
    many: bool = False
    annotations: Mapping[str, object] = field(default_factory=_empty)


@dataclass(frozen=True, kw_only=True, slots=True)
class Interface:
    """What a component takes and gives; order is the order of the contract."""

    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """How one Python parameter is fed: from the input or output called `port`.

    `mode` is that of an open file (`r`, `rb`, `w`, `wb`); `shape` is what becomes of a value beyond its type.
    """

    parameter: str
    port: str
    output: bool
    passing: Passing
    mode: str = ""
    shape: Shape | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function read from source: where it is, its interface, and how to call it.

    `returns` names the outputs that come from the return value, in order; with `returns_tuple` the function
    returns one value for each of them (a NamedTuple), otherwise the value itself.
    `packages`, `base` and `image` come from a `@dsl.component(...)` decorator, when there is one. `remarks` are
    what its author should know.
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
