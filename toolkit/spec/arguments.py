"""Resolve the command line of a contract, as an engine does before it starts the container."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.interface.model import TRUE_WORDS
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

# The text that KFP 1.8 and Argo, which do not know {executorInput}, leave in its place.
NO_EXECUTOR_INPUT = "{{$}}"
# MAX_ARG_STRLEN of Linux, 32 pages, without the zero at the end.
LONGEST_ARGUMENT = (128 << 10) - 1


def resolve_command(
    spec: ComponentSpec,
    *,
    values: Mapping[str, str],
    input_paths: Mapping[str, str],
    output_paths: Mapping[str, str],
    executor_input: str = NO_EXECUTOR_INPUT,
) -> list[str]:
    """Return the container's whole command line; the keys of the mappings are names of ports.

    An input in neither `values` nor `input_paths` is absent: the caller fills in defaults. As in KFP 1.8, the
    argument of an absent optional input is dropped, and `then` and `else` are spliced in place. Raises InputError
    for a missing required input, and for a port that the contract does not declare.
    """
    call = _Call(
        values=values,
        input_paths=input_paths,
        output_paths=output_paths,
        optional={port.name: port.optional for port in spec.interface.inputs},
    )
    container = spec.container
    arguments = (*container.command, *container.args)
    return [word for argument in arguments for word in resolve(argument, call.port, call.holds, executor_input)]


def resolve(
    argument: Argument,
    port: Callable[[PortPlaceholder], list[str]],
    holds: Callable[[IfPlaceholder], bool],
    executor_input: str = NO_EXECUTOR_INPUT,
) -> list[str]:
    """Return the words of one argument: none if it is dropped, several for a branch of `if`.

    `port` returns the words of a port's value or path, and `holds` whether a condition is true.
    """
    match argument:
        case str():
            return [argument]
        case ExecutorInputPlaceholder():
            return [executor_input]
        case ConcatPlaceholder():
            return ["".join(word for item in argument.items for word in resolve(item, port, holds, executor_input))]
        case IfPlaceholder():
            branch = argument.then if holds(argument) else argument.otherwise
            return [word for item in branch for word in resolve(item, port, holds, executor_input)]
        case OutputMetadataPlaceholder() | PortPlaceholder(kind="inputMetadata" | "inputOutputPortName"):
            kind = argument.kind if isinstance(argument, PortPlaceholder) else "outputMetadata"
            raise InputError(f"{{{kind}: …}} has no value: only KFP 1.8's v2-compatible mode knows it")
        case PortPlaceholder():
            return port(argument)


class _Call(Struct, frozen=True, kw_only=True):
    """One call of the component; `optional` has for each declared input whether it may be absent."""

    values: Mapping[str, str]
    input_paths: Mapping[str, str]
    output_paths: Mapping[str, str]
    optional: Mapping[str, bool]

    def holds(self, argument: IfPlaceholder) -> bool:
        """Return whether the condition is true, as KFP 1.8 decides it."""
        match argument.condition:
            case IsPresent(input=name):
                return name in self.values or name in self.input_paths
            case PortPlaceholder(port=name):
                return self.values.get(name, "").lower() in TRUE_WORDS
            case bool():
                return argument.condition
            case str():
                # KFP 1.8 applies `strtobool` to the text of any other condition.
                return argument.condition.lower() in TRUE_WORDS

    def port(self, argument: PortPlaceholder) -> list[str]:
        """Return the value or path of a port; empty for an absent optional input."""
        name = argument.port
        if argument.kind.startswith("output"):
            if name not in self.output_paths:
                raise _undeclared("output", name)
            return [self.output_paths[name]]
        passed = self.values if argument.kind == "inputValue" else self.input_paths
        if name in passed:
            return [passed[name]]
        if name not in self.optional:
            raise _undeclared("input", name)
        # The flag before it stays, so the arguments shift: rule C024 reports a contract that allows this.
        if self.optional[name]:
            return []
        raise InputError(f"the input {name!r} is required", hint=f"give it: -i {name}=…")


def _undeclared(direction: str, name: str) -> InputError:
    """Return the error for a placeholder of a port that the contract does not declare."""
    return InputError(
        f"the contract's arguments use the {direction} {name!r}, which it does not declare",
        hint=f"declare it under {direction}s; `comp lint` shows where it is used",
    )
