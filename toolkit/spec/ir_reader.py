"""Read KFP v2 IR of one component back into the model; what IR says beyond a component is refused, never lost."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import yaml

from toolkit.errors import InputError, Location
from toolkit.findings import FindingsError
from toolkit.interface.function import sanitised
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.spec.document import LINE_BREAK, Place, Reading, compose, plain
from toolkit.spec.ir import KEPT, KEY_ANNOTATION, ir_document
from toolkit.spec.ir_arguments import read_ir_argument
from toolkit.spec.ir_values import default_text, type_name
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    Container,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)

# Who wrote the document, not what the component is.
_OF_THE_WRITER = {("sdkVersion",), ("schemaVersion",)}
# What early compilers of KFP 2 left out; it follows from the component.
_ADDED: set[Place] = {("root", "dag", "outputs"), ("root", "outputDefinitions")}
_ALONE = "only the IR of a single component can be a contract"
_KEPT_WORDS = {"annotations", "labels", "version", "inputs", "outputs"}
_PORT_WORDS = {"name", "type", "default", "optional", "choices", "annotations", "list"}


def is_ir(text: str) -> bool:
    """Tell by its content whether a text is IR rather than a contract."""
    return any(line.startswith(("pipelineInfo:", '"pipelineInfo"')) for line in LINE_BREAK.split(text))


def parse_ir(text: str, path: Path) -> ComponentSpec:
    """Parse IR; `path` is only named in errors. Raises InputError for what is not one component, whole."""
    node = _node(text, path)
    reading = Reading(path)
    document = plain(reading, node)
    if reading.findings:
        raise FindingsError(tuple(reading.findings))
    try:
        spec = _component(document, _kept(text))
        _compare(document, ir_document(spec))
    except _Lost as lost:
        raise InputError(lost.message, where=_at(node, lost.place, path), hint=_ALONE) from None
    except InputError as error:
        raise InputError(error.message, where=error.where or Location(path=path), hint=error.hint) from None
    return spec


def _node(text: str, path: Path) -> yaml.Node:
    try:
        return compose(text, path)
    except FindingsError as error:
        if "another document" not in error.message:
            raise
        message = "a second document follows: settings of a platform, which belong to a pipeline"
        raise InputError(message, where=error.where, hint=_ALONE) from None


class _Lost(Exception):  # noqa: N818 (a place, which becomes an error with a line)
    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def _kept(text: str) -> dict[str, Any]:
    """Read the comment in which our writer keeps what IR has no place for."""
    for line in LINE_BREAK.split(text):
        if not line.startswith("#"):
            break
        if line.startswith(KEPT):
            try:
                kept = json.loads(line.removeprefix(KEPT))
            except (ValueError, RecursionError):
                kept = None
            if not isinstance(kept, dict) or not set(kept) <= _KEPT_WORDS or not _kept_fits(kept):
                raise InputError(f"the comment {KEPT.strip()!r} cannot be read", hint="restore it, or remove the line")
            return kept
    return {}


def _kept_fits(kept: dict[str, Any]) -> bool:
    texts = [kept.get("annotations", {}), kept.get("labels", {})]
    ports = [kept.get("inputs", {}), kept.get("outputs", {})]
    return (
        all(isinstance(each, dict) and all(isinstance(value, str) for value in each.values()) for each in texts)
        and isinstance(kept.get("version", ""), str)
        and all(isinstance(each, dict) and all(_port_fits(port) for port in each.values()) for each in ports)
    )


def _port_fits(port: object) -> bool:
    return (
        isinstance(port, dict)
        and set(port) <= _PORT_WORDS
        and all(isinstance(port.get(word, ""), str) for word in ("name", "type", "default"))
        and isinstance(port.get("annotations", {}), dict)
        and isinstance(port.get("choices", []), list)
    )


def _component(document: Any, kept: dict[str, Any]) -> ComponentSpec:  # noqa: ANN401 (any YAML value)
    whole = _mapping(document, ())
    info = _mapping(whole.get("pipelineInfo"), ("pipelineInfo",))
    key, component = _only(whole, ("components",))
    label, executor = _only(whole, ("deploymentSpec", "executors"))
    if key != f"comp-{info.get('name')}":
        raise _Lost(f"this is the pipeline {info.get('name')!r} around {key!r}, not a component", ("components", key))
    place: Place = ("deploymentSpec", "executors", label)
    if "container" not in executor:
        raise _Lost("the executor runs no container", place)
    ports = _Ports(_mapping(component.get("inputDefinitions", {}), ("components", key, "inputDefinitions")), "inputs")
    made = _Ports(_mapping(component.get("outputDefinitions", {}), ("components", key, "outputDefinitions")), "outputs")
    names = ports.names(kept), made.names(kept)
    return ComponentSpec(
        name=_text(info.get("displayName", info.get("name")), ("pipelineInfo", "name")),
        description=_text(info.get("description", ""), ("pipelineInfo", "description")),
        interface=Interface(inputs=tuple(ports.inputs(kept)), outputs=tuple(made.outputs(kept))),
        implementation=_container(_mapping(executor["container"], (*place, "container")), (*place, "container"), names),
        annotations=MappingProxyType(kept.get("annotations", {})),
        labels=MappingProxyType(kept.get("labels", {})),
        version=kept.get("version", ""),
    )


@dataclass(frozen=True, slots=True)
class _Ports:
    """The definitions of one direction."""

    definitions: dict[str, Any]
    side: str

    def _all(self, kept: dict[str, Any]) -> Iterator[tuple[str, Kind, dict[str, Any], dict[str, Any]]]:
        """Give key, kind, definition and what was kept of each port, in the order of the contract."""
        found: dict[str, tuple[Kind, dict[str, Any]]] = {}
        for group, kind in (("parameters", Kind.PARAMETER), ("artifacts", Kind.ARTIFACT)):
            named = _mapping(self.definitions.get(group, {}), (self.side, group))
            for key in sorted(named):
                found[key] = kind, _mapping(named[key], (self.side, group, key))
        more: dict[str, Any] = kept.get(self.side, {})
        order = [*(key for key in more if key in found), *(key for key in found if key not in more)]
        for key in order:
            yield key, *found[key], more.get(key, {})

    def names(self, kept: dict[str, Any]) -> Mapping[str, str]:
        return {key: more.get("name", key) for key, _, _, more in self._all(kept)}

    def inputs(self, kept: dict[str, Any]) -> Iterator[Input]:
        for key, kind, definition, more in self._all(kept):
            default = default_text(definition["defaultValue"]) if "defaultValue" in definition else None
            default = more.get("default", default)
            yield Input(
                name=more.get("name", key),
                type=more.get("type", type_name(kind, definition)),
                kind=kind,
                description=_text(definition.get("description", ""), (self.side, key, "description")),
                default=default,
                optional=more.get("optional") is True or (default is None and definition.get("isOptional") is True),
                choices=tuple(definition.get("literals", more.get("choices", ()))),
                many=definition.get("isArtifactList") is True or more.get("list") is True,
                annotations=_annotations(key, more),
            )

    def outputs(self, kept: dict[str, Any]) -> Iterator[Output]:
        for key, kind, definition, more in self._all(kept):
            yield Output(
                name=more.get("name", key),
                type=more.get("type", type_name(kind, definition)),
                kind=kind,
                description=_text(definition.get("description", ""), (self.side, key, "description")),
                many=definition.get("isArtifactList") is True or more.get("list") is True,
                annotations=_annotations(key, more),
            )


def _annotations(key: str, more: dict[str, Any]) -> Mapping[str, object]:
    own = {} if sanitised(key) == key else {KEY_ANNOTATION: key}
    return MappingProxyType({**own, **more.get("annotations", {})})


def _container(
    container: dict[str, Any], place: Place, names: tuple[Mapping[str, str], Mapping[str, str]]
) -> Container:
    def arguments(key: str) -> tuple[Argument, ...]:
        texts = container.get(key, [])
        if not isinstance(texts, list):
            raise _Lost(f"{key} is not a list", (*place, key))
        read = [read_ir_argument(_text(text, (*place, key, index))) for index, text in enumerate(texts)]
        return tuple(_renamed(argument, *names) for argument in read)

    pairs = container.get("env", [])
    env = [_mapping(pair, (*place, "env")) for pair in (pairs if isinstance(pairs, list) else [pairs])]
    return Container(
        image=_text(container.get("image"), (*place, "image")),
        command=arguments("command"),
        args=arguments("args"),
        env=MappingProxyType(
            {_text(pair.get("name"), (*place, "env")): _text(pair.get("value"), (*place, "env")) for pair in env}
        ),
    )


def _renamed(argument: Argument, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Argument:
    """Put the contract's names in the place of those of IR."""
    match argument:
        case PortPlaceholder():
            names = inputs if argument.kind.startswith("input") else outputs
            return PortPlaceholder(kind=argument.kind, port=names.get(argument.port, argument.port))
        case ConcatPlaceholder():
            return ConcatPlaceholder(items=tuple(_renamed(item, inputs, outputs) for item in argument.items))
        case IfPlaceholder(condition=IsPresent(input=name)):
            return IfPlaceholder(
                condition=IsPresent(input=inputs.get(name, name)),
                then=tuple(_renamed(item, inputs, outputs) for item in argument.then),
                otherwise=tuple(_renamed(item, inputs, outputs) for item in argument.otherwise),
            )
        case _:
            return argument


