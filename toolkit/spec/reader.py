"""Read `component.yaml` in KFP's component-spec form into the model, with every problem and its place.

Takes what kfp 1.8.22's loader takes (`kfp/components/_structures.py`), duplicate keys excepted. An input is a
parameter when its type is one of KFP's parameter types, or when the command line takes it by value and never
by path; an output when its type is one. A type that is a mapping is kept as JSON text.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from toolkit.errors import Location
from toolkit.findings import FindingsError
from toolkit.interface.model import Input, Interface, Kind, Output, Scalar
from toolkit.spec.document import LINE_BREAK, Place, Reading, boolean, compose, form, plain, read_text, texts
from toolkit.spec.graphs import read_graph
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    Container,
    Graph,
    IfPlaceholder,
    PortPlaceholder,
)
from toolkit.spec.placeholders import read_arguments

_TOP = ("name", "description", "metadata", "inputs", "outputs", "implementation", "version")
_CONTAINER = ("image", "command", "args", "env", "fileOutputs")
_INPUT = ("name", "type", "description", "default", "optional", "annotations")
_OUTPUT = ("name", "type", "description", "annotations")
# kfp 2.17, dsl/types/type_utils.py: names are compared without regard to case.
_PARAMETER_TYPES = {
    *("string", "str", "text", "integer", "int", "float", "double", "boolean", "bool"),
    *("jsonarray", "list", "jsonobject", "dict"),
}
# kfp 2.17, dsl/types/type_annotations.py (get_short_type_name): what is in brackets does not matter.
_SHORT_TYPE = re.compile(r"(?:typing\.)?(\w+)(?:\[.+\])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A contract with the places of its parts, such as `("inputs", 0, "default")` or `("image",)`."""

    spec: ComponentSpec
    text: str
    path: Path
    places: dict[Place, Location] = field(default_factory=dict)
    lines: Sequence[str] = ()


def read_component(path: Path) -> ComponentSpec:
    """Read the contract at `path`. Raises FindingsError with every problem found."""
    return read_document(path).spec


def parse_component(text: str, path: Path) -> ComponentSpec:
    """Parse a contract; `path` is only named in findings. Raises FindingsError with every problem found."""
    return parse_document(text, path).spec


def read_document(path: Path) -> Document:
    """Read the contract at `path` together with the places of its parts."""
    return parse_document(read_text(path), path)


def parse_document(text: str, path: Path) -> Document:
    """Parse a contract together with the places of its parts. Raises FindingsError."""
    reading = Reading(path)
    spec = _component(reading, compose(text, path))
    if reading.findings:
        raise FindingsError(
            tuple(sorted(reading.findings, key=lambda finding: (finding.where.line or 0, finding.where.column or 0)))
        )
    return Document(spec=spec, text=text, path=path, places=reading.places, lines=LINE_BREAK.split(text))


def is_parameter_type(name: str) -> bool:
    """Tell whether KFP passes this type by value: `String`, `typing.List[str]`."""
    return short_type(name).lower() in _PARAMETER_TYPES


def short_type(name: str) -> str:
    """Give a type as KFP 2 looks it up: `List` for `typing.List[str]`."""
    match = _SHORT_TYPE.fullmatch(name)
    return match[1] if match else name


def arguments_of(container: Container) -> Iterator[Argument]:
    """Give every argument of command and args, nested ones included."""
    waiting: list[Argument] = [*reversed(container.args), *reversed(container.command)]
    while waiting:
        argument = waiting.pop()
        yield argument
        if isinstance(argument, ConcatPlaceholder):
            waiting += reversed(argument.items)
        elif isinstance(argument, IfPlaceholder):
            waiting += [*reversed(argument.otherwise), *reversed(argument.then)]


def _component(reading: Reading, node: yaml.Node) -> ComponentSpec:
    if not isinstance(node, yaml.MappingNode):
        reading.error(
            "C001", node, f"the document is a {form(node)}, not a mapping", "a contract begins with `name: …`"
        )
        raise FindingsError(tuple(reading.findings))
    top = reading.mapping(node, "the component", _TOP)
    for key, value in top.items():
        reading.places[(key,)] = reading.at(value)
    metadata = reading.mapping(top["metadata"], "metadata", ("annotations", "labels")) if "metadata" in top else {}
    implementation = _implementation(reading, top)
    inputs = [_input(reading, part, index) for index, part in _parts(reading, top, "inputs")]
    outputs = [_output(reading, part, index) for index, part in _parts(reading, top, "outputs")]
    by_value, by_path = _uses(implementation) if isinstance(implementation, Container) else (set(), set())
    values = by_value - by_path
    return ComponentSpec(
        name=reading.text(top.get("name"), "name", nullable=True),
        description=reading.text(top.get("description"), "description", nullable=True),
        interface=Interface(inputs=tuple(_kinded(port, by_value=values) for port in inputs), outputs=tuple(outputs)),
        implementation=implementation,
        annotations=texts(reading, metadata.get("annotations"), "annotations"),
        labels=texts(reading, metadata.get("labels"), "labels"),
        version=reading.text(top.get("version"), "version", nullable=True),
    )


def _parts(reading: Reading, top: dict[str, yaml.Node], key: str) -> list[tuple[int, yaml.Node]]:
    return list(enumerate(reading.sequence(top[key], key))) if key in top else []


