"""Rules about defaults and options."""

import json
from collections.abc import Iterator

import yaml

from toolkit.edits import Applicability, Edit, Fix, Quote, Remove, Rename, Replace
from toolkit.interface.model import Input, is_value
from toolkit.lint.rule import ERROR, INFO, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import source
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.spec.document import Place
from toolkit.spec.reader import ComponentDocument
from toolkit.words import closest

_EXAMPLES = {"integer": "'3'", "float": "'0.5'", "boolean": "'true'", "jsonarray": "'[1, 2]'", "jsonobject": "'{}'"}
_EMPTY = {"jsonarray": "'[]'", "jsonobject": "'{}'"}
_NUMBERS = frozenset({"integer", "float", "boolean"})
# Other names of the same types (kfp 2.17, dsl/types/type_utils.py).
_ALIASES = {
    "int": "integer",
    "double": "float",
    "bool": "boolean",
    "list": "jsonarray",
    "dict": "jsonobject",
    "str": "string",
    "text": "string",
}
# The values that KFP 1.8 can write for a type, a text for all others (kfp 1.8.22, components/_data_passing.py).
_WRITABLE: dict[str, tuple[type, ...]] = {
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
    RuleCategory.SYNTAX,
    "A default without quotes that KFP changes: 1.10 becomes 1.1, 010 becomes 8.",
)
def ambiguous_scalar(document: ComponentDocument) -> Iterator[Remark]:
    """Report unquoted defaults that KFP reads as another text.

    YAML reads some texts as numbers that are written otherwise: 010 is eight, 1.10 is 1.1, 1_000 is a thousand. KFP
    takes the number and writes it as a text again, so that the program gets another one than the author wrote.

    Put the default in quotes. Then it arrives as it stands.

    Wrong:
        inputs:
        - {name: rounds, type: Integer, default: 010}

    Right:
        inputs:
        - {name: rounds, type: Integer, default: '10'}
    """
    for place, text, type_ in _unquoted(document):
        value = _value(text)
        if not _is_same(text, value, type_):
            message = f"KFP reads the default {text} as {str(value)!r}"
            yield Remark(document.places[place], message, f"write '{text}'", fix=_quoted(place, Applicability.UNSAFE))


@rule(
    "C020",
    "default-not-parsable",
    ERROR,
    RuleCategory.VALUES,
    "A default is not a value of its type.",
)
def default_not_parsable(document: ComponentDocument) -> Iterator[Remark]:
    """Report defaults that are not values of their types.

    KFP 2 parses a default by its input's type when it loads the contract. One that cannot be parsed ends with a
    `ValueError` that does not name the input. KFP 1.8 accepts the default, and so does KFP 2 for JSON: then the program
    fails, in each step that leaves the input to its default.

    Wrong:
        inputs:
        - {name: rounds, type: Integer, default: '3o'}

    Right:
        inputs:
        - {name: rounds, type: Integer, default: '30'}
    """
    for index, port in enumerate(document.spec.interface.inputs):
        # C021 reports an empty default.
        # Not a pattern for each type, since such defaults are real: 'Fasle' stood in a public contract for two years.
        if port.default and not is_value(port.default, _plain_name(port.type)):
            where = document.places[("inputs", index, "default")]
            advice = f"such as {_EXAMPLES[_plain_name(port.type)]}"
            message = f"the default of {port.name!r} is {port.default!r}, not of type {port.type}"
            yield Remark(where, message, advice, fix=_meant(index, port.default, _plain_name(port.type)))


@rule(
    "C021",
    "default-empty-for-typed",
    ERROR,
    RuleCategory.VALUES,
    "An empty default for a type that has no empty value.",
)
def default_empty(document: ComponentDocument) -> Iterator[Remark]:
    """Report empty defaults of types other than String.

    An empty text is no number, no boolean and no JSON. KFP 2 cannot load a contract with an empty default of type
    Integer, Float or Boolean. For a JsonArray or JsonObject KFP passes the empty text, for which a program may be
    ready: the finding is a warning then.

    An input that may be left out, without a default, is `optional: true`. Pass it inside of `if`, so that the program
    gets no argument if it is absent.

    Wrong:
        inputs:
        - {name: rounds, type: Integer, default: ''}

    Right:
        inputs:
        - {name: rounds, type: Integer, optional: true}
    """
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default == "" and _plain_name(port.type) in _EXAMPLES:
            where = document.places[("inputs", index, "default")]
            message = f"the default of {port.name!r} is empty, its type is {port.type}"
            # Both lines of KFP pass the empty text, and a shell script may well be ready for it.
            if empty := _EMPTY.get(_plain_name(port.type)):
                fix = _another(("inputs", index, "default"), empty.strip("'"))
                yield Remark(where, message, f"write {empty}, unless the program takes an empty text", WARNING, fix)
            else:
                yield Remark(where, message, "write `optional: true` instead", fix=_optional(index, port))


