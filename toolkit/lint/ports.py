"""Rules about inputs and outputs, and about what refers to them."""

import keyword
from collections.abc import Collection, Iterator

from toolkit.edits import Applicability, Fix, Remove, Rename, Replace
from toolkit.errors import Location
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.function import sanitised
from toolkit.lint.rule import ERROR, INFO, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import arguments, beginning, container_of, ports, reads_executor_input, repeated
from toolkit.spec.document import Place
from toolkit.spec.model import IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.system.paths import leads_elsewhere
from toolkit.words import closest, did_you_mean, some_of

_SHOWN = 80
# Argo 3 and 4, workflow/validate: workflowFieldMaxLength.
_LONGEST_STEP = 128
_COMPARED = 200


@rule(
    "C010",
    "unknown-input-ref",
    ERROR,
    RuleCategory.NAMES,
    "A placeholder names a missing input.",
)
def unknown_input(document: ComponentDocument) -> Iterator[Remark]:
    """Report placeholders and conditions whose input is missing.

    Every `inputValue`, `inputPath`, `inputUri` and `isPresent` names an input of the same contract. A name that is not
    there is mostly a misspelt one, or that of an input that was renamed. Both lines of KFP refuse such a contract when
    they load it.

    Write the input's name as it stands under `inputs`, with the same capitals and spaces; or declare the input.

    Wrong:
        inputs:
        - {name: training_data, type: Dataset}
        args: [--data, {inputPath: train_data}, --copy, {inputPath: training_data}]

    Right:
        inputs:
        - {name: training_data, type: Dataset}
        args: [--data, {inputPath: training_data}, --copy, {inputPath: training_data}]
    """
    # A dict finds a name at once, and keeps the order of the contract for the advice.
    names = {port.name: None for port in document.spec.interface.inputs}
    for place, argument in arguments(document):
        reference = argument.condition if isinstance(argument, IfPlaceholder) else argument
        where = document.places[(*place, "cond") if isinstance(argument, IfPlaceholder) else place]
        named = (*place, "cond") if isinstance(argument, IfPlaceholder) else place
        if isinstance(reference, IsPresent):
            yield from _unless_known(reference.input, names, "input", where, (*named, "isPresent"))
        elif isinstance(reference, PortPlaceholder) and reference.kind.startswith("input"):
            yield from _unless_known(reference.port, names, "input", where, (*named, reference.kind))


@rule(
    "C011",
    "unknown-output-ref",
    ERROR,
    RuleCategory.NAMES,
    "A placeholder names a missing output.",
)
def unknown_output(document: ComponentDocument) -> Iterator[Remark]:
    """Report placeholders and fileOutputs whose output is missing.

    Every `outputPath`, `outputUri` and key of `fileOutputs` names an output of the same contract. Both lines of KFP
    refuse a contract with another name when they load it.

    Write the output's name as it stands under `outputs`; or declare the output.

    Wrong:
        outputs:
        - {name: model, type: Model}
        args: [--model, {outputPath: model}, --log, {outputPath: logs}]

    Right:
        outputs:
        - {name: model, type: Model}
        - {name: logs, type: Artifact}
        args: [--model, {outputPath: model}, --log, {outputPath: logs}]
    """
    names = {port.name: None for port in document.spec.interface.outputs}
    for place, argument in arguments(document):
        if isinstance(argument, PortPlaceholder) and argument.kind.startswith("output"):
            yield from _unless_known(argument.port, names, "output", document.places[place], (*place, argument.kind))
    container = container_of(document)
    for name in container.file_outputs if container else ():
        yield from _unless_known(name, names, "output", document.places[("fileOutputs", name)])


