"""Write a graph as plain data in the order of the form: what `toolkit.spec.graphs` reads."""

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.spec.model import ComponentSpec, Graph, GraphInput, Predicate, Task, TaskArgument, TaskOutput

Structure = Callable[[str], Any]
WriteComponent = Callable[[ComponentSpec], Any]


def graph_data(graph: Graph, write_component: WriteComponent, structure: Structure) -> dict[str, Any]:
    """Give the data of `implementation.graph`; the two functions write inner components and types."""
    written: dict[str, Any] = {
        "tasks": {name: _task(task, write_component, structure) for name, task in graph.tasks.items()}
    }
    if graph.outputs:
        written["outputValues"] = _arguments(graph.outputs, structure)
    return written


def _task(task: Task, write_component: WriteComponent, structure: Structure) -> dict[str, Any]:
    component = task.component
    named = {key: getattr(component, key) for key in ("name", "digest", "tag", "url")}
    reference = {key: value for key, value in named.items() if value}
    if component.spec is not None:
        reference["spec"] = write_component(component.spec)
    written: dict[str, Any] = {"componentRef": reference}
    if task.arguments:
        written["arguments"] = _arguments(task.arguments, structure)
    if task.enabled is not None:
        written["isEnabled"] = _condition(task.enabled, structure)
    options: dict[str, Any] = {}
    if task.max_retries is not None:
        options["retryStrategy"] = {"maxRetries": task.max_retries}
    if task.cache_staleness is not None:
        options["cachingStrategy"] = {"maxCacheStaleness": task.cache_staleness}
    if options:
        written["executionOptions"] = options
    if task.annotations:
        written["annotations"] = dict(task.annotations)
    return written


def _arguments(arguments: Mapping[str, TaskArgument], structure: Structure) -> dict[str, Any]:
    return {name: _argument(argument, structure) for name, argument in arguments.items()}


def _argument(argument: TaskArgument, structure: Structure) -> Any:  # noqa: ANN401 (what YAML takes)
    match argument:
        case GraphInput():
            return {"graphInput": {"inputName": argument.input, **_type(argument.type, structure)}}
        case TaskOutput():
            named = {"outputName": argument.output, "taskId": argument.task}
            return {"taskOutput": {**named, **_type(argument.type, structure)}}
        case _:
            return argument


def _type(name: str, structure: Structure) -> dict[str, Any]:
    return {"type": structure(name)} if name else {}


def _condition(condition: Predicate | TaskArgument, structure: Structure) -> Any:  # noqa: ANN401 (what YAML takes)
    if not isinstance(condition, Predicate):
        return _argument(condition, structure)
    operands = [_condition(operand, structure) for operand in condition.operands]
    if len(operands) == 1:
        return {condition.operator: operands[0]}
    return {condition.operator: dict(zip(("op1", "op2"), operands, strict=True))}