@rule(
    "C022",
    "default-not-quoted",
    INFO,
    RuleCategory.VALUES,
    "A default that is not a text in YAML; readers differ in how they read it.",
)
def default_not_quoted(document: ComponentDocument) -> Iterator[Remark]:
    """Report unquoted defaults that every reader reads alike, which C005 does not report.

    YAML makes a number or a boolean of a default without quotes. KFP reads this one as the text that is written. Other
    readers need not: the JSON schema that KFP published takes texts alone.

    Wrong:
        inputs:
        - {name: rounds, type: Integer, default: 3}

    Right:
        inputs:
        - {name: rounds, type: Integer, default: '3'}
    """
    for place, text, type_ in _unquoted(document):
        if _is_same(text, _value(text), type_):
            written, fix = _as_text(place, text, type_)
            message = f"the default {text} is not in quotes"
            yield Remark(document.places[place], message, f"write '{written}'", fix=fix)


@rule(
    "C023",
    "default-of-another-type",
    ERROR,
    RuleCategory.VALUES,
    "A default without quotes that is not a value of its type: KFP 1.8 does not compile a step that uses it.",
)
def default_of_another_type(document: ComponentDocument) -> Iterator[Remark]:
    """Report unquoted defaults whose value in YAML KFP 1.8 cannot write for the type.

    YAML makes a number or a boolean of a default without quotes. KFP 1.8 then wants a value of the input's type, and 5
    is no String for it: a pipeline whose step leaves the input to its default does not compile.

    Put the default in quotes.

    Wrong:
        inputs:
        - {name: release, type: String, default: 5}

    Right:
        inputs:
        - {name: release, type: String, default: '5'}

    Also: C022
    """
    for index, port in enumerate(document.spec.interface.inputs):
        place = ("inputs", index, "default")
        if port.type and _is_unquoted(document, port.default, place):
            value = _value(port.default or "")
            if not isinstance(value, _WRITABLE.get(port.type, (str,))):
                kind = _KINDS.get(type(value), "not a text")
                message = f"the default of {port.name!r} is {kind}, its type is {port.type}"
                # KFP 2 cannot read every text that KFP 1.8 takes for a number.
                fix = None if _plain_name(port.type) in _NUMBERS else _quoted(place, _kept(port.default or "", value))
                yield Remark(document.places[place], message, f"write '{port.default}'", fix=fix)


@rule(
    "C027",
    "default-not-a-choice",
    ERROR,
    RuleCategory.VALUES,
    "A default that is not one of its input's choices.",
)
def default_not_a_choice(document: ComponentDocument) -> Iterator[Remark]:
    """Report defaults that are not choices.

    The annotation `choices` lists the values that an input takes; `comp` writes it for `Literal` and `Enum`. A default
    that is not among them is refused by the launcher in the step, or taken for something else by a program.

    Wrong:
        inputs:
        - {name: mode, type: String, default: quick, annotations: {choices: [fast, slow]}}

    Right:
        inputs:
        - {name: mode, type: String, default: fast, annotations: {choices: [fast, slow]}}
    """
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default is None or not port.choices:
            continue
        # A default is text as a contract has it: `true`, not Python's `True`.
        choices = {choice if isinstance(choice, str) else json.dumps(choice) for choice in port.choices}
        if port.default not in choices:
            where = document.places[("inputs", index, "default")]
            message = f"the default of {port.name!r} is {port.default!r}"
            close = closest(port.default, choices)
            fix = close and _another(("inputs", index, "default"), close)
            yield Remark(where, message, f"one of {', '.join(sorted(choices))}", fix=fix or None)


@rule(
    "C028",
    "value-too-long",
    ERROR,
    RuleCategory.VALUES,
    "A default of more than 131,071 bytes, which no command line holds: the step cannot start.",
)
def value_too_long(document: ComponentDocument) -> Iterator[Remark]:
    """Report defaults that are too long to pass.

    Values travel on the command line. Linux takes at most 131,071 bytes in one argument, so that a step with this
    default cannot start.

    Make it an artifact, which travels as a file; the program can have the default inside of its image.

    Wrong:
        inputs:
        - {name: words, type: String, default: …(140000 characters)…}
        args: [{if: {cond: {isPresent: words}, then: [--words, {inputValue: words}]}}]

    Right:
        inputs:
        - {name: words, type: Dataset}

    Also: C080
    """
    for index, port in enumerate(document.spec.interface.inputs):
        # Half of a surrogate pair cannot be encoded, and still needs a size.
        if port.default and len(port.default.encode(errors="replace")) > LONGEST_ARGUMENT:
            where = document.places[("inputs", index, "default")]
            yield Remark(where, f"the default of {port.name!r} is too long to pass as a value", "make it an artifact")


