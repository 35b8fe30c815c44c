"""The rules: one function each, with the id that never changes, and an example of what it means.

Ids and names follow one list for the whole project; numbers that are missing belong to rules to come. C001 to
C004 are found by the reader, F001 to F009 by the reader of functions.
"""

import json
import keyword
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from toolkit.errors import InputError, Location
from toolkit.findings import Finding, Severity
from toolkit.interface.function import sanitised
from toolkit.interface.model import ARTIFACT_TYPES, PARAMETER_TYPES, Input, Output
from toolkit.oci.reference import parse_reference
from toolkit.spec.model import (
    Argument,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)
from toolkit.spec.protocol import LAUNCHER_PATH
from toolkit.spec.reader import Document, arguments_of, is_parameter_type

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
# KFP 1.8 keeps the contract in a Kubernetes annotation, which may have 262,144 bytes.
_LARGE, _LARGER, _LARGEST = 10_000, 64_000, 262_144

Remark = tuple[Location, str, str]
Check = Callable[[Document], Iterator[Remark]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. `check` is None where a reader finds it. `bad` and `good` are fragments for `comp explain`."""

    id: str
    name: str
    severity: Severity
    summary: str
    bad: str
    good: str
    check: Check | None = None


RULES: dict[str, Rule] = {}


def rule(id_: str, name: str, severity: Severity, summary: str, *, bad: str, good: str) -> Callable[[Check], Check]:
    """Register the function below as a rule."""

    def register(check: Check) -> Check:
        RULES[id_] = Rule(id=id_, name=name, severity=severity, summary=summary, bad=bad, good=good, check=check)
        return check

    return register


def findings_of(document: Document) -> list[Finding]:
    """Apply every rule; findings come in the order of the document."""
    found = [
        Finding(rule=each.id, severity=each.severity, message=message, where=where, help=advice)
        for each in RULES.values()
        if each.check is not None
        for where, message, advice in each.check(document)
    ]
    return sorted(found, key=lambda finding: (finding.where.line or 0, finding.where.column or 0, finding.rule))


# --- the form, found by the readers --------------------------------------------------------------------------

for _id, _name, _summary, _bad, _good in (
    ("C001", "yaml-syntax", "The file is not one readable YAML document.", "inputs: [", "inputs: []"),
    ("C002", "duplicate-key", "A key is there twice; KFP silently takes the last.", "name: a\nname: b", "name: b"),
    ("C003", "unknown-key", "A key, or the shape of a value, is not part of the form.", "inptus: []", "inputs: []"),
    ("C004", "not-a-string", "A number, boolean or the like stands where a text belongs.", "args: [5]", "args: ['5']"),
    (
        "C099",
        "contract-stale",
        "The contract does not say what the code says.",
        "def f(n: int) … without n",
        "comp generate",
    ),
    ("F001", "python-syntax", "The module cannot be parsed.", "def f(:", "def f():"),
    ("F002", "no-such-function", "The module has no function of that name.", "train:trian", "train:train"),
    (
        "F003",
        "function-defined-twice",
        "Python keeps the last definition only.",
        "def f(): …\ndef f(): …",
        "def f(): …",
    ),
    ("F004", "unnamed-input", "Every input is a parameter with a name.", "def f(*values)", "def f(values: list)"),
    ("F005", "missing-annotation", "A parameter has no type.", "def f(c)", "def f(c: float)"),
    (
        "F006",
        "unknown-annotation",
        "An annotation has no form in KFP.",
        "def f(x: bytes)",
        "def f(x: InputPath('Bytes'))",
    ),
    (
        "F007",
        "default-not-literal",
        "A default must be known without running code.",
        "def f(n: int = len(X))",
        "n: int = 3",
    ),
    (
        "F008",
        "function-name-collision",
        "Two ports have one name for KFP.",
        "def f(a_b: int, A_B: int)",
        "def f(a: int, b: int)",
    ),
    ("F009", "async-function", "Nothing awaits a component's function.", "async def f()", "def f()"),
):
    RULES[_id] = Rule(id=_id, name=_name, severity=ERROR, summary=_summary, bad=_bad, good=_good)


# --- ports and what refers to them ---------------------------------------------------------------------------


@rule(
    "C010",
    "unknown-input-ref",
    ERROR,
    "A placeholder names an input that is not there.",
    bad="inputs: [{name: data}]\n… args: [{inputPath: date}]",
    good="inputs: [{name: data}]\n… args: [{inputPath: data}]",
)
def unknown_input(document: Document) -> Iterator[Remark]:
    yield from _unknown(document, [port.name for port in document.spec.interface.inputs], "input")


@rule(
    "C011",
    "unknown-output-ref",
    ERROR,
    "A placeholder names an output that is not there.",
    bad="outputs: [{name: model}]\n… args: [{outputPath: modle}]",
    good="outputs: [{name: model}]\n… args: [{outputPath: model}]",
)
def unknown_output(document: Document) -> Iterator[Remark]:
    yield from _unknown(document, [port.name for port in document.spec.interface.outputs], "output")


@rule(
    "C012",
    "output-never-produced",
    ERROR,
    "No argument tells the program where to write an output; the step would fail after its work is done.",
    bad="outputs: [{name: model}]\n… args: [--train]",
    good="outputs: [{name: model}]\n… args: [--model, {outputPath: model}]",
)
def output_never_produced(document: Document) -> Iterator[Remark]:
    container = document.spec.container
    produced = set(container.file_outputs)
    for argument in arguments_of(container):
        if isinstance(argument, PortPlaceholder):
            produced.add(argument.port)
        elif LAUNCHER_PATH not in container.command and _is_executor_input(argument):
            # A program that reads KFP's executor input finds its paths there; our launcher wants them as arguments.
            return
    for index, port in enumerate(document.spec.interface.outputs):
        if port.name not in produced:
            where = document.places[("outputs", index)]
            yield where, f"the output {port.name!r} is never produced", "pass {outputPath: " + port.name + "}"


@rule(
    "C013",
    "input-never-used",
    WARNING,
    "No argument takes an input.",
    bad="inputs: [{name: data}]\n… args: []",
    good="inputs: [{name: data}]\n… args: [--data, {inputPath: data}]",
)
def input_never_used(document: Document) -> Iterator[Remark]:
    used: set[str] = set()
    for argument in arguments_of(document.spec.container):
        if isinstance(argument, PortPlaceholder):
            used.add(argument.port)
        elif isinstance(argument, IfPlaceholder) and not isinstance(argument.condition, bool | str):
            condition = argument.condition
            used.add(condition.input if isinstance(condition, IsPresent) else condition.port)
    for index, port in enumerate(document.spec.interface.inputs):
        if port.name not in used:
            yield document.places[("inputs", index)], f"the input {port.name!r} is never used", "use it or remove it"


@rule(
    "C014",
    "name-collision-after-sanitising",
    ERROR,
    "Two ports of one direction have the same name for KFP 2, which merges them without a word.",
    bad="inputs: [{name: A b}, {name: a_b}]",
    good="inputs: [{name: a}, {name: b}]",
)
def name_collision(document: Document) -> Iterator[Remark]:
    for place, name, other in _repeated(document, sanitised):
        if name != other:
            yield document.places[place], f"{other!r} and {name!r} are both {sanitised(name)!r} for KFP 2", "rename one"


@rule(
    "C015",
    "name-not-identifier",
    WARNING,
    "A name that cannot be a keyword argument in Python.",
    bad="inputs: [{name: 1st input}]",
    good="inputs: [{name: first_input}]",
)
def name_not_identifier(document: Document) -> Iterator[Remark]:
    for place, port in _ports(document):
        name, known = port.name, sanitised(port.name)
        if not known:
            yield document.places[place], f"{name!r} has no ASCII letter or digit", "KFP 2 cannot name it; rename it"
        elif not known.isidentifier() or keyword.iskeyword(known):
            yield document.places[place], f"{name!r} becomes {known!r}, no name for a Python argument", "rename it"


@rule(
    "C017",
    "duplicate-name",
    ERROR,
    "Two inputs, or two outputs, have the same name.",
    bad="inputs: [{name: data}, {name: data}]",
    good="inputs: [{name: data}, {name: labels}]",
)
def duplicate_name(document: Document) -> Iterator[Remark]:
    for place, name, other in _repeated(document, str):
        if name == other:
            yield document.places[place], f"the name {name!r} is there twice", "rename one of them"


# --- defaults and options ------------------------------------------------------------------------------------


@rule(
    "C020",
    "default-not-parsable",
    ERROR,
    "A default is not a value of its type.",
    bad="{name: n, type: Integer, default: '3o'}",
    good="{name: n, type: Integer, default: '30'}",
)
def default_not_parsable(document: Document) -> Iterator[Remark]:
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default and not _parses(port.default, port.type):
            where = document.places[("inputs", index, "default")]
            yield where, f"the default of {port.name!r} is {port.default!r}, no {port.type}", _example(port.type)


@rule(
    "C021",
    "default-empty-for-typed",
    ERROR,
    "An empty default for a type that has no empty value.",
    bad="{name: n, type: Integer, default: ''}",
    good="{name: n, type: Integer, optional: true}",
)
def default_empty(document: Document) -> Iterator[Remark]:
    for index, port in enumerate(document.spec.interface.inputs):
        if port.default == "" and is_parameter_type(port.type) and port.type.lower() not in {"string", "str", "text"}:
            where = document.places[("inputs", index, "default")]
            yield (
                where,
                f"the default of {port.name!r} is empty, its type is {port.type}",
                "write `optional: true` instead",
            )


@rule(
    "C024",
    "optional-unguarded",
    ERROR,
    "An optional input without default stands outside if/isPresent: KFP 1.8 shifts the arguments, KFP 2 passes null.",
    bad="args: [--note, {inputValue: note}]",
    good="args: [{if: {cond: {isPresent: note}, then: [--note, {inputValue: note}]}}]",
)
def optional_unguarded(document: Document) -> Iterator[Remark]:
    optional = {port.name for port in document.spec.interface.inputs if port.optional and port.default is None}
    for key, arguments in (("command", document.spec.container.command), ("args", document.spec.container.args)):
        for index, argument in enumerate(arguments):
            for name in _unguarded(argument, frozenset()):
                if name in optional:
                    advice = "put the flag and the value inside {if: {cond: {isPresent: " + name + "}, then: […]}}"
                    yield document.places[(key, index)], f"{name!r} may be absent and is passed all the same", advice


@rule(
    "C025",
    "if-in-concat-list",
    ERROR,
    "An `if` inside `concat` gives a list; KFP 2 wants one text there.",
    bad="{concat: [a, {if: {cond: {isPresent: x}, then: [b, c]}}]}",
    good="{if: {cond: {isPresent: x}, then: [{concat: [a, b]}], else: [a]}}",
)
def if_in_concat(document: Document) -> Iterator[Remark]:
    for place, argument in _placed(document):
        if isinstance(argument, ConcatPlaceholder):
            for item in argument.items:
                if isinstance(item, IfPlaceholder) and max(len(item.then), len(item.otherwise)) > 1:
                    yield (
                        document.places[place],
                        "`if` inside `concat` gives more than one text",
                        "turn them inside out",
                    )


@rule(
    "C026",
    "if-cond-unsupported",
    ERROR,
    "KFP 2 understands `isPresent` as a condition and nothing else.",
    bad="{if: {cond: {inputValue: verbose}, then: [--verbose]}}",
    good="[--verbose, {inputValue: verbose}]",
)
def condition_unsupported(document: Document) -> Iterator[Remark]:
    for place, argument in _placed(document):
        if isinstance(argument, IfPlaceholder) and not isinstance(argument.condition, IsPresent):
            yield document.places[place], "the condition is not isPresent", "pass the value, and decide in the program"


# --- types ---------------------------------------------------------------------------------------------------


@rule(
    "C030",
    "unknown-type",
    WARNING,
    "A type that looks like a misspelt one of KFP's.",
    bad="{name: n, type: Strng}",
    good="{name: n, type: String}",
)
def unknown_type(document: Document) -> Iterator[Remark]:
    known = (*PARAMETER_TYPES, *ARTIFACT_TYPES)
    for place, port in _ports(document):
        if not port.type or port.type in known or is_parameter_type(port.type) or port.type.startswith("{"):
            continue
        close = get_close_matches(port.type, known, n=1, cutoff=0.8)
        if close:
            where = document.places[(*place, "type")]
            yield where, f"{port.name!r} has the unknown type {port.type!r}", f"did you mean {close[0]!r}?"


@rule(
    "C032",
    "kind-type-mismatch",
    ERROR,
    "A parameter passed by path, or an artifact passed by value: KFP 2 refuses both when a pipeline compiles.",
    bad="inputs: [{name: n, type: Integer}]\n… args: [{inputPath: n}]",
    good="inputs: [{name: n, type: Integer}]\n… args: [{inputValue: n}]",
)
def kind_mismatch(document: Document) -> Iterator[Remark]:
    types = {port.name: port.type for port in document.spec.interface.inputs}
    for place, argument in _placed(document):
        if not isinstance(argument, PortPlaceholder) or argument.port not in types:
            continue
        type_ = types[argument.port]
        parameter = is_parameter_type(type_)
        if argument.kind in {"inputPath", "inputUri"} and parameter:
            yield document.places[place], f"{argument.port!r} is {type_} and passed by path", "write inputValue"
        elif argument.kind == "inputValue" and not parameter:
            shown = type_ or "untyped"
            advice = "write inputPath, or give it a parameter type such as String"
            yield document.places[place], f"{argument.port!r} is {shown}, an artifact, and passed by value", advice


@rule(
    "C033",
    "empty-type",
    ERROR,
    "A type that is an empty mapping.",
    bad="{name: data, type: {}}",
    good="{name: data, type: Dataset}",
)
def empty_type(document: Document) -> Iterator[Remark]:
    for place, port in _ports(document):
        if port.type in {"{}", "[]"}:
            yield document.places[(*place, "type")], f"the type of {port.name!r} is empty", "name it, or drop it"


# --- the container -------------------------------------------------------------------------------------------


@rule(
    "C040",
    "no-command",
    WARNING,
    "Without a command Argo's emissary executor and KFP 2 cannot run the step.",
    bad="container: {image: a:1, args: [x]}",
    good="container: {image: a:1, command: [run], args: [x]}",
)
def no_command(document: Document) -> Iterator[Remark]:
    if not document.spec.container.command:
        yield document.places[("image",)], "the container has no command", "write the image's entry point as `command`"


@rule(
    "C060",
    "image-not-pinned",
    WARNING,
    "The image is not named by digest, so it can change under a pipeline.",
    bad="image: registry.example.com/ml/train:1.0",
    good="image: registry.example.com/ml/train@sha256:…",
)
def image_not_pinned(document: Document) -> Iterator[Remark]:
    if "@" not in document.spec.container.image:
        yield document.places[("image",)], "the image has no digest", "`comp build --push` pins it"


@rule(
    "C061",
    "image-latest",
    WARNING,
    "The tag `latest` says nothing.",
    bad="image: a/b:latest",
    good="image: a/b:1.2.0",
)
def image_latest(document: Document) -> Iterator[Remark]:
    if document.spec.container.image.endswith(":latest"):
        yield document.places[("image",)], "the image's tag is latest", "name a version, better a digest"


@rule(
    "C062",
    "image-no-tag",
    WARNING,
    "An image without tag or digest means `latest`.",
    bad="image: a/b",
    good="image: a/b:1.2.0",
)
def image_no_tag(document: Document) -> Iterator[Remark]:
    image = document.spec.container.image
    if "@" not in image and ":" not in image.rpartition("/")[2]:
        yield document.places[("image",)], "the image has neither tag nor digest", "name a version, better a digest"


@rule(
    "C069",
    "image-not-a-reference",
    ERROR,
    "The image's name cannot be parsed.",
    bad="image: Registry/Name With Spaces",
    good="image: registry.example.com/name:1.0",
)
def image_not_a_reference(document: Document) -> Iterator[Remark]:
    try:
        parse_reference(document.spec.container.image)
    except InputError as error:
        yield document.places[("image",)], error.message, error.hint or ""


@rule(
    "C080",
    "too-large",
    WARNING,
    "KFP 1.8 keeps contracts in an annotation of at most 262,144 bytes; large ones make every pipeline slow.",
    bad="a program of 70 kB inside args",
    good="the program inside the image",
)
def too_large(document: Document) -> Iterator[Remark]:
    size = len(document.text.encode())
    if size > _LARGE:
        limit = next(limit for limit in (_LARGEST, _LARGER, _LARGE) if size > limit)
        where = Location(path=document.path)
        yield where, f"{size} bytes are more than {limit}", "move code into the image"


@rule(
    "C090",
    "missing-description",
    INFO,
    "The component has no description.",
    bad="name: Train",
    good="name: Train\ndescription: Fit a classifier on a table",
)
def missing_description(document: Document) -> Iterator[Remark]:
    if not document.spec.description:
        yield Location(path=document.path, line=1, column=1), "the component has no description", "one line is enough"


@rule(
    "C091",
    "missing-port-description",
    INFO,
    "An input or output has no description.",
    bad="{name: c, type: Float}",
    good="{name: c, type: Float, description: Inverse regularisation strength}",
)
def missing_port_description(document: Document) -> Iterator[Remark]:
    for place, port in _ports(document):
        if not port.description:
            yield document.places[place], f"{port.name!r} has no description", "say what it is in a line"


# --- what the rules share ------------------------------------------------------------------------------------


def _is_executor_input(argument: Argument) -> bool:
    return isinstance(argument, ExecutorInputPlaceholder) or (isinstance(argument, str) and "{{$}}" in argument)


def _ports(document: Document) -> Iterator[tuple[tuple[str | int, ...], Input | Output]]:
    for index, given in enumerate(document.spec.interface.inputs):
        yield ("inputs", index), given
    for index, made in enumerate(document.spec.interface.outputs):
        yield ("outputs", index), made


def _repeated(document: Document, key: Callable[[str], str]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Give each port whose key another one of its direction had before, with both names."""
    seen: dict[tuple[object, str], str] = {}
    for place, port in _ports(document):
        identity = place[0], key(port.name)
        if identity in seen:
            yield place, port.name, seen[identity]
        else:
            seen[identity] = port.name


def _placed(document: Document) -> Iterator[tuple[tuple[str | int, ...], Argument]]:
    """Give each argument with the place of the top-level one it is part of."""
    from dataclasses import replace

    container = document.spec.container
    for key, arguments in (("command", container.command), ("args", container.args)):
        for index, argument in enumerate(arguments):
            for part in arguments_of(replace(container, command=(argument,), args=())):
                yield (key, index), part


def _unknown(document: Document, known: list[str], what: str) -> Iterator[Remark]:
    for place, argument in _placed(document):
        names = []
        if isinstance(argument, PortPlaceholder) and argument.kind.startswith(what):
            names.append(argument.port)
        if what == "input" and isinstance(argument, IfPlaceholder):
            condition = argument.condition
            names += [condition.input] if isinstance(condition, IsPresent) else []
            names += [condition.port] if isinstance(condition, PortPlaceholder) else []
        for name in names:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                advice = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}"
                yield document.places[place], f"there is no {what} {name!r}", advice
    if what == "output":
        for name in document.spec.container.file_outputs:
            if name not in known:
                yield document.places[("implementation",)], f"there is no output {name!r} (fileOutputs)", ""


def _unguarded(argument: Argument, guarded: frozenset[str]) -> Iterator[str]:
    match argument:
        case PortPlaceholder(kind="inputValue" | "inputPath" | "inputUri", port=name) if name not in guarded:
            yield name
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


def _parses(text: str, type_: str) -> bool:
    name = type_.lower()
    try:
        if name in {"integer", "int"}:
            int(text)
        elif name in {"float", "double"}:
            return math.isfinite(float(text))
        elif name in {"boolean", "bool"}:
            return text.lower() in {"true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "t", "f"}
        elif name in {"jsonarray", "list"}:
            return isinstance(json.loads(text), list)
        elif name in {"jsonobject", "dict"}:
            return isinstance(json.loads(text), dict)
    except ValueError:
        return False
    return True


def _example(type_: str) -> str:
    examples = {"integer": "'3'", "float": "'0.5'", "boolean": "'true'", "jsonarray": "'[1, 2]'", "jsonobject": "'{}'"}
    example = examples.get(re.sub(r"^(int|double|bool|list|dict)$", "", type_.lower()))
    return f"such as {example}" if example else "write a value of its type"
