"""Inputs, outputs and the binding of both to a Python function, as plain data."""

from dataclasses import dataclass
from enum import StrEnum

from toolkit.errors import Location

# The parameter types of the KFP component specification, v1 names (kfp.dsl.types.type_utils).
PARAMETER_TYPES = ("String", "Integer", "Float", "Boolean", "JsonArray", "JsonObject")


# The artifact classes of KFP 2 (kfp.dsl.types.artifact_types).
ARTIFACT_TYPES = (
    *("Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics"),
    *("HTML", "Markdown"),
)


class Kind(StrEnum):
    """A parameter is passed as text on the command line, an artifact as the path of a file or folder."""

    PARAMETER = "parameter"
    ARTIFACT = "artifact"


class Passing(StrEnum):
    """What the function receives: the value, a path, or an object with `.path`, `.uri` and `.metadata`."""

    VALUE = "value"
    PATH = "path"
    ARTIFACT = "artifact"


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One input. `default` is the text of the contract (`'1.0'`, `'true'`, JSON), None when there is none."""

    name: str
    type: str
    kind: Kind
    description: str = ""
    default: str | None = None
    optional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One output."""

    name: str
    type: str
    kind: Kind
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interface:
    """What a component takes and gives; order is the order of the contract."""

    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """How one Python parameter is fed: from the input or output called `port`."""

    parameter: str
    port: str
    output: bool
    passing: Passing


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function read from source: where it is, its interface, and how to call it.

    `returns` names the outputs that come from the return value, in order; with `returns_tuple` the function
    returns one value for each of them (a NamedTuple), otherwise the value itself.
    `packages` and `base` come from a `@dsl.component(...)` decorator, when there is one.
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
