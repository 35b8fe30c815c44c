"""Rules about inputs and outputs, and about what refers to them."""

import keyword
from collections.abc import Collection, Iterator

from toolkit.errors import Location
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.function import sanitised
from toolkit.lint.rule import ERROR, INFO, WARNING, Remark, rule
from toolkit.lint.walk import arguments, container_of, ports, reads_executor_input, repeated
from toolkit.spec.model import IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.system.paths import leads_elsewhere
from toolkit.words import did_you_mean, some_of

_SHOWN = 80
_COMPARED = 200


@rule(
    "C010",
    "unknown-input-ref",
    ERROR,
    "A placeholder names a missing input.",
    bad="inputs: [{name: data}]\n… args: [{inputPath: date}]",
    good="inputs: [{name: data}]\n… args: [{inputPath: data}]",
)
def unknown_input(document: ComponentDocument) -> Iterator[Remark]:
    """Report placeholders and conditions whose input is missing."""
    # A dict finds a name at once, and keeps the order of the contract for the advice.
    names = {port.name: None for port in document.spec.interface.inputs}
    for place, argument in arguments(document):
        reference = argument.condition if isinstance(argument, IfPlaceholder) else argument
        where = document.places[(*place, "cond") if isinstance(argument, IfPlaceholder) else place]
        if isinstance(reference, IsPresent):
            yield from _unless_known(reference.input, names, "input", where)
        elif isinstance(reference, PortPlaceholder) and reference.kind.startswith("input"):
            yield from _unless_known(reference.port, names, "input", where)


@rule(
    "C011",
    "unknown-output-ref",
    ERROR,
    "A placeholder names a missing output.",
    bad="outputs: [{name: model}]\n… args: [{outputPath: modle}]",
    good="outputs: [{name: model}]\n… args: [{outputPath: model}]",
)
def unknown_output(document: ComponentDocument) -> Iterator[Remark]:
    """Report placeholders and fileOutputs whose output is missing."""
    names = {port.name: None for port in document.spec.interface.outputs}
    for place, argument in arguments(document):
        if isinstance(argument, PortPlaceholder) and argument.kind.startswith("output"):
            yield from _unless_known(argument.port, names, "output", document.places[place])
    container = container_of(document)
    for name in container.file_outputs if container else ():
        yield from _unless_known(name, names, "output", document.places[("fileOutputs", name)])


@rule(
    "C012",
    "output-never-produced",
    WARNING,
    "No argument passes an output's path, so that nothing writes it. An error under our launcher, which then fails.",
    bad="outputs: [{name: model}]\n… args: [--train]",
    good="outputs: [{name: model}]\n… args: [--model, {outputPath: model}]",
)
def output_never_produced(document: ComponentDocument) -> Iterator[Remark]:
    """Report outputs that no placeholder and no fileOutputs names."""
    container = container_of(document)
    if container is None or reads_executor_input(document):
        return
    produced = {
        argument.port
        for _, argument in arguments(document)
        if isinstance(argument, PortPlaceholder) and argument.kind.startswith("output")
    } | set(container.file_outputs)
    # A program may write outputs in ways that no argument shows; our launcher fails for an output without a path.
    severity = ERROR if absolute(LAUNCHER) in container.command else WARNING
    for index, port in enumerate(document.spec.interface.outputs):
        if port.name not in produced:
            where = document.places[("outputs", index)]
            message, advice = f"the output {port.name!r} is never produced", f"pass {{outputPath: {port.name}}}"
            yield Remark(where, message, advice, severity)


@rule(
    "C013",
    "input-never-used",
    WARNING,
    "No argument passes an input.",
    bad="inputs: [{name: data}]\n… args: []",
    good="inputs: [{name: data}]\n… args: [--data, {inputPath: data}]",
)
def input_never_used(document: ComponentDocument) -> Iterator[Remark]:
    """Report inputs that no placeholder and no condition names."""
    if container_of(document) is None or reads_executor_input(document):
        return
    used: set[str] = set()
    for _, argument in arguments(document):
        reference = argument.condition if isinstance(argument, IfPlaceholder) else argument
        if isinstance(reference, IsPresent):
            used.add(reference.input)
        elif isinstance(reference, PortPlaceholder) and reference.kind.startswith("input"):
            used.add(reference.port)
    for index, port in enumerate(document.spec.interface.inputs):
        if port.name not in used:
            where = document.places[("inputs", index)]
            yield Remark(where, f"the input {port.name!r} is never used", "use it or remove it")


@rule(
    "C014",
    "name-collision-after-sanitising",
    ERROR,
    "Two inputs, or two outputs, have the same name for KFP 2, which silently merges them.",
    bad="inputs: [{name: A b}, {name: a_b}]",
    good="inputs: [{name: a}, {name: b}]",
)
def name_collision(document: ComponentDocument) -> Iterator[Remark]:
    """Report ports that differ only in characters that KFP 2 removes from names."""
    for place, name, other in repeated(document, sanitised):
        # C017 reports equal names.
        if name != other:
            # KFP 1.8 appends `_2` to the second, so the contract works there.
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
def name_not_identifier(document: ComponentDocument) -> Iterator[Remark]:
    """Report names whose form in KFP 2 is not an identifier."""
    for place, port in ports(document):
        name, argument = port.name, sanitised(port.name)
        if not argument:
            message = f"{name!r} has no ASCII letter or digit"
            yield Remark(document.places[place], message, "KFP 2 cannot name it; rename it")
        elif not argument.isidentifier() or keyword.iskeyword(argument):
            message = f"{name!r} becomes {argument!r}, which cannot name a Python argument"
            yield Remark(document.places[place], message, "rename it")


@rule(
    "C017",
    "duplicate-name",
    ERROR,
    "Two inputs, or two outputs, have the same name.",
    bad="inputs: [{name: data}, {name: data}]",
    good="inputs: [{name: data}, {name: labels}]",
)
def duplicate_name(document: ComponentDocument) -> Iterator[Remark]:
    """Report equal names."""
    for place, name, other in repeated(document, str):
        if name == other:
            yield Remark(document.places[place], f"the name {name!r} occurs twice", "rename one of them")


@rule(
    "C018",
    "name-is-a-path",
    ERROR,
    "The name of an input or output is a path, or cannot be part of one: a file named after it would lie elsewhere.",
    bad="outputs: [{name: ../../model}]",
    good="outputs: [{name: model}]",
)
def name_is_a_path(document: ComponentDocument) -> Iterator[Remark]:
    """Report names that are not one plain part of a path."""
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
def missing_description(document: ComponentDocument) -> Iterator[Remark]:
    """Report a component without a description."""
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
def missing_port_description(document: ComponentDocument) -> Iterator[Remark]:
    """Report inputs and outputs without a description."""
    for place, port in ports(document):
        if not port.description:
            yield Remark(document.places[place], f"{port.name!r} has no description", "describe it in a line")


def _unless_known(name: str, names: Collection[str], what: str, where: Location) -> Iterator[Remark]:
    """Report a name that is not one of `names`."""
    if name not in names:
        # The comparison takes time in proportion to the names, for every missing one.
        compared = names if len(names) <= _COMPARED else ()
        advice = did_you_mean(name, compared, otherwise=f"there are: {some_of([*names]) or 'none'}")
        yield Remark(where, f"unknown {what} {name!r}", advice)
