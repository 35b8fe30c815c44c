"""Defaults that are not values of their types, which KFP 2 cannot load or takes for another value.

KFP 1.8 puts a default on the command line as it is written. An input without a default gives the program the same
words, if a test of its presence has the text as `else`.
"""

import json
from collections.abc import Iterator

import yaml
from msgspec.structs import replace

from toolkit.breaking.kfp_types import kfp2_type
from toolkit.edits import Add, Edit, Remove, Replace
from toolkit.interface.model import Input, is_value
from toolkit.lint.walk import source, top_arguments
from toolkit.migration.arguments import Arguments, with_arguments, with_input
from toolkit.migration.change import Step
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ComponentSpec, ConcatPlaceholder, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import ComponentDocument, is_parameter_type
from toolkit.spec.writer import argument_data

# kfp 2.17 fails when it loads a contract with such a default of these; of the others it keeps any JSON or text.
_FATAL = frozenset({"Integer", "Float", "Boolean"})


def invalid_defaults(document: ComponentDocument) -> Iterator[Step]:
    """Make inputs optional whose default is not a value of their type, and pass its text where they are absent."""
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default is not None and is_parameter_type(port.type):
            type_ = kfp2_type(port.type)
            if not is_value(port.default, type_):
                yield _without_default(document, index, port, fatal=type_ in _FATAL)


def passed_default(document: ComponentDocument, index: int) -> str:
    """Return what KFP 1.8 puts on the command line for a default: Python's text of one without quotes."""
    port = document.spec.interface.inputs[index]
    text = port.default or ""
    if not is_unquoted(document, ("inputs", index, "default")):
        return text
    # KFP 1.8 writes the values of these two types as JSON (`components/_data_passing.py`).
    is_json = is_parameter_type(port.type) and kfp2_type(port.type) in {"JsonArray", "JsonObject"}
    return json.dumps(_value(text)) if is_json else str(_value(text))


def is_unquoted(document: ComponentDocument, place: Place) -> bool:
    """Return whether the default at a place is written as a number or a boolean."""
    text = source(document, document.places[place]).strip()
    return not isinstance(_value(text), str) and text[:1] not in {"'", '"', "|", ">"}


def _value(text: str) -> object:
    """Return the value of a scalar as PyYAML, and so KFP, reads it."""
    try:
        return yaml.safe_load(text)
    except (ValueError, ArithmeticError, LookupError, yaml.YAMLError):  # such as more digits than Python takes
        return text


def _without_default(document: ComponentDocument, index: int, port: Input, *, fatal: bool) -> Step:
    """Remove a default, and put its text into the command line."""
    text = passed_default(document, index)
    changes: dict[Place, tuple[Argument, bool]] = {}
    # KFP 1.8 fills in the default of an input even if it is optional (`dsl/_component_bridge.py`).
    for place, argument in top_arguments(document):
        changes |= _with_text(place, argument, port.name, text, in_concat=False)
    place = ("inputs", index)
    edits: list[Edit] = [
        Replace(at, argument_data(argument, inside_concat=inside)) for at, (argument, inside) in changes.items()
    ]
    if (*place, "optional") in document.places:
        edits += [Replace((*place, "optional"), value=True)] if not port.optional else []
        edits.append(Remove((*place, "default")))
    else:
        edits += [Add(place, "optional", value=True, after="default"), Remove((*place, "default"))]
    refused = "KFP 2 cannot load it" if fatal else "KFP 2 passes on a value of another type"

    def expected(spec: ComponentSpec) -> ComponentSpec:
        spec = with_arguments(spec, {at: (argument,) for at, (argument, _) in changes.items()})
        return with_input(spec, index, replace(spec.interface.inputs[index], default=None, optional=True))

    return Step(
        kind="default",
        at=(*place, "default"),
        why=f"the default {text!r} of {port.name!r} is not of type {port.type}: {refused}",
        written=f"optional: true instead of the default; the program still gets {text!r} where it is left out",
        edits=tuple(edits),
        expected=expected,
        rule="C020" if text else "C021",
    )


def _with_text(
    place: Place, argument: Argument, name: str, text: str, *, in_concat: bool
) -> dict[Place, tuple[Argument, bool]]:
    """Return the arguments that get a text as `else`, by their places, and whether they stand inside of `concat`."""
    match argument:
        case PortPlaceholder(kind="inputValue", port=port) if port == name:
            test = IfPlaceholder(condition=IsPresent(input=name), then=(argument,), otherwise=(text,))
            return {place: (test, in_concat)}
        case IfPlaceholder(condition=IsPresent(input=tested)) if tested == name:
            # With the default it was present always.
            otherwise = _all_filled(argument.then, name, text)
            return {place: (replace(argument, otherwise=otherwise), in_concat)}
        case ConcatPlaceholder(items=items):
            return _of_several(place, items, name, text, in_concat=True)
        case IfPlaceholder(then=then, otherwise=otherwise):
            return _of_several((*place, "then"), then, name, text, in_concat=in_concat) | _of_several(
                (*place, "else"), otherwise, name, text, in_concat=in_concat
            )
    return {}


def _of_several(
    place: Place, items: Arguments, name: str, text: str, *, in_concat: bool
) -> dict[Place, tuple[Argument, bool]]:
    """Return the same for a list of arguments."""
    changes: dict[Place, tuple[Argument, bool]] = {}
    for index, item in enumerate(items):
        changes |= _with_text((*place, index), item, name, text, in_concat=in_concat)
    return changes


def _all_filled(items: Arguments, name: str, text: str) -> Arguments:
    """Return arguments with a text in the place of an input's value; tests of its presence hold."""
    filled: list[Argument] = []
    for item in items:
        if isinstance(item, IfPlaceholder) and item.condition == IsPresent(input=name):
            filled += _all_filled(item.then, name, text)
        else:
            filled.append(_filled(item, name, text))
    return tuple(filled)


def _filled(argument: Argument, name: str, text: str) -> Argument:
    """Return one argument with a text in the place of an input's value."""
    match argument:
        case PortPlaceholder(kind="inputValue", port=port) if port == name:
            return text
        case ConcatPlaceholder():
            items = _all_filled(argument.items, name, text)
            words = [item for item in items if isinstance(item, str)]
            return "".join(words) if len(words) == len(items) else ConcatPlaceholder(items=items)
        case IfPlaceholder():
            then, otherwise = (_all_filled(items, name, text) for items in (argument.then, argument.otherwise))
            return replace(argument, then=then, otherwise=otherwise)
        case _:
            return argument
