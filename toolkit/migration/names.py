"""Names that KFP 2 cannot use, or takes for one another."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from toolkit.edits import Edit, Rename, Replace
from toolkit.errors import InputError
from toolkit.forms.ir import ir_name
from toolkit.interface.function import sanitised
from toolkit.interface.model import Input, Output
from toolkit.lint.walk import arguments
from toolkit.migration.arguments import with_kinds
from toolkit.migration.change import Left, Step
from toolkit.spec.document import Place
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    Container,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)
from toolkit.spec.reader import ComponentDocument

_LONGEST = 128


def component_name(document: ComponentDocument) -> Iterator[Step | Left]:
    """Give a component a name that KFP 2 can use, where it has one that it cannot."""
    name = document.spec.name
    # Without a name both lines make one up.
    if ("name",) not in document.places or _is_usable(name) or _is_null(document):
        return
    short = _shortened(name) if _is_usable(_shortened(name)) else _name_of_file(document)
    if not _is_usable(short):
        yield Left(
            kind="name",
            at=("name",),
            why=f"KFP 2 cannot make a name of {name[:60]!r}",
            advice=f"name it with at most {_LONGEST} ASCII letters and digits",
        )
        return
    reason = "is too long" if sanitised(name) else "has no ASCII letter or digit"
    yield Step(
        kind="name",
        at=("name",),
        why=f"the name {name[:60]!r} {reason}, so that KFP 2 cannot compile the component",
        written=f"name: {short}",
        edits=(Replace(("name",), short),),
        expected=lambda spec: replace(spec, name=short),
    )


def port_names(document: ComponentDocument) -> Iterator[Step | Left]:
    """Give ports that KFP 2 would merge the names by which KFP 1.8's callers know them."""
    interface = document.spec.interface
    sides: dict[str, Sequence[Input | Output]] = {"inputs": interface.inputs, "outputs": interface.outputs}
    for side, ports in sides.items():
        named = kfp1_names([port.name for port in ports])
        keys = [sanitised(port.name) for port in ports]
        for index, port in enumerate(ports):
            if not keys[index]:
                yield _without_letters(side, index, port)
            elif keys[index][0].isdigit():
                why = f"KFP 2 refuses {port.name!r}, since it begins with a digit"
                yield _renamed(document, side, index, port, named[port.name], why)
            elif keys.count(keys[index]) > 1 and sanitised(named[port.name]) != keys[index]:
                why = f"KFP 2 knows {port.name!r} as {keys[index]!r}, as another of the {side}, and merges the two"
                yield _renamed(document, side, index, port, named[port.name], why)


def kfp1_names(names: Sequence[str]) -> dict[str, str]:
    """Return the name by which Python calls each port in KFP 1.8 (`generate_unique_name_conversion_table`)."""
    named = {name: name for name in names if _pythonic(name) == name}
    taken = set(named)
    for name in names:
        if name not in named:
            free = _pythonic(name)
            number = 2
            while free in taken:
                free = f"{_pythonic(name)}_{number}"
                number += 1
            named[name] = free
            taken.add(free)
    return named


def _pythonic(name: str) -> str:
    """Return a name as KFP 1.8 writes it in Python (kfp 1.8.22, `components/_naming.py`)."""
    words = re.sub(r" +", " ", re.sub(r"[\W_]", " ", name.lower())).strip()
    return ("n" + words if words[:1].isdigit() else words).replace(" ", "_")


def _renamed(document: ComponentDocument, side: str, index: int, port: Input | Output, name: str, why: str) -> Step:
    """Rename a port everywhere."""
    place: Place = (side, index, "name")
    is_input = side == "inputs"
    edits: list[Edit] = [Replace(place, name)]
    for at, argument in arguments(document):
        edits += (Replace(each, name) for each in _named_at(at, argument, port.name, is_input=is_input))
    container = document.spec.implementation
    if not is_input and isinstance(container, Container) and port.name in container.file_outputs:
        edits.append(Rename(("fileOutputs", port.name), name))
    return Step(
        kind="port-name",
        at=place,
        why=why,
        written=f"name: {name}, as KFP 1.8's callers know it already",
        edits=tuple(edits),
        expected=lambda spec: _with_name(spec, side, index, name),
        rule="C015" if sanitised(port.name)[0].isdigit() else "C014",
    )