@rule(
    "C012",
    "output-never-produced",
    WARNING,
    RuleCategory.PASSING,
    "No argument passes an output's path, so that nothing writes it. An error under our launcher, which then fails.",
)
def output_never_produced(document: ComponentDocument) -> Iterator[Remark]:
    """Report outputs that no placeholder and no fileOutputs names.

    KFP hands a program the path of each output as an argument, and the program writes there. If no argument has the
    path, the program cannot know it. KFP compiles the contract nevertheless; only the run shows that the output is
    missing.

    The finding is an error if `comp`'s launcher is in the command: it fails for an output whose path it does not get.
    There is no finding if an argument is `{executorInput: null}` or contains `{{$}}`, since a program finds its paths
    in there too.

    Pass the path, or remove the output.

    Wrong:
        outputs:
        - {name: model, type: Model}
        args: [--epochs, '3']

    Right:
        outputs:
        - {name: model, type: Model}
        args: [--epochs, '3', --model, {outputPath: model}]
    """
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
    RuleCategory.PASSING,
    "No argument passes an input.",
)
def input_never_used(document: ComponentDocument) -> Iterator[Remark]:
    """Report inputs that no placeholder and no condition names.

    A caller can set the input, and it has no effect: no argument passes its value or path to the program. KFP compiles
    the contract nevertheless.

    There is no finding if an argument is `{executorInput: null}` or contains `{{$}}`, since a program finds its inputs
    in there too.

    Pass the input to the program. If it is a left-over, remove it with the next major version: callers may set it.

    Wrong:
        inputs:
        - {name: data, type: Dataset}
        - {name: seed, type: Integer}
        args: [--data, {inputPath: data}]

    Right:
        inputs:
        - {name: data, type: Dataset}
        - {name: seed, type: Integer}
        args: [--data, {inputPath: data}, --seed, {inputValue: seed}]
    """
    if container_of(document) is None or reads_executor_input(document):
        return
    used: set[str] = set()
    for _, argument in arguments(document):
        reference = argument.condition if isinstance(argument, IfPlaceholder) else argument
        if isinstance(reference, IsPresent):
            used.add(reference.input)
        elif isinstance(reference, PortPlaceholder) and reference.kind.startswith("input"):
            used.add(reference.port)
    unknown = used - {port.name for port in document.spec.interface.inputs}
    for index, port in enumerate(document.spec.interface.inputs):
        if port.name not in used:
            where = document.places[("inputs", index)]
            edit = Remove(("inputs", index))
            fix = Fix(title="Remove the input", edits=(edit,), applicability=Applicability.UNSAFE)
            # A misspelt reference may mean it.
            meant = len(unknown) > _COMPARED or closest(port.name, unknown)
            message = f"the input {port.name!r} is never used"
            yield Remark(where, message, "use it or remove it", fix=None if meant else fix)


@rule(
    "C014",
    "name-collision-after-sanitising",
    ERROR,
    RuleCategory.NAMES,
    "Two inputs, or two outputs, have the same name for KFP 2, which silently merges them.",
)
def name_collision(document: ComponentDocument) -> Iterator[Remark]:
    """Report ports that differ only in characters that KFP 2 removes from names.

    KFP 2 writes names in small letters, and puts one underscore for everything but letters and digits. Names that are
    equal then become one input, silently: the last one stays. KFP 1.8 keeps both and appends `_2` to the second, so
    that such a contract works there, and changes its meaning in KFP 2.

    An input and an output may have the same name.

    Wrong:
        inputs:
        - {name: Learning rate, type: Float}
        - {name: learning_rate, type: Float}

    Right:
        inputs:
        - {name: Learning rate, type: Float}
        - {name: final_rate, type: Float}
    """
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
    RuleCategory.NAMES,
    "A name that cannot be a keyword argument in Python, or that no engine can use.",
)
def name_not_identifier(document: ComponentDocument) -> Iterator[Remark]:
    """Report names whose form in KFP 2 is not an identifier.

    Pipelines call a component as a Python function, and pass inputs by keyword. KFP 2 makes keywords of the names:
    small letters, with underscores for everything but letters and digits. If the result begins with a digit or is a
    word of Python such as `class`, callers cannot write it as a keyword. A name without any ASCII letter or digit
    leaves nothing, and KFP 2 does not compile such a component. If it is the component's own name, Argo refuses every
    pipeline that KFP 1.8 compiles with it; the same goes for a component's name of more than 128 characters.

    Wrong:
        inputs:
        - {name: 1st table, type: Dataset}

    Right:
        inputs:
        - {name: first table, type: Dataset}
    """
    yield from _name_of_step(document)
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
    RuleCategory.NAMES,
    "Two inputs, or two outputs, have the same name.",
)
def duplicate_name(document: ComponentDocument) -> Iterator[Remark]:
    """Report equal names.

    Names are how callers and placeholders refer to inputs and outputs. Both lines of KFP refuse a contract in which two
    inputs, or two outputs, have one name. An input and an output may share a name.

    Wrong:
        inputs:
        - {name: data, type: Dataset}
        - {name: data, type: Dataset}
        args: [--data, {inputPath: data}]

    Right:
        inputs:
        - {name: data, type: Dataset}
        - {name: labels, type: Dataset}
        args: [--data, {inputPath: data}, --labels, {inputPath: labels}]
    """
    for place, name, other in repeated(document, str):
        if name == other:
            yield Remark(document.places[place], f"the name {name!r} occurs twice", "rename one of them")


