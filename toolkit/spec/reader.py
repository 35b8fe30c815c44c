"""Read `component.yaml` in KFP's component-spec form into the model, with every problem and its place.

The form is that of kfp 1.8.22's loader (`kfp/components/_structures.py`), without duplicate keys. An input is a
parameter if its type is one of KFP's parameter types, or if the command line takes it by value and never by path;
an output is one if its type is. A type that is a mapping is kept as JSON text.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.digest import canonical_json
from toolkit.edits import Fix, Replace
from toolkit.errors import FindingsError, Location
from toolkit.interface.model import Input, Interface, Kind, Output, Scalar
from toolkit.spec.document import Place, Reading, boolean, compose, form, lines_of, plain, read_text, texts
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
# KFP 2 ignores the case of names (kfp 2.17, dsl/types/type_utils.py).
_PARAMETER_TYPES = {
    *("string", "str", "text", "integer", "int", "float", "double", "boolean", "bool"),
    *("jsonarray", "list", "jsonobject", "dict"),
}
# KFP 2 ignores brackets and their content (kfp 2.17, get_short_type_name in dsl/types/type_annotations.py).
_SHORT_TYPE = re.compile(r"(?:typing\.)?(\w+)(?:\[.+\])?")


class ComponentDocument(Struct, frozen=True, kw_only=True, dict=True):
    """A contract with the places of its parts, such as `("inputs", 0, "default")`, `("image",)`, or `()`."""

    spec: ComponentSpec
    text: str
    path: Path
    places: dict[Place, Location] = field(default_factory=dict)
    lines: Sequence[str] = ()

    @cached_property
    def arguments(self) -> tuple[tuple[Place, Argument], ...]:
        """Each argument of command and args with its place, nested ones after the one that contains them."""
        container = self.spec.implementation
        if not isinstance(container, Container):
            return ()
        parts = (("command", container.command), ("args", container.args))
        return tuple(
            found
            for key, arguments in parts
            for index, argument in enumerate(arguments)
            for found in _placed((key, index), argument)
        )


def read_component(path: Path) -> ComponentSpec:
    """Read the contract at `path`. Raises FindingsError with every problem."""
    return read_document(path).spec


def parse_component(text: str, path: Path) -> ComponentSpec:
    """Parse a contract; findings name `path`. Raises FindingsError with every problem."""
    return parse_document(text, path).spec


def read_document(path: Path) -> ComponentDocument:
    """Read the contract at `path` together with the places of its parts."""
    return parse_document(read_text(path), path)


def parse_document(text: str, path: Path) -> ComponentDocument:
    """Parse a contract together with the places of its parts. Raises FindingsError."""
    reading = Reading(path)
    spec = _component(reading, compose(text, path))
    if reading.findings:
        raise FindingsError(reading.in_order())
    return ComponentDocument(spec=spec, text=text, path=path, places=reading.places, lines=lines_of(text))


def is_parameter_type(name: str) -> bool:
    """Return whether KFP passes this type by value, as `String` or `typing.List[str]`."""
    return short_type(name).lower() in _PARAMETER_TYPES


def short_type(name: str) -> str:
    """Return a type as KFP 2 looks it up: `List` for `typing.List[str]`."""
    match = _SHORT_TYPE.fullmatch(name)
    return match[1] if match else name


def arguments_of(container: Container) -> Iterator[Argument]:
    """Yield every argument of command and args, nested ones included."""
    # Reversed, since a stack returns its last item first.
    waiting: list[Argument] = [*reversed(container.args), *reversed(container.command)]
    while waiting:
        argument = waiting.pop()
        yield argument
        if isinstance(argument, ConcatPlaceholder):
            waiting += reversed(argument.items)
        elif isinstance(argument, IfPlaceholder):
            waiting += [*reversed(argument.otherwise), *reversed(argument.then)]


def uses_of(container: Container) -> tuple[set[str], set[str]]:
    """Return the inputs that are taken by value, and those that are taken by path or URI."""
    by_value: set[str] = set()
    by_path: set[str] = set()
    for argument in arguments_of(container):
        # An output may have an input's name.
        if isinstance(argument, PortPlaceholder) and argument.kind.startswith("input"):
            (by_value if argument.kind == "inputValue" else by_path).add(argument.port)
    return by_value, by_path


def _placed(place: Place, argument: Argument) -> Iterator[tuple[Place, Argument]]:
    """Yield an argument and those inside it, with the places that `placeholders` records."""
    yield place, argument
    if isinstance(argument, ConcatPlaceholder):
        for index, item in enumerate(argument.items):
            yield from _placed((*place, index), item)
    elif isinstance(argument, IfPlaceholder):
        for branch, items in (("then", argument.then), ("else", argument.otherwise)):
            for index, item in enumerate(items):
                yield from _placed((*place, branch, index), item)


def _component(reading: Reading, node: yaml.Node) -> ComponentSpec:
    """Return the model of a document; problems are reported. Raises FindingsError if it is not a mapping."""
    if not isinstance(node, yaml.MappingNode):
        reading.error(
            "C001", node, f"the document is a {form(node)}, not a mapping", "a contract begins with `name: …`"
        )
        raise FindingsError(tuple(reading.findings))
    reading.places[()] = reading.at(node)
    top = reading.mapping(node, "the component", _TOP)
    for key, value in top.items():
        reading.places[(key,)] = reading.at(value)
    metadata = reading.mapping(top["metadata"], "metadata", ("annotations", "labels")) if "metadata" in top else {}
    implementation = _implementation(reading, top)
    inputs = [_input(reading, part, index) for index, part in _parts(reading, top, "inputs")]
    outputs = [_output(reading, part, index) for index, part in _parts(reading, top, "outputs")]
    by_value, by_path = uses_of(implementation) if isinstance(implementation, Container) else (set(), set())
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
    """Return the numbered items of a list; none if the key is missing."""
    return list(enumerate(reading.sequence(top[key], key))) if key in top else []


def _implementation(reading: Reading, top: dict[str, yaml.Node]) -> Container | Graph | None:
    """Return the container or graph; None if there is neither."""
    node = top.get("implementation")
    if node is None or node.tag.endswith(":null"):
        return None
    parts = reading.mapping(node, "implementation", ("container", "graph"))
    if len(parts) > 1:
        reading.error("C003", node, "implementation has both a container and a graph", "remove one of them")
    if "graph" in parts:
        reading.places[("graph",)] = reading.at(parts["graph"])
        return _graph(reading, parts["graph"])
    if "container" not in parts:
        reading.error("C003", node, "implementation has no container")
        return None
    return _container(reading, parts["container"])


def _graph(reading: Reading, node: yaml.Node) -> Graph:
    """Return a graph as data, with the places of its tasks and outputs."""
    parts = reading.mapping(node, "graph", ("tasks", "outputValues"))
    if "tasks" not in parts:
        reading.error("C003", node, "the graph has no tasks", "name them: tasks: {…}")
    data: dict[str, dict[str, Any]] = {"tasks": {}, "outputValues": {}}
    for key in parts.keys() & data.keys():
        for name, value in reading.mapping(parts[key], key).items():
            reading.places[(key, name)] = reading.at(value)
            data[key][name] = plain(reading, value)
    return Graph(tasks=MappingProxyType(data["tasks"]), outputs=MappingProxyType(data["outputValues"]))


def _container(reading: Reading, node: yaml.Node) -> Container:
    """Return the container; a missing image is reported, and then empty."""
    parts = reading.mapping(node, "container", _CONTAINER, unknown="C042")
    for key, value in parts.items():
        reading.places[(key,)] = reading.at(value)
    image = parts.get("image")
    if image is None or image.tag.endswith(":null"):
        reading.error("C003", image or node, "the container has no image", "name one: image: …")
    return Container(
        image=reading.text(image, "image", nullable=True),
        command=read_arguments(reading, parts.get("command"), ("command",)),
        args=read_arguments(reading, parts.get("args"), ("args",)),
        env=texts(reading, parts.get("env"), "env", structure="C041"),
        file_outputs=texts(reading, parts.get("fileOutputs"), "fileOutputs"),
    )


def _input(reading: Reading, node: yaml.Node, index: int) -> Input:
    """Return an input, as an artifact: `_kinded` decides when all arguments are read."""
    parts = _port(reading, node, "inputs", index, _INPUT)
    name = reading.text(parts.get("name"), "an input's name")
    optional = boolean(reading, parts.get("optional"), f"optional of {name!r}")
    annotations = _annotations(reading, parts)
    return Input(
        name=name,
        type=_type(reading, parts.get("type")),
        kind=Kind.ARTIFACT,
        description=reading.text(parts.get("description"), f"the description of {name!r}", nullable=True),
        default=_default(reading, parts.get("default"), name, ("inputs", index, "default")),
        optional=optional,
        choices=_choices(annotations),
        many=_many(annotations),
        annotations=MappingProxyType(annotations),
    )


def _output(reading: Reading, node: yaml.Node, index: int) -> Output:
    """Return an output, whose type alone decides its kind."""
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
    """Return the parts of an input or output, and record their places."""
    parts = reading.mapping(node, f"an item of {what}", known)
    reading.places[(what, index)] = reading.at(node)
    for key, value in parts.items():
        reading.places[(what, index, key)] = reading.at(value)
    if "name" not in parts:
        reading.error("C003", node, f"an item of {what} has no name")
    return parts


def _annotations(reading: Reading, parts: dict[str, yaml.Node]) -> dict[str, Any]:
    """Return the annotations as JSON data; an empty mapping if they are missing."""
    if "annotations" not in parts:
        return {}
    return {key: plain(reading, value) for key, value in reading.mapping(parts["annotations"], "annotations").items()}


def _choices(annotations: dict[str, Any]) -> tuple[Scalar, ...]:
    """Remove the choices from the annotations and return them; another kind of value is not ours, and stays."""
    choices = annotations.get("choices")
    if not isinstance(choices, list) or not choices or not all(isinstance(item, Scalar) for item in choices):
        return ()
    # The writer adds them again, and must not find a second copy.
    return tuple(annotations.pop("choices"))


def _many(annotations: dict[str, Any]) -> bool:
    """Remove the mark of a list of artifacts from the annotations, and return whether it was there."""
    return annotations.get("list") is True and annotations.pop("list")


def _kinded(port: Input, *, by_value: set[str]) -> Input:
    """Return the input as a parameter if its type, or the command line, makes it one."""
    if not is_parameter_type(port.type) and port.name not in by_value:
        return port
    return replace(port, kind=Kind.PARAMETER)


def _type(reading: Reading, node: yaml.Node | None) -> str:
    """Return a type's name, or the JSON text of one that is a structure."""
    if node is None or isinstance(node, yaml.ScalarNode):
        return reading.text(node, "a type", nullable=True)
    return canonical_json(plain(reading, node), ascii_only=True).decode()


def _default(reading: Reading, node: yaml.Node | None, name: str, place: Place) -> str | None:
    """Return the default's text; None without one, and for a structure, which is reported."""
    if node is None or node.tag.endswith(":null"):
        return None
    if node.tag.endswith((":int", ":float", ":bool")):
        # The text as it is written, since KFP would turn 1.10 into 1.1.
        return str(node.value)
    if isinstance(node, yaml.ScalarNode):
        return reading.text(node, f"the default of {name!r}")
    message = f"the default of {name!r} is a {form(node)}, not a string"
    text = json.dumps(plain(reading, node), ensure_ascii=False)
    fix = Fix(title="Write the default as JSON in quotes", edits=(Replace(place, text),))
    reading.error("C004", node, message, "write it as JSON in quotes", fix)
    return None
