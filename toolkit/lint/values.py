"""Rules about defaults, options and types."""

import json
from collections.abc import Iterator
from difflib import get_close_matches

import yaml

from toolkit.interface.model import ARTIFACT_TYPES, PARAMETER_TYPES, is_value
from toolkit.lint.rule import ERROR, INFO, WARNING, Remark, rule
from toolkit.lint.walk import arguments, container, ports, source
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import Document, is_parameter_type

_EXAMPLES = {"integer": "'3'", "float": "'0.5'", "boolean": "'true'", "jsonarray": "'[1, 2]'", "jsonobject": "'{}'"}
# kfp 2.17, dsl/types/type_utils.py: other names of the same types.
_ALIASES = {
    "int": "integer",
    "double": "float",
    "bool": "boolean",
    "list": "jsonarray",
    "dict": "jsonobject",
    "str": "string",
    "text": "string",
}
# kfp 1.8.22, components/_data_passing.py: what it writes for a type; a text for all others.
_TAKEN_AS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("Integer", "int"), (int,)),
    **dict.fromkeys(("Float", "float"), (int, float)),
    **dict.fromkeys(("Boolean", "Bool", "bool"), (bool,)),
    **dict.fromkeys(("JsonArray", "List", "list", "JsonObject", "Dictionary", "Dict", "dict"), (object,)),
}
_KINDS: dict[type, str] = {int: "an integer", float: "a number", bool: "a boolean"}


@rule(
    "C005",
    "ambiguous-scalar",
    WARNING,
    "A default without quotes that KFP does not take as it is written: 1.10 becomes 1.1, 010 becomes 8.",
    bad="{name: release, type: String, default: 1.10}",
    good="{name: release, type: String, default: '1.10'}",
)
def ambiguous_scalar(document: Document) -> Iterator[Remark]:
    """Find unquoted defaults that mean something else to KFP than to the reader of the file."""
    for place, text, type_ in _unquoted(document):
        taken = _taken(text)
        if not _means_the_same(text, taken, type_):
            yield Remark(document.places[place], f"KFP takes the default {text} as {str(taken)!r}", f"write '{text}'")


@rule(
    "C020",
    "default-not-parsable",
    ERROR,
    "A default is not a value of its type.",
    bad="{name: n, type: Integer, default: '3o'}",
    good="{name: n, type: Integer, default: '30'}",
)
def default_not_parsable(document: Document) -> Iterator[Remark]:
    """Parse every default as its type."""
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default and not is_value(port.default, _plain_name(port.type)):
            where = document.places[("inputs", index, "default")]
            advice = f"such as {_EXAMPLES[_plain_name(port.type)]}"
            yield Remark(where, f"the default of {port.name!r} is {port.default!r}, no {port.type}", advice)


@rule(
    "C021",
    "default-empty-for-typed",
    ERROR,
    "An empty default for a type that has no empty value.",
    bad="{name: n, type: Integer, default: ''}",
    good="{name: n, type: Integer, optional: true}",
)
def default_empty(document: Document) -> Iterator[Remark]:
    """Find empty defaults of types other than String."""
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default == "" and _plain_name(port.type) in _EXAMPLES:
            where = document.places[("inputs", index, "default")]
            message = f"the default of {port.name!r} is empty, its type is {port.type}"
            yield Remark(where, message, "write `optional: true` instead")


@rule(
    "C022",
    "default-not-quoted",
    INFO,
    "A default that is no text in YAML; readers differ in what they make of it.",
    bad="{name: n, type: Integer, default: 3}",
    good="{name: n, type: Integer, default: '3'}",
)
def default_not_quoted(document: Document) -> Iterator[Remark]:
    """Find unquoted defaults that C005 has nothing to say about."""
    for place, text, type_ in _unquoted(document):
        if _means_the_same(text, _taken(text), type_):
            yield Remark(document.places[place], f"the default {text} is not in quotes", f"write '{text}'")


@rule(
    "C023",
    "default-of-another-type",
    ERROR,
    "A default without quotes that is no value of its type: KFP 1.8 does not compile a step that takes it.",
    bad="{name: release, type: String, default: 5}",
    good="{name: release, type: String, default: '5'}",
)
def default_of_another_type(document: Document) -> Iterator[Remark]:
    """Compare what YAML takes a default for with what KFP 1.8 can write for the type."""
    for index, port in enumerate(document.spec.interface.inputs):
        place = ("inputs", index, "default")
        if port.type and _is_unquoted(document, port.default, place):
            taken = _taken(port.default or "")
            known = _TAKEN_AS.get(port.type, (str,))
            if not isinstance(taken, known):
                message = (
                    f"the default of {port.name!r} is {_KINDS.get(type(taken), 'no text')}, its type is {port.type}"
                )
                yield Remark(document.places[place], message, f"write '{port.default}'")