@rule(
    "C018",
    "name-is-a-path",
    ERROR,
    RuleCategory.NAMES,
    "The name of an input or output is a path, or cannot be part of one: a file named after it would lie elsewhere.",
)
def name_is_a_path(document: ComponentDocument) -> Iterator[Remark]:
    """Report names that are not one plain part of a path.

    Files and folders of a run have the names of inputs and outputs. A name with a slash, such as `../../model`, would
    lead out of the run's folder, and `..` cannot be the name of a file. KFP 1.8 does not compile a step with such a
    name.

    Wrong:
        outputs:
        - {name: ../model, type: Model}
        args: [--model, {outputPath: ../model}]

    Right:
        outputs:
        - {name: model, type: Model}
        args: [--model, {outputPath: model}]
    """
    for place, port in ports(document):
        if leads_elsewhere(port.name):
            where = document.places.get((*place, "name"), document.places[place])
            shown = port.name if len(port.name) <= _SHOWN else f"{port.name[:_SHOWN]}…"
            yield Remark(where, f"{shown!r} cannot name a file", "use letters, digits and _ - . between them")


@rule(
    "C090",
    "missing-description",
    INFO,
    RuleCategory.DOCUMENTATION,
    "The component has no description.",
)
def missing_description(document: ComponentDocument) -> Iterator[Remark]:
    """Report a component without a description.

    Those who look for a component read its description first: `comp search` looks into it and shows it. One line is
    enough. For a function it is its docstring.

    Wrong:
        name: Train
        inputs:
        - {name: data, type: Dataset, description: A table with a column `label`}

    Right:
        name: Train
        description: Fit a classifier on a table
        inputs:
        - {name: data, type: Dataset, description: A table with a column `label`}
    """
    if not document.spec.description:
        where = beginning(document)
        yield Remark(where, "the component has no description", "one line is enough")


@rule(
    "C091",
    "missing-port-description",
    INFO,
    RuleCategory.DOCUMENTATION,
    "An input or output has no description.",
)
def missing_port_description(document: ComponentDocument) -> Iterator[Remark]:
    """Report inputs and outputs without a description.

    A name and a type rarely say what a caller needs: the columns of a table, the unit of a number, what a model was
    saved with. For a function the description is that of the parameter in its docstring.

    Wrong:
        description: Fit a classifier on a table
        inputs:
        - {name: c, type: Float}

    Right:
        description: Fit a classifier on a table
        inputs:
        - {name: c, type: Float, description: Inverse of the regularisation strength}
    """
    for place, port in ports(document):
        if not port.description:
            yield Remark(document.places[place], f"{port.name!r} has no description", "describe it in a line")


def _name_of_step(document: ComponentDocument) -> Iterator[Remark]:
    """Report a component's name that cannot name a template of Argo, which KFP 1.8 makes of it."""
    name, step = document.spec.name, sanitised(document.spec.name)
    # KFP 1.8 keeps ASCII letters and digits alone. KFP 2 calls such a task `task`.
    if name.strip() and not name.isascii() and not step:
        message = f"the component's name {name!r} has no ASCII letter or digit"
        yield Remark(document.places[("name",)], message, "Argo cannot name KFP 1.8's step; add a word in ASCII")
    elif len(step) > _LONGEST_STEP:
        message = f"the component's name has {len(step)} characters, and Argo takes {_LONGEST_STEP}"
        yield Remark(document.places[("name",)], message, "shorten it; a description may be long")


def _unless_known(
    name: str, names: Collection[str], what: str, where: Location, place: Place | None = None
) -> Iterator[Remark]:
    """Report a name that is not one of `names`; it stands at `place`, and without one it is a key of fileOutputs."""
    if name not in names:
        # The comparison takes time in proportion to the names, for every missing one.
        compared = names if len(names) <= _COMPARED else ()
        advice = did_you_mean(name, compared, otherwise=f"there are: {some_of([*names]) or 'none'}")
        close = closest(name, compared)
        edit = Replace(place, close) if place else Rename(("fileOutputs", name), close or "")
        fix = Fix(title=f"Name the {what} {close!r}", edits=(edit,), applicability=Applicability.UNSAFE)
        yield Remark(where, f"unknown {what} {name!r}", advice, fix=fix if close else None)
