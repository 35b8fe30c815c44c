"""Read the uses of components in YAML: graphs, and compiled pipelines of both lines of KFP."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from toolkit.consumers.use import Named, Passed, Taken, Unknown, Use, Uses
from toolkit.errors import FindingsError, Location
from toolkit.interface.function import sanitised
from toolkit.spec.document import Reading, compose_all, not_a_contract, plain
from toolkit.spec.model import Graph
from toolkit.spec.reader import ComponentDocument, parse_document

# What KFP 1.8 leaves in a template: the contract, and the arguments of the call.
_SPEC, _ARGUMENTS = "pipelines.kubeflow.org/component_spec", "pipelines.kubeflow.org/arguments.parameters"
_TASK_OUTPUTS = ("taskOutputParameter", "outputParameterKey"), ("taskOutputArtifact", "outputArtifactKey")
# `comp-train-2` is the second component called `train`.
_NUMBERED = re.compile(r"-[0-9]+\Z")


def is_document(text: str) -> bool:
    """Return whether a text may use components, by words that such a document has."""
    return "pipelineInfo:" in text or '"pipelineInfo"' in text or _SPEC in text or "componentRef:" in text


def read_yaml(text: str, path: Path) -> Uses:
    """Return the uses in a document. Raises InputError for invalid YAML."""
    uses = Uses(uses=[], unknown=[])
    if "pipelineInfo" not in text and _SPEC not in text:
        try:
            document = parse_document(text, path)
        except FindingsError:
            return uses
        if isinstance(document.spec.implementation, Graph):
            _read_graph(document, document.spec.implementation, uses)
        return uses
    with not_a_contract():
        nodes = compose_all(text, path)
    for node in nodes:
        if _at(node, "pipelineInfo"):
            uses.uses += _pipeline_uses(node, Reading(path))
        elif _at(node, "spec", "templates"):
            uses.uses += _workflow_uses(node, Reading(path))
    return uses


def _read_graph(document: ComponentDocument, graph: Graph, uses: Uses) -> None:
    """Add the tasks of a graph, and the outputs of theirs that it hands on."""
    found: dict[str, Use] = {}
    for name, task in graph.tasks.items():
        where = document.places.get(("tasks", name)) or Location(path=document.path)
        reference = task.get("componentRef") if isinstance(task, dict) else None
        named = _referenced(reference) if isinstance(reference, dict) else None
        if named is None:
            uses.unknown.append(Unknown(where=where, message=f"the task {name} does not say where its component is"))
            continue
        arguments = task.get("arguments")
        arguments = arguments if isinstance(arguments, dict) else {}
        found[name] = Use(
            named=named,
            pipeline=document.spec.name or document.path.parent.name,
            step=name,
            where=where,
            form="graph",
            passed=[
                Passed(where=where, name=str(key), value=value if isinstance(value, str) else None)
                for key, value in arguments.items()
            ],
            taken=[],
        )
    for place, part in (*_parts(document, "tasks", graph.tasks), *_parts(document, "outputValues", graph.outputs)):
        for output in _task_outputs(part):
            if use := found.get(str(output.get("taskId"))):
                use.taken.append(Taken(where=place, name=str(output.get("outputName", ""))))
    uses.uses += found.values()


def _parts(document: ComponentDocument, key: str, parts: object) -> Iterator[tuple[Location, object]]:
    """Yield the values of a mapping with their places."""
    for name, part in dict(parts).items():  # type: ignore[call-overload]
        yield document.places.get((key, name)) or Location(path=document.path), part


def _task_outputs(part: object) -> Iterator[dict[str, object]]:
    """Yield every `taskOutput` in a part of a graph."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "taskOutput" and isinstance(value, dict):
                yield value
            else:
                yield from _task_outputs(value)
    elif isinstance(part, list):
        for value in part:
            yield from _task_outputs(value)


def _referenced(reference: dict[str, object]) -> Named | None:
    """Return the component that a `componentRef` names."""
    spec = reference.get("spec")
    title = str(spec.get("name") or "") if isinstance(spec, dict) else ""
    address = reference.get("url") or (f"{reference['name']}/component.yaml" if reference.get("name") else "")
    return Named(address=str(address), title=title) if title or address else None


