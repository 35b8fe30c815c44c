"""Protocol 1: the command lines of contracts, and the `interface.json` that the launcher reads (docs/protocol-1.md)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.digest import canonical_json
from toolkit.errors import InputError
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.model import Function, Input, Interface, Kind, Output
from toolkit.spec.model import (
    Argument,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    PlaceholderKind,
    PortPlaceholder,
)

PROTOCOL = 1
# The minor version of Python 3 that has `-P`, which keeps the launcher's folder off the import path.
SAFE_PATH_SINCE = 11
# No port's flag has a colon.
VALUES_FLAG = "--comp:values"
# The annotation of a port that describes its words on a program's command line.
PROGRAM = "program"

# Words of the launcher among the flags (docs/protocol-1.md).
_RESERVED = ("--outputs", "--executor-input")
_NOT_IN_A_FLAG = re.compile(r"[^A-Za-z0-9]+")


def flag(name: str) -> str:
    """Return the flag of a port: `--training-data` for `training_data`."""
    return "--" + _NOT_IN_A_FLAG.sub("-", name)


def function_command(
    name: str, function: Function, *, python: str, safe_path: bool
) -> tuple[tuple[Argument, ...], tuple[Argument, ...]]:
    """Return command and args of a function's contract; `safe_path` adds `-P`, which Python knows since 3.11.

    Raises InputError if two inputs, or two outputs, would have the same flag.
    """
    _check_flags(function.interface)
    args = [*_inputs(function.interface.inputs), *_outputs(function.interface.outputs)]
    return _launcher(name, python, safe_path=safe_path), (*args, *_executor_input())


def program_command(
    name: str, interface: Interface, argv: Sequence[Argument], *, python: str, safe_path: bool
) -> tuple[tuple[Argument, ...], tuple[Argument, ...]]:
    """Return command and args of a program's contract.

    The launcher gets the outputs, and the inputs with an annotation `program`, and turns them into words; `argv`
    are the program's other words.
    """
    _check_flags(interface)
    inputs = [port for port in interface.inputs if PROGRAM in port.annotations]
    args = [*_inputs(inputs), *_outputs(interface.outputs), *_executor_input(), "--", *argv]
    return _launcher(name, python, safe_path=safe_path), tuple(args)


def interface_document(entries: Sequence[tuple[str, Function | Interface]]) -> bytes:
    """Return `interface.json`: the interface of each component, and how to call those that are functions."""
    components = {name: _component(entry) for name, entry in entries}
    document = {"protocol": PROTOCOL, "components": components}
    # Equal interfaces have equal bytes, which are part of the image's digest.
    return canonical_json(document) + b"\n"


def _launcher(name: str, python: str, *, safe_path: bool) -> tuple[Argument, ...]:
    """Return the words that start the launcher for one component."""
    return (python, *(("-P",) if safe_path else ()), absolute(LAUNCHER), name)


def _inputs(inputs: Sequence[Input]) -> list[Argument]:
    """Return flag and value or path of each input, inside `if` where the input may be absent."""
    args: list[Argument] = []
    for port in inputs:
        kind: PlaceholderKind = "inputValue" if port.kind is Kind.PARAMETER else "inputPath"
        pair: tuple[Argument, ...] = (flag(port.name), PortPlaceholder(kind=kind, port=port.name))
        # KFP 2's server cannot resolve a bare parameter if the caller leaves it to its default.
        if (port.optional and port.default is None) or (port.default is not None and port.kind is Kind.PARAMETER):
            args.append(IfPlaceholder(condition=IsPresent(input=port.name), then=pair))
        else:
            args += pair
    return args


def _outputs(outputs: Sequence[Output]) -> list[Argument]:
    """Return the separator, then flag and path of each output: an input may have the same flag."""
    pairs: list[Argument] = ["--outputs"] if outputs else []
    for port in outputs:
        pairs += [flag(port.name), PortPlaceholder(kind="outputPath", port=port.name)]
    return pairs


def _executor_input() -> tuple[Argument, ...]:
    """Return the last pair: KFP 2's description of the call, from which the launcher takes values and presence."""
    return ("--executor-input", ExecutorInputPlaceholder())


def _check_flags(interface: Interface) -> None:
    """Raise InputError for flags that are the launcher's, or equal but for case."""
    for what, ports in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        seen: dict[str, str] = {}
        for port in ports:
            if flag(port.name) in _RESERVED:
                raise InputError(
                    f"{port.name!r} cannot name one of the {what}: {flag(port.name)} belongs to the launcher",
                    hint="rename it",
                )
            other = seen.setdefault(flag(port.name).lower(), port.name)
            if other != port.name:
                raise InputError(
                    f"the {what} {other!r} and {port.name!r} have the same flag {flag(port.name)}",
                    hint="rename one of them: KFP 2 would merge them too",
                )


def _component(entry: Function | Interface) -> dict[str, Any]:
    """Return what `interface.json` has about one component; for a function also which parameter takes each port."""
    interface = entry.interface if isinstance(entry, Function) else entry
    inputs = [_port(port) for port in interface.inputs]
    outputs = [_port(port) for port in interface.outputs]
    if not isinstance(entry, Function):
        return {"inputs": inputs, "outputs": outputs}
    for binding in entry.bindings:
        for port in outputs if binding.output else inputs:
            if port["name"] == binding.port:
                port |= {"parameter": binding.parameter, "passing": str(binding.passing)}
                more = {"mode": binding.mode, "shape": binding.shape}
                port |= {key: value for key, value in more.items() if value}
    for position, name in enumerate(entry.returns):
        for port in outputs:
            if port["name"] == name:
                port["return"] = position
    return {
        "function": f"{entry.module}:{entry.name}",
        "inputs": inputs,
        "outputs": outputs,
        "returns_tuple": entry.returns_tuple,
    }


def _port(port: Input | Output) -> dict[str, Any]:
    """Return what `interface.json` has about a port; keys of unusual properties are left out unless they apply."""
    described: dict[str, Any] = {
        "name": port.name,
        "flag": flag(port.name),
        "type": port.type,
        "kind": str(port.kind),
    }
    if isinstance(port, Input):
        # Protocol 1 has the word for inputs without a default in the contract.
        described["optional"] = port.optional and port.default is None
        if port.default is not None and port.kind is Kind.PARAMETER:
            described["default"] = port.default
        if port.choices:
            described["choices"] = list(port.choices)
        if port.many:
            described["many"] = True
    if isinstance(port.annotations.get(PROGRAM), Mapping):
        described[PROGRAM] = port.annotations[PROGRAM]
    return described
