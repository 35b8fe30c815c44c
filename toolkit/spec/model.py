"""The component specification and its placeholders, as plain data.

Follows KFP's component-spec form as its loaders read it (kfp 1.8.22, `kfp/components/_structures.py`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct, field

from toolkit.errors import InputError
from toolkit.interface.model import Interface

PlaceholderKind = Literal[
    "inputValue", "inputPath", "inputUri", "outputPath", "outputUri", "inputMetadata", "inputOutputPortName"
]


class PortPlaceholder(Struct, frozen=True, kw_only=True):
    """`{inputValue: name}` and its relatives: the value, path or URI of one port.

    Only KFP 1.8's v2-compatible mode knows `inputMetadata` and `inputOutputPortName`.
    """

    kind: PlaceholderKind
    port: str


class ExecutorInputPlaceholder(Struct, frozen=True, kw_only=True):
    """`{executorInput: null}`: KFP 2's description of the whole call, as JSON text."""


class OutputMetadataPlaceholder(Struct, frozen=True, kw_only=True):
    """`{outputMetadata: null}`: the path of the outputs' metadata in KFP 1.8's v2-compatible mode."""


class ConcatPlaceholder(Struct, frozen=True, kw_only=True):
    """`{concat: [...]}`: one argument made of several items."""

    items: "tuple[Argument, ...]"


class IsPresent(Struct, frozen=True, kw_only=True):
    """`{isPresent: input}`, the condition that both KFP lines understand."""

    input: str


class IfPlaceholder(Struct, frozen=True, kw_only=True):
    """`{if: {cond, then, else}}`: one of two lists of arguments, spliced in place.

    `condition` is an IsPresent, or one that only KFP 1.8 takes: a bool, a text, an `{inputValue: …}`.
    """

    condition: IsPresent | PortPlaceholder | bool | str
    then: "tuple[Argument, ...]"
    otherwise: "tuple[Argument, ...]" = ()


Argument = (
    str | PortPlaceholder | ExecutorInputPlaceholder | OutputMetadataPlaceholder | ConcatPlaceholder | IfPlaceholder
)


def _empty() -> Mapping[str, str]:
    """Return the default of a mapping: before Python 3.12 a mapping proxy has no hash, so a field cannot hold one."""
    return MappingProxyType({})


class Container(Struct, frozen=True, kw_only=True):
    """`implementation.container`. `file_outputs` maps outputs to fixed paths (KFP 1.8 only)."""

    image: str
    command: tuple[Argument, ...] = ()
    args: tuple[Argument, ...] = ()
    env: Mapping[str, str] = field(default_factory=_empty)
    file_outputs: Mapping[str, str] = field(default_factory=_empty)


class Graph(Struct, frozen=True, kw_only=True):
    """`implementation.graph`, which only KFP 1.8 reads, as JSON data: tasks by id, and the source of each output.

    Nothing here runs a graph, so its tasks have no types of their own; the linter checks them.
    """

    tasks: Mapping[str, Any]
    outputs: Mapping[str, Any]


class ComponentSpec(Struct, frozen=True, kw_only=True):
    """One component: metadata, interface and implementation; `version` is that of the form."""

    name: str
    description: str
    interface: Interface
    implementation: Container | Graph | None
    annotations: Mapping[str, str] = field(default_factory=_empty)
    labels: Mapping[str, str] = field(default_factory=_empty)
    version: str = ""

    @property
    def container(self) -> Container:
        """The container. Raises InputError for a component that has none."""
        if isinstance(self.implementation, Container):
            return self.implementation
        if self.implementation is None:
            raise InputError(
                f"the component {self.name!r} has no implementation", hint="add implementation.container.image"
            )
        raise InputError(
            f"the component {self.name!r} is a graph of other components, it has no container",
            hint=f"use its tasks one by one: {', '.join(self.implementation.tasks) or 'it has none'}",
        )