def _pipeline_uses(node: yaml.Node, reading: Reading) -> Iterator[Use]:
    """Yield the steps of KFP's IR (`PipelineSpec`), those of pipelines in it included."""
    name = str(_plain(reading, _at(node, "pipelineInfo", "name")) or reading.path.stem)
    dags = [_at(node, "root", "dag"), *(_at(part, "dag") for _, part in _items(_at(node, "components")))]
    for dag in dags:
        steps: dict[str, Use] = {}
        tasks = list(_items(_at(dag, "tasks")))
        for key, task in tasks:
            component = str(_plain(reading, _at(task, "componentRef", "name")) or "")
            passed = [
                Passed(where=reading.at(argument), name=port, value=_constant(reading, argument))
                for kind in ("parameters", "artifacts")
                for port, argument in _items(_at(task, "inputs", kind))
            ]
            title = _NUMBERED.sub("", component.removeprefix("comp-"))
            steps[key] = Use(
                named=Named(title=title),
                pipeline=name,
                step=key,
                where=reading.at(task),
                form="compiled",
                passed=passed,
                taken=[],
            )
        for _, task in tasks:
            for kind in ("parameters", "artifacts"):
                for _, argument in _items(_at(task, "inputs", kind)):
                    _take(steps, reading, argument)
        yield from steps.values()


def _take(steps: dict[str, Use], reading: Reading, argument: yaml.Node) -> None:
    """Note the output of a step that an argument is."""
    for source, key in _TASK_OUTPUTS:
        output = _at(argument, source)
        use = steps.get(str(_plain(reading, _at(output, "producerTask"))))
        if use:
            use.taken.append(Taken(where=reading.at(argument), name=str(_plain(reading, _at(output, key)))))


def _constant(reading: Reading, argument: yaml.Node) -> str | float | bool | None:
    """Return the constant that IR passes, else None."""
    value = _plain(reading, _at(argument, "runtimeValue", "constant"))
    return value if isinstance(value, str | int | float | bool) else None


def _workflow_uses(node: yaml.Node, reading: Reading) -> Iterator[Use]:
    """Yield the steps of an Argo workflow that KFP 1.8 compiled; their outputs are not followed."""
    name = str(_plain(reading, _at(node, "metadata", "generateName")) or reading.path.stem).rstrip("-")
    templates = _at(node, "spec", "templates")
    for template in templates.value if isinstance(templates, yaml.SequenceNode) else ():
        annotations = _at(template, "metadata", "annotations")
        spec = _json(reading, _at(annotations, _SPEC))
        if not spec.get("name"):
            continue
        where = reading.at(template)
        given = {
            **dict.fromkeys(map(str, _artifacts(reading, template, spec))),
            **_json(reading, _at(annotations, _ARGUMENTS)),
        }
        yield Use(
            named=Named(title=str(spec["name"])),
            pipeline=name,
            step=str(_plain(reading, _at(template, "name")) or "?"),
            where=where,
            form="compiled",
            passed=[
                Passed(where=where, name=port, value=value if isinstance(value, str) and "{{" not in value else None)
                for port, value in given.items()
            ],
            taken=[],
        )


def _artifacts(reading: Reading, template: yaml.Node, spec: dict[str, object]) -> Iterator[str]:
    """Yield the inputs of a template that are artifacts, whose names begin with those of their producers."""
    artifacts = _at(template, "inputs", "artifacts")
    inputs = spec.get("inputs")
    names = [str(port.get("name")) for port in inputs if isinstance(port, dict)] if isinstance(inputs, list) else []
    for artifact in artifacts.value if isinstance(artifacts, yaml.SequenceNode) else ():
        written = sanitised(str(_plain(reading, _at(artifact, "name")) or ""))
        yield from (name for name in names if written == sanitised(name) or written.endswith(f"_{sanitised(name)}"))


def _json(reading: Reading, node: yaml.Node | None) -> dict[str, object]:
    """Return the mapping that a text of JSON has; empty for anything else."""
    try:
        value = json.loads(str(_plain(reading, node) or "{}"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _at(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    """Return the node that keys lead to; None if a key is missing."""
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for name, value in pairs if name.value == key), None)
    return node


def _items(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the keys and nodes of a mapping; nothing for anything else."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        yield str(key.value), value


def _plain(reading: Reading, node: yaml.Node | None) -> object:
    """Return a node's data; None without one."""
    return None if node is None else plain(reading, node)
