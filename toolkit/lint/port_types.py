"""Rules about the types of inputs and outputs, and about how the command line takes an input of a type."""

from collections.abc import Iterator

from toolkit.edits import Add, Applicability, Fix, Remove, Rename, Replace
from toolkit.interface.model import ARTIFACT_TYPES, PARAMETER_TYPES
from toolkit.lint.rule import ERROR, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import arguments, ports
from toolkit.spec.model import PortPlaceholder
from toolkit.spec.reader import ComponentDocument, is_parameter_type
from toolkit.words import closest


@rule(
    "C030",
    "unknown-type",
    WARNING,
    RuleCategory.TYPES,
    "A type that looks like a misspelt one of KFP's.",
)
def unknown_type(document: ComponentDocument) -> Iterator[Remark]:
    """Report types that are close to a known one; others are the user's own artifacts.

    Every type that KFP does not know is a class of artifacts of your own. A misspelt `String` is therefore valid, and
    its input takes a file where a value was meant.

    If the type is really your own, ignore this finding or choose a name that is less like KFP's.

    Wrong:
        inputs:
        - {name: user, type: Strng}

    Right:
        inputs:
        - {name: user, type: String}
    """
    known = (*PARAMETER_TYPES, *ARTIFACT_TYPES)
    for place, port in ports(document):
        if not port.type or port.type in known or is_parameter_type(port.type) or port.type.startswith(("{", "[")):
            continue
        # Stricter than for names, since most unknown types are artifacts of the user's own.
        if close := closest(port.type, known, similarity=0.8):
            where = document.places[(*place, "type")]
            message = f"{port.name!r} has the unknown type {port.type!r}"
            edit = Replace((*place, "type"), close)
            fix = Fix(title=f"Write {close!r}", edits=(edit,), applicability=Applicability.UNSAFE)
            yield Remark(where, message, f"did you mean {close!r}?", fix=fix)


@rule(
    "C032",
    "kind-type-mismatch",
    ERROR,
    RuleCategory.TYPES,
    "A parameter passed by path, or an artifact passed by value: KFP 2 refuses both when a pipeline compiles.",
)
def kind_mismatch(document: ComponentDocument) -> Iterator[Remark]:
    """Report placeholders that do not fit the type of their input.

    Parameters (String, Integer, Float, Boolean, JsonArray, JsonObject) are values, and every other type is an artifact,
    a file. KFP 2 pairs `inputValue` with parameters and `inputPath` and `inputUri` with artifacts, and does not compile
    anything else. An input without a type is an artifact there. KFP 1.8 passes either in both ways, so that many older
    contracts have this error.

    Choose the placeholder that fits the type, or the type that fits the program.

    Wrong:
        inputs:
        - {name: rounds, type: Integer}
        args: [--rounds, {inputPath: rounds}]

    Right:
        inputs:
        - {name: rounds, type: Integer}
        args: [--rounds, {inputValue: rounds}]
    """
    types = {port.name: port.type for port in document.spec.interface.inputs}
    names = [*types]
    for place, argument in arguments(document):
        if not isinstance(argument, PortPlaceholder) or argument.port not in types:
            continue
        type_ = types[argument.port]
        parameter = is_parameter_type(type_)
        if argument.kind in {"inputPath", "inputUri"} and parameter:
            message = f"{argument.port!r} is {type_} and passed by path"
            edit = Rename((*place, argument.kind), "inputValue")
            fix = Fix(title="Pass the value", edits=(edit,), applicability=Applicability.UNSAFE)
            yield Remark(document.places[place], message, "write inputValue", fix=fix)
        elif argument.kind == "inputValue" and not parameter:
            message = f"{argument.port!r} is {type_ or 'untyped'}, an artifact, and passed by value"
            advice = "write inputPath, or give it a parameter type such as String"
            typed = Add(("inputs", names.index(argument.port)), "type", "String", after="name")
            fix = Fix(title="Give the input the type String", edits=(typed,), applicability=Applicability.UNSAFE)
            yield Remark(document.places[place], message, advice, fix=None if type_ else fix)


@rule(
    "C033",
    "empty-type",
    ERROR,
    RuleCategory.TYPES,
    "A type that is an empty mapping.",
)
def empty_type(document: ComponentDocument) -> Iterator[Remark]:
    """Report types without a name.

    A type is a name, or a name with properties such as `{GCSPath: {data_type: CSV}}`. An empty mapping or list has no
    name: KFP 1.8 does not compile a step with it, and KFP 2 takes an empty mapping for any artifact.

    Wrong:
        inputs:
        - {name: data, type: {}}
        args: [--data, {inputPath: data}]

    Right:
        inputs:
        - {name: data, type: Dataset}
        args: [--data, {inputPath: data}]
    """
    for place, port in ports(document):
        if port.type in {"{}", "[]"}:
            message, where = f"the type of {port.name!r} is empty", document.places[(*place, "type")]
            fix = Fix(title="Remove the empty type", edits=(Remove((*place, "type")),))
            yield Remark(where, message, "name it or drop it", fix=fix)
