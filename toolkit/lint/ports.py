"""Rules about inputs and outputs, and about what refers to them."""

import keyword
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from toolkit.errors import Location
from toolkit.interface.function import sanitised
from toolkit.lint.rule import ERROR, INFO, WARNING, Remark, rule
from toolkit.lint.walk import arguments, container, ports, reads_executor_input, repeated
from toolkit.paths import leads_elsewhere
from toolkit.spec.model import Container, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.protocol import LAUNCHER_PATH
from toolkit.spec.reader import Document
from toolkit.words import some_of

_SHOWN = 80
_COMPARED = 200


@rule(
    "C010",
    "unknown-input-ref",
    ERROR,
    "A placeholder names an input that is not there.",
    bad="inputs: [{name: data}]\n… args: [{inputPath: date}]",
    good="inputs: [{name: data}]\n… args: [{inputPath: data}]",
)
def unknown_input(document: Document) -> Iterator[Remark]:
    """Find placeholders and conditions whose input does not exist."""
    known = {port.name: None for port in document.spec.interface.inputs}
    for place, argument in arguments(document):
        taken = argument.condition if isinstance(argument, IfPlaceholder) else argument
        where = document.places[(*place, "cond") if isinstance(argument, IfPlaceholder) else place]
        if isinstance(taken, IsPresent):
            yield from _unless_known(taken.input, known, "input", where)
        elif isinstance(taken, PortPlaceholder) and taken.kind.startswith("input"):
            yield from _unless_known(taken.port, known, "input", where)


@rule(
    "C011",
    "unknown-output-ref",
    ERROR,
    "A placeholder names an output that is not there.",
    bad="outputs: [{name: model}]\n… args: [{outputPath: modle}]",
    good="outputs: [{name: model}]\n… args: [{outputPath: model}]",
)
def unknown_output(document: Document) -> Iterator[Remark]:
    """Find placeholders and fileOutputs whose output does not exist."""
    known = {port.name: None for port in document.spec.interface.outputs}
    for place, argument in arguments(document):
        if isinstance(argument, PortPlaceholder) and argument.kind.startswith("output"):
            yield from _unless_known(argument.port, known, "output", document.places[place])
    for name in (name for each in container(document) for name in each.file_outputs):
        yield from _unless_known(name, known, "output", document.places[("fileOutputs", name)])


@rule(
    "C012",
    "output-never-produced",
    WARNING,
    "No argument tells the program where to write an output: nothing takes it. An error for our launcher, which fails.",
    bad="outputs: [{name: model}]\n… args: [--train]",
    good="outputs: [{name: model}]\n… args: [--model, {outputPath: model}]",
)
def output_never_produced(document: Document) -> Iterator[Remark]:
    """Find outputs that no placeholder and no fileOutputs names."""
    if not isinstance(document.spec.implementation, Container) or reads_executor_input(document):
        return
    produced = {
        argument.port
        for _, argument in arguments(document)
        if isinstance(argument, PortPlaceholder) and argument.kind.startswith("output")
    } | set(document.spec.implementation.file_outputs)
    severity = ERROR if LAUNCHER_PATH in document.spec.implementation.command else WARNING
    for index, port in enumerate(document.spec.interface.outputs):
        if port.name not in produced:
            where = document.places[("outputs", index)]
            message, advice = f"the output {port.name!r} is never produced", f"pass {{outputPath: {port.name}}}"
            yield Remark(where, message, advice, severity)


@rule(
    "C013",
    "input-never-used",
    WARNING,
    "No argument takes an input.",
    bad="inputs: [{name: data}]\n… args: []",
    good="inputs: [{name: data}]\n… args: [--data, {inputPath: data}]",
)
def input_never_used(document: Document) -> Iterator[Remark]:
    """Find inputs that no placeholder and no condition names."""
    if not isinstance(document.spec.implementation, Container) or reads_executor_input(document):
        return
    used: set[str] = set()
    for _, argument in arguments(document):
        taken = argument.condition if isinstance(argument, IfPlaceholder) else argument
        if isinstance(taken, IsPresent):
            used.add(taken.input)
        elif isinstance(taken, PortPlaceholder) and taken.kind.startswith("input"):
            used.add(taken.port)
    for index, port in enumerate(document.spec.interface.inputs):
        if port.name not in used:
            where = document.places[("inputs", index)]
            yield Remark(where, f"the input {port.name!r} is never used", "use it or remove it")


