"""Resolve a contract's command line as an engine does before it starts the container."""

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.errors import InputError
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    OutputMetadataPlaceholder,
    PortPlaceholder,
)

# What KFP 1.8 and Argo put in the place of {executorInput}: they do not know it.
NO_EXECUTOR_INPUT = "{{$}}"
# Linux: MAX_ARG_STRLEN, 32 pages, less the zero at the end.
LONGEST_ARGUMENT = (128 << 10) - 1
_TRUE = {"true", "yes", "on", "1", "y", "t"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    values: Mapping[str, str]
    input_paths: Mapping[str, str]
    output_paths: Mapping[str, str]
    inputs: frozenset[str]


def resolve_command(
    spec: ComponentSpec, *, values: Mapping[str, str], input_paths: Mapping[str, str], output_paths: Mapping[str, str]
) -> list[str]:
    """Give the container's whole command line; all three mappings are by port name.

    An input in neither `values` nor `input_paths` is absent; defaults are the caller's business. As in KFP 1.8,
    the argument of an absent optional input is dropped, and `then` and `else` are spliced in place. Raises
    InputError for a required input that is absent, and for a port that the contract does not declare.
    """
    inputs = frozenset(port.name for port in spec.interface.inputs)
    call = _Call(values=values, input_paths=input_paths, output_paths=output_paths, inputs=inputs)
    optional = {port.name for port in spec.interface.inputs if port.optional}
    container = spec.container
    return [text for argument in (*container.command, *container.args) for text in _resolve(argument, call, optional)]


def _resolve(argument: Argument, call: _Call, optional: set[str]) -> list[str]:
    match argument:
        case str():
            return [argument]
        case ExecutorInputPlaceholder():
            return [NO_EXECUTOR_INPUT]
        case ConcatPlaceholder():
            return ["".join(text for item in argument.items for text in _resolve(item, call, optional))]
        case IfPlaceholder():
            chosen = argument.then if _holds(argument, call) else argument.otherwise
            return [text for item in chosen for text in _resolve(item, call, optional)]
        case OutputMetadataPlaceholder() | PortPlaceholder(kind="inputMetadata" | "inputOutputPortName"):
            known = argument.kind if isinstance(argument, PortPlaceholder) else "outputMetadata"
            raise InputError(f"nothing can stand for {{{known}: …}}: only KFP 1.8's v2-compatible mode knows it")
        case PortPlaceholder():
            return _port(argument, call, optional)


def _holds(argument: IfPlaceholder, call: _Call) -> bool:
    match argument.condition:
        case IsPresent(input=name):
            return name in call.values or name in call.input_paths
        case PortPlaceholder(port=name):
            return call.values.get(name, "").lower() in _TRUE
        case bool():
            return argument.condition
        case str():
            return argument.condition.lower() in _TRUE


def _port(argument: PortPlaceholder, call: _Call, optional: set[str]) -> list[str]:
    if argument.kind.startswith("output"):
        if argument.port not in call.output_paths:
            raise _undeclared("output", argument.port)
        return [call.output_paths[argument.port]]
    given = call.values if argument.kind == "inputValue" else call.input_paths
    if argument.port in given:
        return [given[argument.port]]
    if argument.port in optional:
        return []
    if argument.port not in call.inputs:
        raise _undeclared("input", argument.port)
    raise InputError(f"the input {argument.port!r} is required", hint=f"give it: -i {argument.port}=…")


def _undeclared(direction: str, name: str) -> InputError:
    return InputError(
        f"the contract's arguments use the {direction} {name!r}, which it does not declare",
        hint=f"declare it under {direction}s; `comp lint` shows where it is used",
    )
