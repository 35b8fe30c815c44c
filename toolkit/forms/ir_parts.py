"""The parts of KFP v2 IR that components and pipelines share: ports and containers, read with their places."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from msgspec import Struct

from toolkit.errors import InputError, Location
from toolkit.forms.ir import KEY_ANNOTATION
from toolkit.forms.ir_arguments import read_ir_argument
from toolkit.forms.ir_values import default_text, type_name
from toolkit.interface.function import sanitised
from toolkit.interface.model import Input, Interface, Kind, Output, Scalar
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, Container, IfPlaceholder, IsPresent, PortPlaceholder

Named = Mapping[str, str]
# Of the inputs, and of the outputs.
Names = tuple[Named, Named]


class IrError(Exception):
    """A part of the document cannot be taken in; `place` becomes a line of the final error."""

    def __init__(self, message: str, place: Place, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint


def location_of(node: yaml.Node, place: Place, path: Path) -> Location:
    """Return the place of a part of the document, or of the nearest part around it."""
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


def dotted(place: Place) -> str:
    """Return a place as text for messages."""
    return ".".join(str(part) for part in place)


def mapping(value: Any, place: Place) -> dict[str, Any]:  # noqa: ANN401 (any YAML value)
    """Return a mapping. Raises IrError for any other value."""
    if not isinstance(value, dict):
        raise IrError(f"{dotted(place) or 'the document'} is not a mapping", place)
    return value


def text_of(value: Any, place: Place) -> str:  # noqa: ANN401 (any YAML value)
    """Return a text. Raises IrError for any other value."""
    if not isinstance(value, str):
        raise IrError(f"{dotted(place)} is not a text", place)
    return value


def read_interface(component: dict[str, Any], place: Place, kept: Mapping[str, Any]) -> tuple[Interface, Names]:
    """Return the ports of a component, and the contract's name of each input and output by its name in IR.

    `kept` has what the comment of a single component keeps of them. Raises IrError.
    """
    inputs = _Ports.of(component, place, "input")
    outputs = _Ports.of(component, place, "output")
    interface = Interface(inputs=tuple(inputs.inputs(kept)), outputs=tuple(outputs.outputs(kept)))
    return interface, (inputs.names(kept), outputs.names(kept))


class _Ports(Struct, frozen=True):
    """The definitions of one direction."""

    definitions: dict[str, Any]
    place: Place
    side: str

    @classmethod
    def of(cls, component: dict[str, Any], place: Place, side: str) -> "_Ports":
        """Return the ports of one side of a component, which has none if it does not name them."""
        here = (*place, f"{side}Definitions")
        return cls(mapping(component.get(f"{side}Definitions", {}), here), here, f"{side}s")

    def _all(self, kept: Mapping[str, Any]) -> Iterator[tuple[str, Kind, dict[str, Any], dict[str, Any], Place]]:
        """Yield key, kind, definition, kept parts and place of each port, in the order of the contract."""
        defined: dict[str, tuple[Kind, dict[str, Any], Place]] = {}
        for group, kind in (("parameters", Kind.PARAMETER), ("artifacts", Kind.ARTIFACT)):
            here = (*self.place, group)
            named = mapping(self.definitions.get(group, {}), here)
            for key in sorted(named):
                defined[key] = kind, mapping(named[key], (*here, key)), (*here, key)
        more: dict[str, Any] = kept.get(self.side, {})
        # IR sorts its ports; the comment has them in the contract's order, and may lack some that were added by hand.
        order = [*(key for key in more if key in defined), *(key for key in defined if key not in more)]
        for key in order:
            kind, definition, here = defined[key]
            yield key, kind, definition, more.get(key, {}), here

    def names(self, kept: Mapping[str, Any]) -> Named:
        """Return the contract's name of each port, by its name in IR."""
        return {key: more.get("name", key) for key, _, _, more, _ in self._all(kept)}

    def inputs(self, kept: Mapping[str, Any]) -> Iterator[Input]:
        """Yield the inputs, with what the comment keeps of them."""
        for key, kind, definition, more, place in self._all(kept):
            default = default_text(definition["defaultValue"]) if "defaultValue" in definition else None
            default = more.get("default", default)
            yield Input(
                name=more.get("name", key),
                type=more.get("type", _type(kind, definition, place)),
                kind=kind,
                description=text_of(definition.get("description", ""), (*place, "description")),
                default=default,
                # In IR a default makes an input optional, in a contract it does not.
                optional=more.get("optional") is True or (default is None and definition.get("isOptional") is True),
                choices=_choices(definition, place) if "literals" in definition else tuple(more.get("choices", ())),
                many=definition.get("isArtifactList") is True or more.get("list") is True,
                annotations=_annotations(key, more),
            )

    def outputs(self, kept: Mapping[str, Any]) -> Iterator[Output]:
        """Yield the outputs, with what the comment keeps of them."""
        for key, kind, definition, more, place in self._all(kept):
            yield Output(
                name=more.get("name", key),
                type=more.get("type", _type(kind, definition, place)),
                kind=kind,
                description=text_of(definition.get("description", ""), (*place, "description")),
                many=definition.get("isArtifactList") is True or more.get("list") is True,
                annotations=_annotations(key, more),
            )