def _compare(given: Any, written: Any, place: Place = ()) -> None:  # noqa: ANN401 (any YAML value)
    """Raise for the first thing in which the two documents differ in meaning."""
    if place in _OF_THE_WRITER:
        return
    if isinstance(given, dict) and isinstance(written, dict):
        for key in [*given, *(key for key in written if key not in given)]:
            here = (*place, key)
            if key not in written:
                raise _Lost(f"a contract cannot say {_dotted(here)}", here)
            if key not in given and here not in _OF_THE_WRITER | _ADDED:
                raise _Lost(f"{_dotted(here)} is missing, and a component has it", place)
            if key in given:
                _compare(given[key], written[key], here)
    elif isinstance(given, list) and isinstance(written, list) and len(given) == len(written):
        for index, (one, other) in enumerate(zip(given, written, strict=True)):
            _compare(one, other, (*place, index))
    elif given != written and not _same_argument(given, written, place):
        raise _Lost(f"{_dotted(place)} is {str(given)[:60]!r}, and of a component {str(written)[:60]!r}", place)


def _same_argument(given: Any, written: Any, place: Place) -> bool:  # noqa: ANN401 (any YAML value)
    """Tell whether two texts of command or args are two ways of writing one argument."""
    return (
        bool({"command", "args"} & set(place))
        and isinstance(given, str)
        and isinstance(written, str)
        and read_ir_argument(given) == read_ir_argument(written)
    )


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)


