"""Rules about what KFP 1.8 reads and KFP 2 does not, and about the references inside graphs."""

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from toolkit.edits import Applicability, Fix, Unwrap
from toolkit.lint.rule import ERROR, Remark, RuleCategory, rule
from toolkit.lint.walk import arguments, beginning, container_of, ports
from toolkit.spec.model import Graph, OutputMetadataPlaceholder, PortPlaceholder
from toolkit.spec.reader import ComponentDocument

# The reader keeps a type that is a structure as JSON text.
_ONE_NAME = re.compile(r'\["[^"\\]*"\]')


@rule(
    "C034",
    "list-type",
    ERROR,
    RuleCategory.PORTABILITY,
    "A type that is a list: KFP 2 cannot load it.",
)
def list_type(document: ComponentDocument) -> Iterator[Remark]:
    """Report types that are lists.

    KFP 1.8 takes a list as a type. KFP 2 fails when it loads the contract, with a message about `lower` that names
    neither the input nor the file.

    A type is one name. If several classes of files are taken, choose `Artifact`, or one name of your own.

    Wrong:
        inputs:
        - {name: data, type: [CSV, TSV]}
        args: [--data, {inputPath: data}]

    Right:
        inputs:
        - {name: data, type: Dataset}
        args: [--data, {inputPath: data}]
    """
    for place, port in ports(document):
        # The reader keeps a type that is a structure as JSON text; C033 reports the empty one.
        if port.type.startswith("[") and port.type != "[]":
            where = document.places[(*place, "type")]
            edit = Unwrap((*place, "type"))
            fix = Fix(title="Write the only type", edits=(edit,), applicability=Applicability.UNSAFE)
            only = _ONE_NAME.fullmatch(port.type)
            message = f"the type of {port.name!r} is a list"
            yield Remark(where, message, "KFP 2 cannot load it: name one type", fix=fix if only else None)


@rule(
    "C037",
    "output-path-twice",
    ERROR,
    RuleCategory.PORTABILITY,
    "An output has a path of its own in `fileOutputs`, and another one by `outputPath`: KFP 1.8 makes no step of it.",
)
def output_path_twice(document: ComponentDocument) -> Iterator[Remark]:
    """Report outputs with both.

    KFP 1.8 collects an output from the path in `fileOutputs`, or from the one that it passes in the place of
    `outputPath`. With two paths it does not know where the file is, and raises "Conflicting output files". KFP 2 knows
    `outputPath` alone.

    Pass the path to the program, and remove the output from `fileOutputs`.

    Wrong:
        outputs:
        - {name: model, type: Model}
        args: [--model, {outputPath: model}]
        fileOutputs: {model: /tmp/model}

    Right:
        outputs:
        - {name: model, type: Model}
        args: [--model, {outputPath: model}]
    """
    container = container_of(document)
    passed = {
        argument.port
        for _, argument in arguments(document)
        if isinstance(argument, PortPlaceholder) and argument.kind == "outputPath"
    }
    for name in container.file_outputs if container else ():
        if name in passed:
            where = document.places[("fileOutputs", name)]
            yield Remark(where, f"the output {name!r} has two paths", "remove it from fileOutputs")


@rule(
    "C043",
    "graph",
    ERROR,
    RuleCategory.PORTABILITY,
    "A graph of components: only KFP 1.8 reads it, and it has no image to build.",
)
def graph(document: ComponentDocument) -> Iterator[Remark]:
    """Report a graph.

    A graph is a component that consists of others. KFP 1.8 expands it into their steps. KFP 2 cannot load it, and
    `comp` has no image to build for it.

    In KFP 2 a pipeline can be a step of another one, which does the same.

    Wrong:
        --- component.yaml
        name: Train and test
        outputs:
        - {name: model, type: Model}
        implementation:
          graph:
            tasks:
              train:
                componentRef: {url: https://example.com/train/component.yaml}
            outputValues:
              model: {taskOutput: {taskId: train, outputName: model}}

    Right:
        name: Train
        outputs:
        - {name: model, type: Model}
    """
    if isinstance(document.spec.implementation, Graph):
        where = document.places[("graph",)]
        yield Remark(where, "KFP 2 cannot load a graph component", "write it as a pipeline of its tasks")


@rule(
    "C044",
    "no-implementation",
    ERROR,
    RuleCategory.PORTABILITY,
    "The contract has an interface, but no container: KFP 2 cannot load it.",
)
def no_implementation(document: ComponentDocument) -> Iterator[Remark]:
    """Report a contract that has only an interface.

    KFP 1.8 reads a contract that has only an interface. KFP 2 cannot load it, and no engine could run it.

    Add the container: its image, and the command that passes the inputs and outputs.

    Wrong:
        --- component.yaml
        name: Train
        outputs:
        - {name: model, type: Model}

    Right:
        name: Train
        outputs:
        - {name: model, type: Model}
    """
    if document.spec.implementation is None:
        where = document.places.get(("implementation",), beginning(document))
        yield Remark(where, "the component has no implementation", "add implementation.container.image")