@rule(
    "C024",
    "optional-unguarded",
    ERROR,
    "An optional input without default stands outside if/isPresent: KFP 1.8 shifts the arguments, KFP 2 passes null.",
    bad="args: [--note, {inputValue: note}]",
    good="args: [{if: {cond: {isPresent: note}, then: [--note, {inputValue: note}]}}]",
)
def optional_unguarded(document: Document) -> Iterator[Remark]:
    """Find placeholders of inputs that may be absent where nothing asks whether they are present."""
    optional = {port.name for port in document.spec.interface.inputs if port.optional and port.default is None}
    for place, port in _unguarded_ports(document):
        if port.port in optional:
            yield Remark(
                document.places[place], f"{port.port!r} may be absent and is passed all the same", _guard(port.port)
            )


@rule(
    "C025",
    "if-in-concat-list",
    ERROR,
    "An `if` inside `concat` whose branch is a list: KFP 2 wants a single text or placeholder there.",
    bad="{concat: [a, {if: {cond: {isPresent: x}, then: [{inputValue: x}]}}]}",
    good="{concat: [a, {if: {cond: {isPresent: x}, then: {inputValue: x}}}]}",
)
def if_in_concat(document: Document) -> Iterator[Remark]:
    """Find lists in the branches of an `if` inside a `concat`."""
    for place, argument in arguments(document):
        if not isinstance(argument, ConcatPlaceholder):
            continue
        for index, item in enumerate(argument.items):
            for branch in ("then", "else") if isinstance(item, IfPlaceholder) else ():
                where = document.places.get((*place, index, branch))
                if where and source(document, where).startswith(("[", "- ")):
                    yield Remark(where, f"`{branch}` is a list inside `concat`", "write one item without brackets")


@rule(
    "C026",
    "if-cond-unsupported",
    ERROR,
    "KFP 2 understands `isPresent` as a condition and nothing else.",
    bad="{if: {cond: {inputValue: verbose}, then: [--verbose]}}",
    good="[--verbose, {inputValue: verbose}]",
)
def condition_unsupported(document: Document) -> Iterator[Remark]:
    """Find other conditions."""
    for place, argument in arguments(document):
        if isinstance(argument, IfPlaceholder) and not isinstance(argument.condition, IsPresent):
            advice = "pass the value, and decide in the program"
            yield Remark(document.places[(*place, "cond")], "the condition is not isPresent", advice)


@rule(
    "C027",
    "default-not-a-choice",
    ERROR,
    "A default that is not among the choices of its input.",
    bad="{name: mode, type: String, default: quick, annotations: {choices: [fast, slow]}}",
    good="{name: mode, type: String, default: fast, annotations: {choices: [fast, slow]}}",
)
def default_not_a_choice(document: Document) -> Iterator[Remark]:
    """Compare defaults with choices."""
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default is None or not port.choices:
            continue
        known = {choice if isinstance(choice, str) else json.dumps(choice) for choice in port.choices}
        if port.default not in known:
            where = document.places[("inputs", index, "default")]
            message = f"the default of {port.name!r} is {port.default!r}"
            yield Remark(where, message, f"one of {', '.join(sorted(known))}")


@rule(
    "C028",
    "value-too-long",
    ERROR,
    "A default longer than the 131,071 bytes that a command line holds: the step cannot start.",
    bad="{name: table, type: String, default: …140,000 characters…}",
    good="{name: table, type: Dataset}",
)
def value_too_long(document: Document) -> Iterator[Remark]:
    """Measure defaults."""
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default and len(port.default.encode(errors="replace")) > LONGEST_ARGUMENT:
            where = document.places[("inputs", index, "default")]
            yield Remark(where, f"the default of {port.name!r} is too long to pass as a value", "make it an artifact")


@rule(
    "C029",
    "default-unguarded",
    WARNING,
    "An input with a default stands outside if/isPresent: KFP 2's server fails where a caller leaves it out. "
    "It fills in arguments before it fills in defaults.",
    bad="args: [--rate, {inputValue: rate}]",
    good="args: [{if: {cond: {isPresent: rate}, then: [--rate, {inputValue: rate}]}}]",
)
def default_unguarded(document: Document) -> Iterator[Remark]:
    """Find values that a caller may leave to their defaults where nothing asks whether they are present."""
    with_default = {port.name for port in document.spec.interface.inputs if port.default is not None}
    for place, port in _unguarded_ports(document):
        if port.port in with_default and port.kind == "inputValue":
            message = f"KFP 2 fails where a caller leaves {port.port!r} to its default"
            advice = f"{_guard(port.port)}; the program needs the same default"
            yield Remark(document.places[place], message, advice)