def _implementation(reading: Reading, top: dict[str, yaml.Node]) -> Container | Graph | None:
    node = top.get("implementation")
    if node is None or node.tag.endswith(":null"):
        return None
    parts = reading.mapping(node, "implementation", ("container", "graph"))
    if len(parts) > 1:
        reading.error("C003", node, "implementation has both a container and a graph", "remove one of them")
    if "graph" in parts:
        reading.places[("graph",)] = reading.at(parts["graph"])
        return read_graph(reading, parts["graph"], _component, _type)
    if "container" not in parts:
        reading.error("C003", node, "implementation has no container")
        return None
    return _container(reading, parts["container"])


def _container(reading: Reading, node: yaml.Node) -> Container:
    parts = reading.mapping(node, "container", _CONTAINER, unknown="C042")
    for key, value in parts.items():
        reading.places[(key,)] = reading.at(value)
    named = parts.get("image")
    image = reading.text(named, "image", nullable=True)
    if named is None or named.tag.endswith(":null"):
        reading.error("C003", named or node, "the container has no image", "name one: image: …")
    return Container(
        image=image,
        command=read_arguments(reading, parts.get("command"), ("command",)),
        args=read_arguments(reading, parts.get("args"), ("args",)),
        env=texts(reading, parts.get("env"), "env", structure="C041"),
        file_outputs=texts(reading, parts.get("fileOutputs"), "fileOutputs"),
    )


def _input(reading: Reading, node: yaml.Node, index: int) -> Input:
    parts = _port(reading, node, "inputs", index, _INPUT)
    name = reading.text(parts.get("name"), "an input's name")
    optional = boolean(reading, parts.get("optional"), f"optional of {name!r}")
    annotations = _annotations(reading, parts)
    return Input(
        name=name,
        type=_type(reading, parts.get("type")),
        kind=Kind.ARTIFACT,
        description=reading.text(parts.get("description"), f"the description of {name!r}", nullable=True),
        default=_default(reading, parts.get("default"), name),
        optional=optional,
        choices=_choices(annotations),
        many=_many(annotations),
        annotations=MappingProxyType(annotations),
    )


def _output(reading: Reading, node: yaml.Node, index: int) -> Output:
    parts = _port(reading, node, "outputs", index, _OUTPUT)
    name = reading.text(parts.get("name"), "an output's name")
    kind_name = _type(reading, parts.get("type"))
    annotations = _annotations(reading, parts)
    return Output(
        name=name,
        type=kind_name,
        kind=Kind.PARAMETER if is_parameter_type(kind_name) else Kind.ARTIFACT,
        description=reading.text(parts.get("description"), f"the description of {name!r}", nullable=True),
        many=_many(annotations),
        annotations=MappingProxyType(annotations),
    )


def _port(reading: Reading, node: yaml.Node, what: str, index: int, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    parts = reading.mapping(node, f"an item of {what}", known)
    reading.places[(what, index)] = reading.at(node)
    for key, value in parts.items():
        reading.places[(what, index, key)] = reading.at(value)
    if "name" not in parts:
        reading.error("C003", node, f"an item of {what} has no name")
    return parts


def _annotations(reading: Reading, parts: dict[str, yaml.Node]) -> dict[str, Any]:
    if "annotations" not in parts:
        return {}
    return {key: plain(reading, value) for key, value in reading.mapping(parts["annotations"], "annotations").items()}


def _choices(annotations: dict[str, Any]) -> tuple[Scalar, ...]:
    """Take the choices out of the annotations; what is no list of values stays there, as somebody else's."""
    given = annotations.get("choices")
    if not isinstance(given, list) or not given or not all(isinstance(item, Scalar) for item in given):
        return ()
    return tuple(annotations.pop("choices"))


def _many(annotations: dict[str, Any]) -> bool:
    return annotations.get("list") is True and annotations.pop("list")


def _kinded(port: Input, *, by_value: set[str]) -> Input:
    if not is_parameter_type(port.type) and port.name not in by_value:
        return port
    return replace(port, kind=Kind.PARAMETER)


def _uses(container: Container) -> tuple[set[str], set[str]]:
    """Say which inputs are taken by value, and which by path or URI."""
    by_value: set[str] = set()
    by_path: set[str] = set()
    for argument in arguments_of(container):
        if isinstance(argument, PortPlaceholder):
            (by_value if argument.kind == "inputValue" else by_path).add(argument.port)
    return by_value, by_path


def _type(reading: Reading, node: yaml.Node | None) -> str:
    if node is None or isinstance(node, yaml.ScalarNode):
        return reading.text(node, "a type", nullable=True)
    return json.dumps(plain(reading, node), sort_keys=True, separators=(",", ":"))


def _default(reading: Reading, node: yaml.Node | None, name: str) -> str | None:
    if node is None or node.tag.endswith(":null"):
        return None
    if node.tag.endswith((":int", ":float", ":bool")):
        # The text as written: KFP would turn 1.10 into 1.1.
        return str(node.value)
    if isinstance(node, yaml.ScalarNode):
        return reading.text(node, f"the default of {name!r}")
    reading.error(
        "C004", node, f"the default of {name!r} is a {form(node)}, not a string", "write it as JSON in quotes"
    )
    return None
