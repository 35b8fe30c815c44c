"""Types that KFP 2 takes for another kind of port than the command line does.

KFP 2 knows six parameter types, and takes every other type, and a missing one, for an artifact's. It refuses the value
of an artifact and the path of a parameter (kfp 2.17, `check_primitive_placeholder_is_used_for_correct_io_type` in
`dsl/pipeline_task.py`). KFP 1.8 compares the names of types alone, so the ports of a collection change together.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.digest import canonical_json
from toolkit.edits import Add, Edit, Quote, Remove, Replace
from toolkit.interface.model import Input, Kind, Output
from toolkit.lint.walk import arguments, ports
from toolkit.migration.arguments import with_input, with_kinds
from toolkit.migration.change import Left, Step
from toolkit.migration.defaults import is_unquoted, passed_default
from toolkit.spec.document import Place
from toolkit.spec.model import ComponentSpec, Container, PortPlaceholder
from toolkit.spec.reader import ComponentDocument, is_parameter_type, short_type, uses_of

# Where a port's former type is kept: it says what the text is, and lets a later run know the type as one of values.
ANNOTATION = "kfp1_type"
# Other names of KFP 2's parameter types stay as they are.
_TEXT = "String"


class Evidence(Struct, frozen=True):
    """The names of types that contracts pass by value, and by path."""

    by_value: frozenset[str] = frozenset()
    by_path: frozenset[str] = frozenset()

    def is_text(self, name: str) -> bool:
        """Return whether ports of a type hold texts wherever they are passed."""
        return name in self.by_value and name not in self.by_path


def evidence(specs: Iterable[ComponentSpec]) -> Evidence:
    """Return how the inputs of contracts are passed, by the names of their types."""
    by_value: set[str] = set()
    by_path: set[str] = set()
    for spec in specs:
        if not isinstance(spec.implementation, Container):
            continue
        values, paths = uses_of(spec.implementation)
        for port in spec.interface.inputs:
            former = port.annotations.get(ANNOTATION)
            name = type_name(_written(former) if former is not None else port.type)
            if name and not is_parameter_type(name):
                by_value |= {name} if port.name in values else set()
                by_path |= {name} if port.name in paths else set()
    return Evidence(frozenset(by_value), frozenset(by_path))


def type_name(type_: str) -> str:
    """Return the name in a type that may be a structure: `GCSPath` for `{GCSPath: {data_type: CSV}}`."""
    if not type_.startswith(("{", "[")):
        return type_
    try:
        data = json.loads(type_)
    except (ValueError, RecursionError):
        return type_
    first = next(iter(data), "")
    return first if isinstance(first, str) else ""


def list_types(document: ComponentDocument) -> Iterator[Step | Left]:
    """Write a type that is a list, or an empty mapping, as one type or none."""
    for place, port in ports(document):
        names = _written_data(port.type)
        # A text may look like a list, and is a type's name.
        if not isinstance(names, list) and names != {}:
            continue
        single = next((name for name in names if isinstance(name, str)), "") if len(names) == 1 else ""
        at = (*place, "type")
        yield Step(
            kind="list-type",
            at=at,
            why=f"the type of {port.name!r} is {'empty' if port.type in {'{}', '[]'} else 'a list'}, "
            "which KFP 2 cannot load",
            written=f"type: {single}" if single else "no type: it goes with every artifact",
            edits=(Replace(at, single) if single else Remove(at),),
            expected=partial(_with_type, place=place, type_=single),
            rule="C033" if port.type in {"{}", "[]"} else "C034",
        )


def input_types(document: ComponentDocument) -> Iterator[Step | Left]:
    """Give inputs a type of the kind that the command line takes."""
    values, paths = uses_of(document.spec.container)
    for index, port in enumerate(document.spec.interface.inputs):
        parameter = is_parameter_type(port.type)
        by_value, by_path = port.name in values, port.name in paths
        if by_value and by_path:
            yield _both_kinds(document, index, port)
        elif by_value and not parameter:
            yield _as_parameter(document, index, port)
        elif by_path and parameter:
            yield _as_artifact(index, port)


def output_types(document: ComponentDocument, known: Evidence) -> Iterator[Step | Left]:
    """Give outputs whose type is one of values a parameter's type, so that they still go with those inputs."""
    by_uri = {
        argument.port
        for _, argument in arguments(document)
        if isinstance(argument, PortPlaceholder) and argument.kind == "outputUri"
    }
    for index, port in enumerate(document.spec.interface.outputs):
        name, place = type_name(port.type), ("outputs", index)
        if port.name in by_uri or is_parameter_type(port.type):
            continue
        if is_parameter_type(name):
            why = f"the type of the output {port.name!r} is a structure: for KFP 2 it is a value and a file at once"
            yield _retyped(document, place, port, short_type(name), why)
        elif known.is_text(name):
            why = f"inputs of type {name} are values here and become {_TEXT}, so the output {port.name!r} must too"
            yield _retyped(document, place, port, _TEXT, why)