@rule(
    "C030",
    "unknown-type",
    WARNING,
    "A type that looks like a misspelt one of KFP's.",
    bad="{name: n, type: Strng}",
    good="{name: n, type: String}",
)
def unknown_type(document: Document) -> Iterator[Remark]:
    """Find types that are close to a known one; others are the user's own artifacts."""
    known = (*PARAMETER_TYPES, *ARTIFACT_TYPES)
    for place, port in ports(document):
        if not port.type or port.type in known or is_parameter_type(port.type) or port.type.startswith(("{", "[")):
            continue
        if close := get_close_matches(port.type, known, n=1, cutoff=0.8):
            where = document.places[(*place, "type")]
            message = f"{port.name!r} has the unknown type {port.type!r}"
            yield Remark(where, message, f"did you mean {close[0]!r}?")


@rule(
    "C032",
    "kind-type-mismatch",
    ERROR,
    "A parameter passed by path, or an artifact passed by value: KFP 2 refuses both when a pipeline compiles.",
    bad="inputs: [{name: n, type: Integer}]\n… args: [{inputPath: n}]",
    good="inputs: [{name: n, type: Integer}]\n… args: [{inputValue: n}]",
)
def kind_mismatch(document: Document) -> Iterator[Remark]:
    """Compare the placeholder of every input with its type."""
    types = {port.name: port.type for port in document.spec.interface.inputs}
    for place, argument in arguments(document):
        if not isinstance(argument, PortPlaceholder) or argument.port not in types:
            continue
        type_ = types[argument.port]
        parameter = is_parameter_type(type_)
        if argument.kind in {"inputPath", "inputUri"} and parameter:
            message = f"{argument.port!r} is {type_} and passed by path"
            yield Remark(document.places[place], message, "write inputValue")
        elif argument.kind == "inputValue" and not parameter:
            message = f"{argument.port!r} is {type_ or 'untyped'}, an artifact, and passed by value"
            advice = "write inputPath, or give it a parameter type such as String"
            yield Remark(document.places[place], message, advice)


@rule(
    "C033",
    "empty-type",
    ERROR,
    "A type that is an empty mapping.",
    bad="{name: data, type: {}}",
    good="{name: data, type: Dataset}",
)
def empty_type(document: Document) -> Iterator[Remark]:
    """Find types without a name."""
    for place, port in ports(document):
        if port.type in {"{}", "[]"}:
            yield Remark(document.places[(*place, "type")], f"the type of {port.name!r} is empty", "name it or drop it")


def _unquoted(document: Document) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Give the place, text and type of each default that YAML takes for a number or a boolean."""
    for index, port in enumerate(document.spec.interface.inputs):
        place = ("inputs", index, "default")
        if port.default and _is_unquoted(document, port.default, place):
            yield place, port.default, _plain_name(port.type)


def _is_unquoted(document: Document, default: str | None, place: Place) -> bool:
    """Tell whether a default stands there as a number or a boolean."""
    # A quote, a tag or an alias before it means that the text alone does not say what it is.
    written = default and source(document, document.places[place]).strip() == default
    return bool(default and written and not isinstance(_taken(default), str))


def _taken(text: str) -> object:
    """Say what YAML makes of a plain scalar."""
    loader = yaml.SafeLoader("")
    try:
        tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except (ValueError, ArithmeticError, LookupError, yaml.YAMLError):  # such as more digits than Python takes
        return text


def _means_the_same(text: str, taken: object, type_: str) -> bool:
    try:
        if type_ == "integer":
            return int(text) == taken
        if type_ == "float" and isinstance(taken, int | float):
            return float(text) == taken
    except ValueError:
        return True  # C020's business
    return isinstance(taken, bool) if type_ == "boolean" else str(taken) == text


def _guard(name: str) -> str:
    return f"put the flag and the value inside {{if: {{cond: {{isPresent: {name}}}, then: […]}}}}"


def _unguarded_ports(document: Document) -> Iterator[tuple[Place, PortPlaceholder]]:
    """Give each placeholder of an input outside of the branch where it is present, with its whole argument's place."""
    for each in container(document):
        for key, given in (("command", each.command), ("args", each.args)):
            for index, argument in enumerate(given):
                for port in _unguarded(argument, frozenset()):
                    yield (key, index), port


def _unguarded(argument: Argument, guarded: frozenset[str]) -> Iterator[PortPlaceholder]:
    match argument:
        case PortPlaceholder(kind="inputValue" | "inputPath" | "inputUri", port=name) if name not in guarded:
            yield argument
        case ConcatPlaceholder():
            for item in argument.items:
                yield from _unguarded(item, guarded)
        case IfPlaceholder():
            inside = guarded
            if isinstance(argument.condition, IsPresent):
                inside = guarded | {argument.condition.input}
            for item in argument.then:
                yield from _unguarded(item, inside)
            for item in argument.otherwise:
                yield from _unguarded(item, guarded)


def _plain_name(type_: str) -> str:
    name = type_.lower()
    return _ALIASES.get(name, name)
