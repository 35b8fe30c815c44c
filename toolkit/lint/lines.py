"""Rules about what one line of KFP reads and the other does not; graphs and their references."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from toolkit.errors import Location
from toolkit.lint.rule import ERROR, WARNING, Remark, rule
from toolkit.lint.walk import arguments, ports
from toolkit.spec.model import Graph, GraphInput, OutputMetadataPlaceholder, PortPlaceholder, TaskOutput
from toolkit.spec.reader import Document


@rule(
    "C034",
    "list-type",
    ERROR,
    "A type that is a list: KFP 2 cannot load it.",
    bad="{name: data, type: [CSV]}",
    good="{name: data, type: CSV}",
)
def list_type(document: Document) -> Iterator[Remark]:
    """Find types that are lists."""
    for place, port in ports(document):
        if port.type.startswith("[") and port.type != "[]":
            where = document.places[(*place, "type")]
            yield Remark(where, f"the type of {port.name!r} is a list", "KFP 2 cannot load it: name one type")


@rule(
    "C043",
    "graph",
    WARNING,
    "A graph of components: only KFP 1.8 reads it, and there is nothing to build.",
    bad="implementation: {graph: {tasks: {…}}}",
    good="implementation: {container: {image: a:1}}",
)
def graph(document: Document) -> Iterator[Remark]:
    """Find graphs."""
    if isinstance(document.spec.implementation, Graph):
        where = document.places[("graph",)]
        yield Remark(where, "KFP 2 cannot load a graph component", "write it as a pipeline of its tasks")


@rule(
    "C044",
    "no-implementation",
    ERROR,
    "The contract says what a component takes and gives, but not what runs: KFP 2 cannot load it.",
    bad="name: Train",
    good="name: Train\nimplementation: {container: {image: a:1}}",
)
def no_implementation(document: Document) -> Iterator[Remark]:
    """Find contracts with an interface only."""
    if document.spec.implementation is None:
        where = document.places.get(("implementation",), Location(path=document.path, line=1, column=1))
        yield Remark(where, "the component has no implementation", "add implementation.container.image")


@rule(
    "C045",
    "unknown-to-kfp-2",
    ERROR,
    "A placeholder that only KFP 1.8's v2-compatible mode knows.",
    bad="args: [{outputMetadata: null}]",
    good="args: [{executorInput: null}]",
)
def unknown_to_kfp_2(document: Document) -> Iterator[Remark]:
    """Find placeholders that neither KFP 2 nor plain KFP 1.8 resolves."""
    for place, argument in arguments(document):
        kind: str = argument.kind if isinstance(argument, PortPlaceholder) else ""
        if isinstance(argument, OutputMetadataPlaceholder):
            kind = "outputMetadata"
        if kind in {"inputMetadata", "inputOutputPortName", "outputMetadata"}:
            yield Remark(document.places[place], f"KFP 2 does not know {kind}", "executorInput says it all")


@rule(
    "C046",
    "graph-reference",
    ERROR,
    "A graph refers to an input, output or task that is not there, or its tasks wait for each other.",
    bad="arguments: {data: {graphInput: {inputName: date}}}",
    good="arguments: {data: {graphInput: {inputName: data}}}",
)
def graph_reference(document: Document) -> Iterator[Remark]:
    """Follow every reference of a graph."""
    whole = document.spec.implementation
    if not isinstance(whole, Graph):
        return
    inputs = {port.name for port in document.spec.interface.inputs}
    outputs = {port.name for port in document.spec.interface.outputs}
    groups = [(document.places[("tasks", name)], task.arguments) for name, task in whole.tasks.items()]
    groups += [(document.places[("outputValues", name)], {name: value}) for name, value in whole.outputs.items()]
    for where, given in groups:
        for name, value in given.items():
            if isinstance(value, GraphInput) and value.input not in inputs:
                yield Remark(where, f"{name!r}: the graph has no input {value.input!r}", "declare it under inputs")
            if isinstance(value, TaskOutput) and value.task not in whole.tasks:
                yield Remark(where, f"{name!r}: there is no task {value.task!r}", "name one of the tasks")
    for name in whole.outputs:
        if name not in outputs:
            where = document.places[("outputValues", name)]
            yield Remark(where, f"the graph has no output {name!r}", "declare it under outputs")
    yield from _circle(document, whole)


def _circle(document: Document, whole: Graph) -> Iterator[Remark]:
    waits = {
        name: [value.task for value in task.arguments.values() if isinstance(value, TaskOutput)]
        for name, task in whole.tasks.items()
    }
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        names = ", ".join(repr(name) for name in sorted(set(error.args[1])))
        yield Remark(document.places[("graph",)], f"the tasks {names} wait for each other", "cut the circle")
