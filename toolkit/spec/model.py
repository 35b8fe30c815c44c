"""The component specification and its placeholders, as plain data.

Follows KFP's component-spec form as its loaders read it (kfp 1.8.22, `kfp/components/_structures.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from toolkit.errors import InputError
from toolkit.interface.model import Interface

PlaceholderKind = Literal[
    "inputValue", "inputPath", "inputUri", "outputPath", "outputUri", "inputMetadata", "inputOutputPortName"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class PortPlaceholder:
    """`{inputValue: name}` and its relatives: stands for the value, path or URI of one port.

    `inputMetadata` and `inputOutputPortName` are known to KFP 1.8's v2-compatible mode alone.
    """

    kind: PlaceholderKind
    port: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorInputPlaceholder:
    """`{executorInput: null}`: KFP 2's description of the whole call, as JSON text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputMetadataPlaceholder:
    """`{outputMetadata: null}`: where KFP 1.8's v2-compatible mode wants the outputs' metadata."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConcatPlaceholder:
    """`{concat: [...]}`: its items joined to one argument."""

    items: "tuple[Argument, ...]"


@dataclass(frozen=True, kw_only=True, slots=True)
class IsPresent:
    """`{isPresent: input}`, the condition that both KFP lines understand."""

    input: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IfPlaceholder:
    """`{if: {cond, then, else}}`: one of two lists of arguments, spliced in place.

    `condition` is an IsPresent, or what KFP 1.8 alone also takes: a bool, a text, an `{inputValue: …}`.
    """

    condition: IsPresent | PortPlaceholder | bool | str
    then: "tuple[Argument, ...]"
    otherwise: "tuple[Argument, ...]" = ()


Argument = (
    str | PortPlaceholder | ExecutorInputPlaceholder | OutputMetadataPlaceholder | ConcatPlaceholder | IfPlaceholder
)


def _empty() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """`implementation.container`. `file_outputs` maps outputs to fixed paths (KFP 1.8 only)."""

    image: str
    command: tuple[Argument, ...] = ()
    args: tuple[Argument, ...] = ()
    env: Mapping[str, str] = field(default_factory=_empty)
    file_outputs: Mapping[str, str] = field(default_factory=_empty)


def _nothing() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphInput:
    """`{graphInput: {inputName}}`: what the graph itself was given; `type` overrides the input's own."""

    input: str
    type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskOutput:
    """`{taskOutput: {taskId, outputName}}`: what another task made."""

    task: str
    output: str
    type: str = ""


TaskArgument = str | int | float | bool | GraphInput | TaskOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class Predicate:
    """A condition of `isEnabled`: one operator of the form (`==`, `not`, `and`, …) over one or two operands."""

    operator: str
    operands: "tuple[Predicate | TaskArgument, ...]"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentReference:
    """Which component a task runs: by name, digest, tag or URL, or written out in full."""

    name: str = ""
    digest: str = ""
    tag: str = ""
    url: str = ""
    spec: "ComponentSpec | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One step of a graph. `cache_staleness` is a duration of RFC 3339, such as `P30D`."""

    component: ComponentReference
    arguments: Mapping[str, TaskArgument]
    enabled: Predicate | TaskArgument | None = None
    max_retries: int | None = None
    cache_staleness: str | None = None
    annotations: Mapping[str, object] = field(default_factory=_nothing)


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """`implementation.graph`: tasks by their ids, and where the graph's outputs come from (KFP 1.8 only)."""

    tasks: Mapping[str, Task]
    outputs: Mapping[str, TaskArgument]


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentSpec:
    """One component: metadata, interface, and what runs; `version` is that of the form."""

    name: str
    description: str
    interface: Interface
    implementation: Container | Graph | None
    annotations: Mapping[str, str] = field(default_factory=_empty)
    labels: Mapping[str, str] = field(default_factory=_empty)
    version: str = ""

    @property
    def container(self) -> Container:
        """The container. Raises InputError for a component without one."""
        if isinstance(self.implementation, Container):
            return self.implementation
        if self.implementation is None:
            raise InputError(
                f"the component {self.name!r} has no implementation", hint="add implementation.container.image"
            )
        raise InputError(
            f"the component {self.name!r} is a graph of other components, it has no container",
            hint=f"use its tasks one by one: {', '.join(self.implementation.tasks) or 'there are none'}",
        )