@rule(
    "C014",
    "name-collision-after-sanitising",
    ERROR,
    "Two ports of one direction have the same name for KFP 2, which merges them without a word.",
    bad="inputs: [{name: A b}, {name: a_b}]",
    good="inputs: [{name: a}, {name: b}]",
)
def name_collision(document: Document) -> Iterator[Remark]:
    """Find ports that differ only in what KFP 2 takes out of names."""
    for place, name, other in repeated(document, sanitised):
        if name != other:
            message = f"{other!r} and {name!r} are both {sanitised(name)!r} for KFP 2"
            yield Remark(document.places[place], message, "rename one of them")


@rule(
    "C015",
    "name-not-identifier",
    WARNING,
    "A name that cannot be a keyword argument in Python.",
    bad="inputs: [{name: 1st input}]",
    good="inputs: [{name: first_input}]",
)
def name_not_identifier(document: Document) -> Iterator[Remark]:
    """Find names whose form in KFP 2 is no identifier."""
    for place, port in ports(document):
        name, known = port.name, sanitised(port.name)
        if not known:
            message = f"{name!r} has no ASCII letter or digit"
            yield Remark(document.places[place], message, "KFP 2 cannot name it; rename it")
        elif not known.isidentifier() or keyword.iskeyword(known):
            message = f"{name!r} becomes {known!r}, no name for a Python argument"
            yield Remark(document.places[place], message, "rename it")


@rule(
    "C017",
    "duplicate-name",
    ERROR,
    "Two inputs, or two outputs, have the same name.",
    bad="inputs: [{name: data}, {name: data}]",
    good="inputs: [{name: data}, {name: labels}]",
)
def duplicate_name(document: Document) -> Iterator[Remark]:
    """Find exact repetitions."""
    for place, name, other in repeated(document, str):
        if name == other:
            yield Remark(document.places[place], f"the name {name!r} is there twice", "rename one of them")


@rule(
    "C018",
    "name-is-a-path",
    ERROR,
    "The name of an input or output is a path, or cannot be part of one: what makes files of names writes elsewhere.",
    bad="outputs: [{name: ../../model}]",
    good="outputs: [{name: model}]",
)
def name_is_a_path(document: Document) -> Iterator[Remark]:
    """Find names that are not one part of a path."""
    for place, port in ports(document):
        if leads_elsewhere(port.name):
            where = document.places.get((*place, "name"), document.places[place])
            shown = port.name if len(port.name) <= _SHOWN else f"{port.name[:_SHOWN]}…"
            yield Remark(where, f"{shown!r} cannot name a file", "use letters, digits and _ - . between them")


@rule(
    "C090",
    "missing-description",
    INFO,
    "The component has no description.",
    bad="name: Train",
    good="name: Train\ndescription: Fit a classifier on a table",
)
def missing_description(document: Document) -> Iterator[Remark]:
    """Ask for a description of the component."""
    if not document.spec.description:
        where = Location(path=document.path, line=1, column=1)
        yield Remark(where, "the component has no description", "one line is enough")


@rule(
    "C091",
    "missing-port-description",
    INFO,
    "An input or output has no description.",
    bad="{name: c, type: Float}",
    good="{name: c, type: Float, description: Inverse regularisation strength}",
)
def missing_port_description(document: Document) -> Iterator[Remark]:
    """Ask for a description of every port."""
    for place, port in ports(document):
        if not port.description:
            yield Remark(document.places[place], f"{port.name!r} has no description", "say what it is in a line")


def _unless_known(name: str, known: Collection[str], what: str, where: Location) -> Iterator[Remark]:
    if name not in known:
        # Comparing takes as long as there are names, and so for every name that is not there.
        close = get_close_matches(name, known, n=1) if len(known) <= _COMPARED else []
        advice = f"did you mean {close[0]!r}?" if close else f"there are: {some_of([*known]) or 'none'}"
        yield Remark(where, f"there is no {what} {name!r}", advice)