def _mapping(value: Any, place: Place) -> dict[str, Any]:  # noqa: ANN401 (any YAML value)
    if not isinstance(value, dict):
        raise _Lost(f"{_dotted(place) or 'the document'} is not a mapping", place)
    return value


def _text(value: Any, place: Place) -> str:  # noqa: ANN401 (any YAML value)
    if not isinstance(value, str):
        raise _Lost(f"{_dotted(place)} is not a text", place)
    return value


def _only(whole: dict[str, Any], place: Place) -> tuple[str, dict[str, Any]]:
    """Take the one entry of a mapping; a pipeline has several."""
    inner: Any = whole
    for index, key in enumerate(place):
        inner = _mapping(_mapping(inner, place[:index]).get(cast("str", key)), place[: index + 1])
    if len(inner) != 1:
        raise _Lost(f"this is a pipeline: {_dotted(place)} has {len(inner)} entries, not one", place)
    ((key, value),) = inner.items()
    return key, _mapping(value, (*place, key))


def _at(node: yaml.Node, place: Place, path: Path) -> Location:
    """Say where a part of the document stands, or the nearest part around it."""
    for step in place:
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            inner = node.value[step]
        if inner is None:
            break
        node = inner
    return Location(path=path, line=node.start_mark.line + 1, column=node.start_mark.column + 1)
