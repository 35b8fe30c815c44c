"""Read `implementation.graph`: tasks, what each of them is given, and where the graph's outputs come from.

Whether references lead anywhere is the linter's business; KFP 2 reads no graph at all.
"""

from collections.abc import Callable
from types import MappingProxyType

import yaml

from toolkit.spec.document import Reading, plain
from toolkit.spec.model import (
    ComponentReference,
    ComponentSpec,
    Graph,
    GraphInput,
    Predicate,
    Task,
    TaskArgument,
    TaskOutput,
)

ReadComponent = Callable[[Reading, yaml.Node], ComponentSpec]
TypeReader = Callable[[Reading, yaml.Node | None], str]

OPERATORS = {"==": 2, "!=": 2, ">": 2, ">=": 2, "<": 2, "<=": 2, "not": 1, "and": 2, "or": 2}
_TASK = ("componentRef", "arguments", "isEnabled", "executionOptions", "annotations")
_REFERENCE = ("name", "digest", "tag", "url", "spec")


def read_graph(reading: Reading, node: yaml.Node, read_component: ReadComponent, read_type: TypeReader) -> Graph:
    """Read a graph; `read_component` reads components that are written out inside it."""
    parts = reading.mapping(node, "graph", ("tasks", "outputValues"))
    if "tasks" not in parts:
        reading.error("C003", node, "the graph has no tasks", "name them: tasks: {…}")
    tasks = reading.mapping(parts["tasks"], "tasks") if "tasks" in parts else {}
    for name, task in tasks.items():
        reading.places[("tasks", name)] = reading.at(task)
    outputs = reading.mapping(parts["outputValues"], "outputValues") if "outputValues" in parts else {}
    for name, value in outputs.items():
        reading.places[("outputValues", name)] = reading.at(value)
    reader = _Tasks(reading, read_component, read_type)
    return Graph(
        tasks=MappingProxyType({name: reader.task(task) for name, task in tasks.items()}),
        outputs=reader.arguments(outputs),
    )


class _Tasks:
    """Reads tasks, with what that needs at every turn."""

    def __init__(self, reading: Reading, read_component: ReadComponent, read_type: TypeReader) -> None:
        self._reading = reading
        self._read_component = read_component
        self._read_type = read_type

    def task(self, node: yaml.Node) -> Task:
        reading = self._reading
        parts = reading.mapping(node, "a task", _TASK)
        if "componentRef" not in parts:
            reading.error("C003", node, "a task has no componentRef", "name the component that it runs")
            return Task(component=ComponentReference(), arguments=MappingProxyType({}))
        given = reading.mapping(parts["arguments"], "arguments") if "arguments" in parts else {}
        notes = reading.mapping(parts["annotations"], "annotations") if "annotations" in parts else {}
        retries, staleness = self._options(parts.get("executionOptions"))
        enabled = parts.get("isEnabled")
        return Task(
            component=self._reference(parts["componentRef"]),
            arguments=self.arguments(given),
            enabled=None if enabled is None or _is_null(enabled) else self._condition(enabled),
            max_retries=retries,
            cache_staleness=staleness,
            annotations=MappingProxyType({key: plain(reading, value) for key, value in notes.items()}),
        )

    def arguments(self, given: dict[str, yaml.Node]) -> MappingProxyType[str, TaskArgument]:
        return MappingProxyType({name: self._argument(node) for name, node in given.items()})

    def _reference(self, node: yaml.Node) -> ComponentReference:
        reading = self._reading
        parts = reading.mapping(node, "componentRef", _REFERENCE)
        texts = {key: reading.text(parts.get(key), key, nullable=True) for key in _REFERENCE[:-1]}
        spec = parts.get("spec")
        inner = None
        if spec is not None and not _is_null(spec):
            # Its parts have places of their own, which must not hide those of the whole.
            inner = self._read_component(Reading(reading.path, reading.findings), spec)
        if inner is None and not any(texts.values()):
            reading.error("C003", node, "componentRef names no component", f"give one of {', '.join(_REFERENCE)}")
        return ComponentReference(**texts, spec=inner)

    def _argument(self, node: yaml.Node) -> TaskArgument:
        reading = self._reading
        if isinstance(node, yaml.ScalarNode):
            value = plain(reading, node)
            if value is None:
                reading.error("C003", node, "an argument is empty", "write '' for an empty text, or leave it out")
            return value if isinstance(value, str | int | float | bool) else ""
        parts = reading.mapping(node, "an argument", ("graphInput", "taskOutput"))
        if len(parts) != 1:
            reading.error("C003", node, "an argument is neither a text, a graphInput nor a taskOutput")
            return ""
        ((key, value),) = parts.items()
        if key == "graphInput":
            inner = self._needed(value, key, ("inputName", "type"), ("inputName",))
            name = reading.text(inner.get("inputName"), "inputName")
            return GraphInput(input=name, type=self._read_type(reading, inner.get("type")))
        inner = self._needed(value, "taskOutput", ("outputName", "taskId", "type"), ("outputName", "taskId"))
        return TaskOutput(
            task=reading.text(inner.get("taskId"), "taskId"),
            output=reading.text(inner.get("outputName"), "outputName"),
            type=self._read_type(reading, inner.get("type")),
        )

    def _condition(self, node: yaml.Node) -> Predicate | TaskArgument:
        operator = node.value[0][0].value if isinstance(node, yaml.MappingNode) and len(node.value) == 1 else None
        if not isinstance(operator, str) or operator not in OPERATORS:
            return self._argument(node)
        inner = node.value[0][1]
        if OPERATORS[operator] == 1:
            return Predicate(operator=operator, operands=(self._condition(inner),))
        parts = self._needed(inner, repr(operator), ("op1", "op2"), ("op1", "op2"))
        operands = tuple(self._condition(parts[key]) for key in ("op1", "op2") if key in parts)
        return Predicate(operator=operator, operands=operands)

    def _options(self, node: yaml.Node | None) -> tuple[int | None, str | None]:
        reading = self._reading
        if node is None:
            return None, None
        parts = reading.mapping(node, "executionOptions", ("retryStrategy", "cachingStrategy"))
        retries: int | None = None
        if (strategy := parts.get("retryStrategy")) is not None and not _is_null(strategy):
            number = self._needed(strategy, "retryStrategy", ("maxRetries",), ("maxRetries",)).get("maxRetries")
            value = plain(reading, number) if number is not None else None
            if number is not None and (not isinstance(value, int) or isinstance(value, bool)):
                reading.error("C003", number, "maxRetries is not an integer", "write a number")
            retries = value if isinstance(value, int) else None
        staleness: str | None = None
        if (strategy := parts.get("cachingStrategy")) is not None and not _is_null(strategy):
            named = reading.mapping(strategy, "cachingStrategy", ("maxCacheStaleness",)).get("maxCacheStaleness")
            staleness = reading.text(named, "maxCacheStaleness", nullable=True) or None
        return retries, staleness

    def _needed(
        self, node: yaml.Node, what: str, known: tuple[str, ...], needed: tuple[str, ...]
    ) -> dict[str, yaml.Node]:
        parts = self._reading.mapping(node, what, known)
        for key in needed:
            if key not in parts:
                self._reading.error("C003", node, f"{what} has no {key}")
        return parts


def _is_null(node: yaml.Node) -> bool:
    return node.tag.endswith(":null")