def _quoted(place: Place, applicability: Applicability) -> Fix:
    """Return the fix that puts a default in quotes."""
    return Fix(title="Put the default in quotes", edits=(Quote(place),), applicability=applicability)


def _as_text(place: Place, text: str, type_: str) -> tuple[str, Fix | None]:
    """Return the text that a default should be, with the fix that writes it; None if no text of the type is meant."""
    value = _value(text)
    if not isinstance(value, bool):
        # KFP 2 reads the number 5.0 as an Integer, and not its text.
        return text, _quoted(place, _kept(text, value)) if is_value(text, type_) else None
    # KFP 1.8 passes a boolean as Python writes it, and KFP 2 reads that too.
    return str(value), Fix(title="Put the default in quotes", edits=(Replace(place, str(value)),))


def _optional(index: int, port: Input) -> Fix:
    """Return the fix that makes an input optional in the place of its default."""
    place: Place = ("inputs", index, "default")
    edits: tuple[Edit, ...] = (Rename(place, "optional"), Replace(place, value=True))
    return Fix(
        title="Make the input optional",
        edits=(Remove(place),) if port.optional else edits,
        applicability=Applicability.UNSAFE,
    )


def _another(place: Place, text: str) -> Fix:
    """Return the fix that writes a text which is probably meant."""
    return Fix(title=f"Write {text!r}", edits=(Replace(place, text),), applicability=Applicability.UNSAFE)


def _kept(text: str, value: object) -> Applicability:
    """Return whether KFP passes the same text if a default gets quotes."""
    return Applicability.SAFE if str(value) == text else Applicability.UNSAFE


def _meant(index: int, text: str, type_: str) -> Fix | None:
    """Return the fix of a default that has quotes too many, or is a misspelt boolean; None for any other."""
    close = closest(text.lower(), ("true", "false")) if type_ == "boolean" else None
    meant = close or text.strip("'\" ")
    return _another(("inputs", index, "default"), meant) if meant and is_value(meant, type_) else None


def passed_default(document: ComponentDocument, index: int) -> str | None:
    """Return the text that KFP 1.8 passes as the default of an input; None if there is something to correct first."""
    port = document.spec.interface.inputs[index]
    if port.default is None or not is_value(port.default, _plain_name(port.type)):
        return None
    if not _is_unquoted(document, port.default, ("inputs", index, "default")):
        return port.default
    value = _value(port.default)
    return str(value) if isinstance(value, bool) or str(value) == port.default else None


def _unquoted(document: ComponentDocument) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield the place, text and type of each default that YAML reads as a number or a boolean."""
    for index, port in enumerate(document.spec.interface.inputs):
        place = ("inputs", index, "default")
        if port.default and _is_unquoted(document, port.default, place):
            yield place, port.default, _plain_name(port.type)


def _is_unquoted(document: ComponentDocument, default: str | None, place: Place) -> bool:
    """Return whether a default is written as a number or a boolean."""
    # A quote, a tag or an alias before the text decides what it means, so only a bare text counts.
    is_bare = default and source(document, document.places[place]).strip() == default
    return bool(default and is_bare and not isinstance(_value(default), str))


def _value(text: str) -> object:
    """Return the value of a plain scalar in YAML."""
    # kfp reads contracts with PyYAML, so PyYAML decides what a text means.
    loader = yaml.SafeLoader("")
    try:
        tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except (ValueError, ArithmeticError, LookupError, yaml.YAMLError):  # such as more digits than Python takes
        return text


def _is_same(text: str, value: object, type_: str) -> bool:
    """Return whether KFP reads a default of this value as the text that is written."""
    try:
        if type_ == "integer":
            return int(text) == value
        if type_ == "float" and isinstance(value, int | float):
            return float(text) == value
    except ValueError:
        return True  # C020 reports it
    return isinstance(value, bool) if type_ == "boolean" else str(value) == text


def _plain_name(type_: str) -> str:
    """Return KFP's main name of a type, in lower case."""
    name = type_.lower()
    return _ALIASES.get(name, name)