@rule(
    "C045",
    "unknown-to-kfp-2",
    ERROR,
    RuleCategory.PORTABILITY,
    "A placeholder that only KFP 1.8's v2-compatible mode knows.",
)
def unknown_to_kfp_2(document: ComponentDocument) -> Iterator[Remark]:
    """Report placeholders that neither KFP 2 nor plain KFP 1.8 resolves.

    `inputMetadata`, `outputMetadata` and `inputOutputPortName` were placeholders of KFP 1.8's v2-compatible mode, which
    is gone. KFP 2 cannot load a contract with one of them, and KFP 1.8 does not resolve them in its usual mode.

    Pass `{executorInput: null}`: in KFP 2 its JSON has the metadata of every artifact, and says where to write results.

    Wrong:
        outputs:
        - {name: model, type: Model}
        args: [--model, {outputPath: model}, --metadata, {outputMetadata: null}]

    Right:
        outputs:
        - {name: model, type: Model}
        args: [--model, {outputPath: model}, --executor-input, {executorInput: null}]
    """
    for place, argument in arguments(document):
        kind: str = argument.kind if isinstance(argument, PortPlaceholder) else ""
        if isinstance(argument, OutputMetadataPlaceholder):
            kind = "outputMetadata"
        if kind in {"inputMetadata", "inputOutputPortName", "outputMetadata"}:
            yield Remark(document.places[place], f"KFP 2 does not know {kind}", "read executorInput instead")


@rule(
    "C046",
    "graph-reference",
    ERROR,
    RuleCategory.PORTABILITY,
    "A graph refers to a missing input, output or task, or its tasks wait for each other.",
)
def graph_reference(document: ComponentDocument) -> Iterator[Remark]:
    """Report references of a graph that lead nowhere, and tasks that wait for each other.

    The tasks of a graph take values from the graph's inputs and from each other, and the graph's outputs come from
    tasks. A reference to a name that does not exist cannot be resolved, and tasks that wait for each other never start.

    Wrong:
        --- component.yaml
        name: Train
        inputs:
        - {name: data, type: Dataset}
        outputs:
        - {name: model, type: Model}
        implementation:
          graph:
            tasks:
              train:
                componentRef: {url: https://example.com/train/component.yaml}
                arguments:
                  data: {graphInput: {inputName: date}}
            outputValues:
              model: {taskOutput: {taskId: train, outputName: model}}

    Right:
        --- component.yaml
        name: Train
        inputs:
        - {name: data, type: Dataset}
        outputs:
        - {name: model, type: Model}
        implementation:
          graph:
            tasks:
              train:
                componentRef: {url: https://example.com/train/component.yaml}
                arguments:
                  data: {graphInput: {inputName: data}}
            outputValues:
              model: {taskOutput: {taskId: train, outputName: model}}

    Also: C043
    """
    whole = document.spec.implementation
    if not isinstance(whole, Graph):
        return
    inputs = {port.name for port in document.spec.interface.inputs}
    outputs = {port.name for port in document.spec.interface.outputs}
    groups = [(document.places[("tasks", name)], _arguments(task)) for name, task in whole.tasks.items()]
    groups += [(document.places[("outputValues", name)], {name: value}) for name, value in whole.outputs.items()]
    # Values that are not references are constants, and need no check.
    for where, arguments_ in groups:
        for name, value in arguments_.items():
            source, task = _named(value, "graphInput", "inputName"), _named(value, "taskOutput", "taskId")
            if source is not None and source not in inputs:
                yield Remark(where, f"{name!r}: the graph has no input {source!r}", "declare it under inputs")
            if task is not None and task not in whole.tasks:
                yield Remark(where, f"{name!r}: unknown task {task!r}", "name one of the tasks")
    for name in whole.outputs:
        if name not in outputs:
            where = document.places[("outputValues", name)]
            yield Remark(where, f"the graph has no output {name!r}", "declare it under outputs")
    yield from _cycle(document, whole)


def _cycle(document: ComponentDocument, whole: Graph) -> Iterator[Remark]:
    """Report tasks that wait for each other."""
    waits = {
        name: [source for value in _arguments(task).values() if (source := _named(value, "taskOutput", "taskId"))]
        for name, task in whole.tasks.items()
    }
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        # graphlib names the first task of the cycle again at its end.
        names = ", ".join(repr(name) for name in sorted(set(error.args[1])))
        yield Remark(document.places[("graph",)], f"the tasks {names} wait for each other", "break the cycle")


def _arguments(task: object) -> Mapping[str, object]:
    """Return the arguments of a task; empty when they are not a mapping, which the schema's check reports."""
    values = task.get("arguments") if isinstance(task, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _named(value: object, kind: str, key: str) -> str | None:
    """Return the name in a reference such as `{graphInput: {inputName: data}}`; None for any other value."""
    reference = value.get(kind) if isinstance(value, Mapping) else None
    name = reference.get(key) if isinstance(reference, Mapping) else None
    return name if isinstance(name, str) else None
