"""The component specification and its placeholders, as plain data.

Follows KFP's component-spec form as its loaders read it (kfp 1.8.22, `kfp/components/_structures.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from toolkit.interface.model import Interface

PlaceholderKind = Literal["inputValue", "inputPath", "inputUri", "outputPath", "outputUri"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PortPlaceholder:
    """`{inputValue: name}` and its four relatives: stands for the value, path or URI of one port."""

    kind: PlaceholderKind
    port: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorInputPlaceholder:
    """`{executorInput: null}`: KFP 2's description of the whole call, as JSON text."""


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


Argument = str | PortPlaceholder | ExecutorInputPlaceholder | ConcatPlaceholder | IfPlaceholder


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


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentSpec:
    """One component: metadata, interface, container."""

    name: str
    description: str
    interface: Interface
    container: Container
    annotations: Mapping[str, str] = field(default_factory=_empty)
    labels: Mapping[str, str] = field(default_factory=_empty)
