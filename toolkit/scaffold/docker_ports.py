"""The interface of an image's program, and the words that pass it: a contract without comp's launcher.

Engines replace placeholders in a command line, and that is all: what needs more, such as a flag without a value, keeps
the program's own default.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import UsageError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.scaffold.overrides import Override
from toolkit.scaffold.program import ProgramContract
from toolkit.spec.model import Argument, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.protocol import PROGRAM

_FORMS = {
    "switch": "a flag without a value",
    "list": "several words",
    "each": "a repeated flag",
    "comma": "a list with commas",
    "count": "a repeated flag",
    "assign": "NAME=VALUE in one word",
    "truth": "an empty text for false",
    "yaml": "a notebook's parameter",
    "variable": "a variable of the environment",
}
_NONE: Mapping[str, object] = MappingProxyType({})


class Ports(Struct, frozen=True, kw_only=True):
    """The inputs and outputs, the arguments that pass them, and a sentence about each guess and each thing left out."""

    interface: Interface = Interface()
    arguments: tuple[Argument, ...] = ()
    notes: tuple[str, ...] = ()


def ports_of_program(contract: ProgramContract) -> Ports:
    """Return the ports that engines can pass to a program, options first and positional ones last."""
    inputs: list[Input] = []
    outputs: list[Output] = []
    before: list[Argument] = []
    options: list[Argument] = []
    positional: list[Argument] = []
    notes = list(contract.guesses)
    order = {option.name: place for place, option in enumerate(contract.program.options)}
    ports: list[Input | Output] = [*contract.interface.inputs, *contract.interface.outputs]
    for port in sorted(ports, key=lambda port: order.get(port.name.rstrip("_"), len(order))):
        words = port.annotations.get(PROGRAM)
        known: dict[str, Any] = dict(words) if isinstance(words, Mapping) else {}
        if why := _unwritable(known):
            notes.append(_left_out(port, why))
            continue
        if isinstance(port, Input):
            inputs.append(replace(port, annotations=_NONE))
        else:
            outputs.append(replace(port, annotations=_NONE))
            notes += [f"{port.name}: the program expects this folder; it has to make it itself"] * ("folder" in known)
        flag = str(known.get("flag", ""))
        place = before if "before" in known else options if flag else positional
        place += _arguments(port, flag)
    return Ports(
        interface=Interface(inputs=tuple(inputs), outputs=tuple(outputs)),
        arguments=(*before, *contract.program.subcommand.split(), *options, *positional),
        notes=tuple(notes),
    )


def declared_ports(overrides: Sequence[Override]) -> Ports | None:
    """Return the ports that the user declares, each passed as `--name` and its value or path; None without any.

    Raises UsageError for names that are none, or equal.
    """
    if not overrides:
        return None
    inputs: list[Input] = []
    outputs: list[Output] = []
    arguments: list[Argument] = []
    seen: set[str] = set()
    for override in overrides:
        name = override.name.lstrip("-").replace("-", "_")
        if not name.isidentifier() or not name.isascii() or name in seen:
            raise UsageError(
                f"{override.name!r} is {'declared twice' if name in seen else 'not the name of an option'}",
                hint="write --input NAME:value:TYPE, --input NAME:path or --output NAME",
            )
        seen.add(name)
        port = _declared(name, override)
        if isinstance(port, Input):
            inputs.append(port)
        else:
            outputs.append(port)
        arguments += _arguments(port, f"--{override.name.lstrip('-')}")
    return Ports(
        interface=Interface(inputs=tuple(inputs), outputs=tuple(outputs)),
        arguments=tuple(arguments),
    )


def _declared(name: str, override: Override) -> Input | Output:
    """Return the port of one `--input` or `--output`; a text unless it says more."""
    if override.output:
        return Output(name=name, type=override.type or "Artifact", kind=Kind.ARTIFACT)
    if override.kind == "path":
        return Input(name=name, type=override.type or "Artifact", kind=Kind.ARTIFACT)
    return Input(name=name, type=override.type or "String", kind=Kind.PARAMETER)


def _arguments(port: Input | Output, flag: str) -> list[Argument]:
    """Return the words of one port, inside `if` where its caller may leave it out."""
    if isinstance(port, Output):
        words: tuple[Argument, ...] = (PortPlaceholder(kind="outputPath", port=port.name),)
    elif port.kind is Kind.ARTIFACT:
        words = (PortPlaceholder(kind="inputPath", port=port.name),)
    else:
        words = (PortPlaceholder(kind="inputValue", port=port.name),)
    words = (flag, *words) if flag else words
    # KFP 2's server cannot resolve a bare parameter if the caller leaves it to its default.
    if isinstance(port, Input) and (port.optional or port.default is not None):
        return [IfPlaceholder(condition=IsPresent(input=port.name), then=words)]
    return list(words)


def _unwritable(words: Mapping[str, Any]) -> str:
    """Return why no engine can write the words of an option, empty if it can."""
    if form := str(words.get("form", "")):
        return _FORMS.get(form, form)
    if words.get("quoted") or words.get("nested"):
        return "a value that is written as Python"
    return ""


def _left_out(port: Input | Output, why: str) -> str:
    needed = isinstance(port, Output) or (not port.optional and port.default is None)
    keeps = "write its words into component.yaml" if needed else "its default stays"
    return f"{port.name} is left out, since it is {why}, which engines cannot write: {keeps}"