def _named_at(at: Place, argument: Argument, name: str, *, is_input: bool) -> Iterator[Place]:
    """Yield the places in an argument that name a port."""
    match argument:
        case PortPlaceholder(kind=kind, port=port) if port == name and kind.startswith("input") == is_input:
            yield (*at, kind)
        case IfPlaceholder(condition=IsPresent(input=tested)) if is_input and tested == name:
            yield (*at, "cond", "isPresent")
        case IfPlaceholder(condition=PortPlaceholder(port=tested)) if is_input and tested == name:
            yield (*at, "cond", "inputValue")


def _with_name(spec: ComponentSpec, side: str, index: int, name: str) -> ComponentSpec:
    """Return the contract with another name of a port."""
    ports: list[Any] = list(spec.interface.inputs if side == "inputs" else spec.interface.outputs)
    renamed = {ports[index].name: name}
    ports[index] = replace(ports[index], name=name)
    interface = replace(spec.interface, **{side: tuple(ports)})
    container = spec.container
    is_input = side == "inputs"
    command, args = (
        tuple(_with_names(item, renamed, is_input=is_input) for item in items)
        for items in (container.command, container.args)
    )
    files = container.file_outputs
    if not is_input:
        files = MappingProxyType({renamed.get(key, key): value for key, value in files.items()})
    container = replace(container, command=command, args=args, file_outputs=files)
    return with_kinds(replace(spec, interface=interface, implementation=container))


def _with_names(argument: Argument, renamed: Mapping[str, str], *, is_input: bool) -> Argument:
    """Return an argument with the new names of ports."""
    match argument:
        case PortPlaceholder() if argument.kind.startswith("input") == is_input:
            return replace(argument, port=renamed.get(argument.port, argument.port))
        case ConcatPlaceholder():
            return replace(
                argument, items=tuple(_with_names(item, renamed, is_input=is_input) for item in argument.items)
            )
        case IfPlaceholder(condition=condition):
            if isinstance(condition, IsPresent) and is_input:
                condition = IsPresent(input=renamed.get(condition.input, condition.input))
            elif isinstance(condition, PortPlaceholder) and is_input:
                condition = replace(condition, port=renamed.get(condition.port, condition.port))
            then, otherwise = (
                tuple(_with_names(item, renamed, is_input=is_input) for item in items)
                for items in (argument.then, argument.otherwise)
            )
            return IfPlaceholder(condition=condition, then=then, otherwise=otherwise)
        case _:
            return argument


def _without_letters(side: str, index: int, port: Input | Output) -> Left:
    """Leave a name without a letter that KFP 2 keeps."""
    return Left(
        kind="port-name",
        at=(side, index, "name"),
        why=f"the name {port.name!r} has no ASCII letter or digit, and KFP 2 keeps those alone",
        advice="rename it here and where pipelines name it",
        rule="C015",
    )


def _is_usable(name: str) -> bool:
    """Return whether KFP 2 can compile a component with a name."""
    try:
        ir_name(name)
    except InputError:
        return False
    return True


def _is_null(document: ComponentDocument) -> bool:
    """Return whether the name is null, which counts as missing."""
    where = document.places[("name",)]
    line = document.lines[(where.line or 1) - 1]
    return not document.spec.name and not line[(where.column or 1) - 1 :].lstrip().startswith(("'", '"'))


def _shortened(name: str) -> str:
    """Return the first words of a name that fit."""
    kept = name[: _LONGEST + 1]
    return name if len(name) <= _LONGEST else (kept.rpartition(" ")[0] or kept[:_LONGEST]).rstrip()


def _name_of_file(document: ComponentDocument) -> str:
    """Return a name made of the file's, or of its folder's for component.yaml."""
    path = document.path
    stem = path.stem if path.stem != "component" else path.absolute().parent.name
    words = re.sub(r"[-_.\s]+", " ", stem).strip()
    return words[:1].upper() + words[1:]