def _as_parameter(document: ComponentDocument, index: int, port: Input) -> Step:
    """Give an input that is passed by value the type of a text, or the parameter type in its structure."""
    place, name = ("inputs", index), type_name(port.type)
    type_ = short_type(name) if is_parameter_type(name) else _TEXT
    described = f"of type {name}" if name else "without a type"
    why = f"the input {port.name!r} {described} is an artifact for KFP 2, which refuses to pass its value"
    step = _retyped(document, place, port, type_, why)
    default, edits = _passed_default(document, index, port, type_)
    if not edits:
        return step
    former = step.expected
    return replace(
        step,
        written=f"{step.written}, default: {default!r} as KFP 1.8 passes it",
        edits=(*step.edits, *edits),
        expected=lambda spec: with_input(
            former(spec), index, replace(former(spec).interface.inputs[index], default=default)
        ),
    )


def _passed_default(
    document: ComponentDocument, index: int, port: Input, type_: str
) -> tuple[str | None, tuple[Edit, ...]]:
    """Return a default without quotes as the text that KFP 1.8 passes, and the edits that write it."""
    place: Place = ("inputs", index, "default")
    if port.default is None or type_ != _TEXT or not is_unquoted(document, place):
        return port.default, ()
    passed = passed_default(document, index)
    return passed, (Quote(place),) if passed == port.default else (Replace(place, passed),)


def _as_artifact(index: int, port: Input) -> Step:
    """Take the parameter's type from an input that is passed by path: without a type it goes with every file."""
    at = ("inputs", index, "type")
    edits: tuple[Edit, ...] = (Remove(at), Add(("inputs", index, "annotations"), ANNOTATION, port.type))
    if not port.annotations:
        edits = (Remove(at), Add(("inputs", index), "annotations", {ANNOTATION: port.type}, after="name"))
    return Step(
        kind="artifact-type",
        at=at,
        why=f"the input {port.name!r} of type {port.type} is a value for KFP 2, which refuses to pass its path",
        written="no type: it goes with every output in KFP 1.8, and with every artifact in KFP 2",
        edits=edits,
        expected=partial(_with_type, place=("inputs", index), type_="", former=port.type),
        rule="C032",
    )


def _both_kinds(document: ComponentDocument, index: int, port: Input) -> Left:
    """Leave an input that the command line takes in both ways."""
    at: Place = ("inputs", index)
    return Left(
        kind="value-and-path",
        at=at if at in document.places else ("inputs",),
        why=f"the input {port.name!r} is passed by value and by path, and KFP 2 allows one of them",
        advice="declare a second input, or let the program write the value into a file",
        rule="C032",
    )


def _retyped(document: ComponentDocument, place: Place, port: Input | Output, type_: str, why: str) -> Step:
    """Give a port another type, and keep the former one in its annotations."""
    at = (*place, "type")
    written = at in document.places
    edits: tuple[Edit, ...] = (Replace(at, type_),) if written else (Add(place, "type", type_, after="name"),)
    if port.type:
        former = _written_data(port.type)
        if (*place, "annotations") in document.places:
            edits += (Add((*place, "annotations"), ANNOTATION, former),)
        else:
            edits += (Add(place, "annotations", {ANNOTATION: former}, after="type"),)
    return Step(
        kind="value-type" if place[0] == "inputs" else "output-type",
        at=at if written else place,
        why=why,
        written=f"type: {type_}"
        + (f", and {type_name(port.type)} in the annotation {ANNOTATION}" if port.type else ""),
        edits=edits,
        expected=partial(_with_type, place=place, type_=type_, former=port.type),
        rule="C032" if place[0] == "inputs" else "",
    )


def _with_type(spec: ComponentSpec, *, place: Place, type_: str, former: str = "") -> ComponentSpec:
    """Return the contract with another type of a port, whose former one is an annotation."""
    side, index = place[0], int(place[1])
    if side == "inputs":
        port = spec.interface.inputs[index]
        return with_input(spec, index, replace(port, type=type_, annotations=_annotated(port.annotations, former)))
    output = spec.interface.outputs[index]
    kind = Kind.PARAMETER if is_parameter_type(type_) else Kind.ARTIFACT
    output = replace(output, type=type_, kind=kind, annotations=_annotated(output.annotations, former))
    outputs = (*spec.interface.outputs[:index], output, *spec.interface.outputs[index + 1 :])
    return with_kinds(replace(spec, interface=replace(spec.interface, outputs=outputs)))


def _annotated(annotations: Mapping[str, object], former: str) -> Mapping[str, object]:
    """Return the annotations of a port with its former type."""
    return MappingProxyType({**annotations, ANNOTATION: _written_data(former)}) if former else annotations


def _written_data(type_: str) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a type of the model as the data that a contract has."""
    if not type_.startswith(("{", "[")):
        return type_
    try:
        value = json.loads(type_)
    except (ValueError, RecursionError):
        return type_
    return value if canonical_json(value, ascii_only=True).decode() == type_ else type_


def _written(former: object) -> str:
    """Return an annotation's type as the model has types."""
    return former if isinstance(former, str) else canonical_json(former, ascii_only=True).decode()
