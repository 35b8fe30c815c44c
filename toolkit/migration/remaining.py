"""What KFP 2 refuses and no migration can rewrite, with what a person can do."""

from collections.abc import Iterator

from toolkit.lint.ports import unknown_input, unknown_output
from toolkit.lint.walk import arguments
from toolkit.migration.change import Left
from toolkit.spec.model import Graph, OutputMetadataPlaceholder, PortPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.words import some_of

_INSTEAD = {
    "inputMetadata": "pass {executorInput: null}: its JSON has the input's metadata",
    "outputMetadata": "pass {executorInput: null}: KFP 2 reads outputs.outputFile, which its JSON names",
    "inputOutputPortName": "write the name itself",
}


def remaining(document: ComponentDocument) -> Iterator[Left]:
    """Yield what is left of a contract after all migrations."""
    implementation = document.spec.implementation
    if isinstance(implementation, Graph):
        yield Left(
            kind="graph",
            at=("graph",),
            why="KFP 2 has no graph components",
            advice="write it as a pipeline that calls its tasks: "
            + (some_of([*implementation.tasks]) or "it has none"),
            rule="C043",
        )
        return
    if implementation is None:
        yield Left(
            kind="no-implementation",
            at=("implementation",),
            why="KFP 2 cannot load a component without an implementation",
            advice="add implementation.container.image",
            rule="C044",
        )
        return
    for place, argument in arguments(document):
        kind: str = argument.kind if isinstance(argument, PortPlaceholder) else ""
        if isinstance(argument, OutputMetadataPlaceholder):
            kind = "outputMetadata"
        if kind in _INSTEAD:
            why = f"only KFP 1.8's v2-compatible mode knows {kind}, and KFP 2 cannot load it"
            yield Left(kind="placeholder", at=place, why=why, advice=_INSTEAD[kind], rule="C045")
    yield from _unknown_ports(document)


def _unknown_ports(document: ComponentDocument) -> Iterator[Left]:
    """Yield placeholders of missing ports, which neither line of KFP loads."""
    places = {where: place for place, where in document.places.items()}
    for rule, check in (("C010", unknown_input), ("C011", unknown_output)):
        for remark in check(document):
            yield Left(
                kind="unknown-port",
                at=places.get(remark.where, ("implementation",)),
                why=f"{remark.message}: neither line of KFP can load it",
                advice=remark.help,
                rule=rule,
            )