def _type(kind: Kind, definition: dict[str, Any], place: Place) -> str:
    """Return the type of a port. Raises IrError."""
    try:
        return type_name(kind, definition)
    except InputError as error:
        raise IrError(error.message, place, hint=error.hint) from None


def _choices(definition: dict[str, Any], place: Place) -> tuple[Scalar, ...]:
    """Return the values that a port may have. Raises IrError."""
    literals, here = definition["literals"], (*place, "literals")
    if not isinstance(literals, list) or not all(isinstance(value, Scalar) for value in literals):
        raise IrError(f"{dotted(here)} is not a list of texts, numbers and booleans", here)
    return tuple(literals)


def _annotations(key: str, more: dict[str, Any]) -> Mapping[str, object]:
    """Return a port's annotations, with its name in IR if no contract's name leads to that."""
    own = {} if sanitised(key) == key else {KEY_ANNOTATION: key}
    return MappingProxyType({**own, **more.get("annotations", {})})


def read_container(value: Any, place: Place, names: Names) -> Container:  # noqa: ANN401 (any YAML value)
    """Return the container, whose arguments have the contract's names. Raises IrError."""
    container = mapping(value, place)

    def arguments(key: str) -> tuple[Argument, ...]:
        """Return the arguments under `command` or `args`."""
        texts = container.get(key, [])
        if not isinstance(texts, list):
            raise IrError(f"{key} is not a list", (*place, key))
        read = [_argument(text, (*place, key, index)) for index, text in enumerate(texts)]
        return tuple(_renamed(argument, *names) for argument in read)

    return Container(
        image=text_of(container.get("image"), (*place, "image")),
        command=arguments("command"),
        args=arguments("args"),
        env=MappingProxyType(dict(_environment(container.get("env", []), (*place, "env")))),
    )


def _argument(text: Any, place: Place) -> Argument:  # noqa: ANN401 (any YAML value)
    """Return one argument. Raises IrError."""
    try:
        return read_ir_argument(text_of(text, place))
    except InputError as error:
        raise IrError(error.message, place, hint=error.hint) from None


def _environment(pairs: Any, place: Place) -> Iterable[tuple[str, str]]:  # noqa: ANN401 (any YAML value)
    """Yield the names and values of the environment."""
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        read = mapping(pair, place)
        # protobuf's JSON leaves an empty text out.
        yield text_of(read.get("name"), place), text_of(read.get("value", ""), place)


def _renamed(argument: Argument, inputs: Named, outputs: Named) -> Argument:
    """Return the argument with the contract's names instead of those of IR."""
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
