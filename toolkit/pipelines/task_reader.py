"""Read the parts of one task of KFP v2 IR: where its inputs come from, when it runs, how often."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from toolkit.errors import InputError
from toolkit.forms.ir_parts import IrError, dotted, mapping, text_of
from toolkit.pipelines.conditions import Condition, parse_condition
from toolkit.pipelines.graph import Constant, DagInput, FinalStatus, Loop, Retry, Source, StepOutput
from toolkit.spec.document import Place

_STRATEGIES = ("TRIGGER_STRATEGY_UNSPECIFIED", "ALL_UPSTREAM_TASKS_SUCCEEDED", "ALL_UPSTREAM_TASKS_COMPLETED")
_SELECTOR = re.compile(r'parseJson\(string_value\)((?:\["(?:[^"\\]|\\.)*"\])*)')
_MEMBER = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


def known(value: Any, place: Place, keys: Iterable[str]) -> dict[str, Any]:  # noqa: ANN401 (any YAML value)
    """Return a mapping that has no other keys. Raises IrError for another key, which might change the meaning."""
    read = mapping(value, place)
    for key in read:
        if key not in keys:
            where = f" in {dotted(place)}" if place else ""
            raise IrError(f"{key!r}{where} is not supported", (*place, key), hint=f"known here: {', '.join(keys)}")
    return read


def part(value: Mapping[str, Any], place: Place, key: str) -> dict[str, Any]:
    """Return the mapping under a key; an empty one if the key is missing, as protobuf's JSON writes it."""
    return mapping(value.get(key, {}), (*place, key))


def needed_tasks(task: Mapping[str, Any], place: Place) -> Iterable[str]:
    """Return the names of the tasks that have to end before this one."""
    listed = task.get("dependentTasks", [])
    here = (*place, "dependentTasks")
    if not isinstance(listed, list):
        raise IrError(f"{dotted(here)} is not a list", here)
    names = [text_of(name, here) for name in listed]
    sources = read_sources(part(task, place, "inputs"), (*place, "inputs")).values()
    return dict.fromkeys((*names, *(each.step for each in sources if isinstance(each, StepOutput | FinalStatus))))


def read_sources(inputs: Mapping[str, Any], place: Place) -> dict[str, Source]:
    """Return the source of each input of a task."""
    known(inputs, place, ("parameters", "artifacts"))
    read: dict[str, Source] = {}
    for name, value in part(inputs, place, "parameters").items():
        read[name] = _parameter_source(value, (*place, "parameters", name))
    for name, value in part(inputs, place, "artifacts").items():
        here = (*place, "artifacts", name)
        match known(value, here, ("taskOutputArtifact", "componentInputArtifact")):
            case {"componentInputArtifact": str(outer)}:
                read[name] = DagInput(name=outer)
            case {"taskOutputArtifact": {"producerTask": str(step), "outputArtifactKey": str(key)}}:
                read[name] = StepOutput(step=step, output=key)
            case _:
                raise IrError(f"the artifact {name!r} has no source", here)
    return read


def _parameter_source(value: Any, place: Place) -> Source:  # noqa: ANN401 (any YAML value)
    """Return the source of a parameter."""
    kinds = ("runtimeValue", "componentInputParameter", "taskOutputParameter", "taskFinalStatus")
    read = known(value, place, (*kinds, "parameterExpressionSelector"))
    members = _members(read.get("parameterExpressionSelector", ""), (*place, "parameterExpressionSelector"))
    match read:
        # protobuf's JSON writes null as a constant that is there.
        case {"runtimeValue": {"constant": constant}}:
            return Constant(value=constant)
        case {"componentInputParameter": str(outer)}:
            return DagInput(name=outer, members=members)
        case {"taskOutputParameter": {"producerTask": str(step), "outputParameterKey": str(key)}}:
            return StepOutput(step=step, output=key, members=members)
        case {"taskFinalStatus": {"producerTask": str(step)}}:
            return FinalStatus(step=step)
        case _:
            raise IrError(f"the parameter {place[-1]!r} has no source that is supported", place)


def _members(selector: Any, place: Place) -> tuple[str, ...]:  # noqa: ANN401 (any YAML value)
    """Return the members that a selector names: `a` of `parseJson(string_value)["a"]`."""
    if selector == "":
        return ()
    match = _SELECTOR.fullmatch(text_of(selector, place))
    if match is None:
        raise IrError(
            f"the selector {selector!r} is not supported", place, hint='expected parseJson(string_value)["member"]'
        )
    return tuple(json.loads(f'"{member}"') for member in _MEMBER.findall(match[1]))


def read_needs(policy: Mapping[str, Any], place: Place) -> Literal["succeeded", "completed"]:
    """Return what a step needs of the steps before it."""
    strategy = policy.get("strategy", "ALL_UPSTREAM_TASKS_SUCCEEDED")
    if strategy not in _STRATEGIES:
        raise IrError(f"the strategy {strategy!r} is not supported", (*place, "strategy"))
    return "completed" if strategy == "ALL_UPSTREAM_TASKS_COMPLETED" else "succeeded"


def read_condition(policy: Mapping[str, Any], place: Place) -> Condition | None:
    """Return the condition of a step; None without one."""
    text = text_of(policy.get("condition", ""), place)
    if not text:
        return None
    try:
        return parse_condition(text)
    except InputError as error:
        raise IrError(error.message, place, hint=error.hint) from None


def read_loop(task: Mapping[str, Any], place: Place) -> Loop | None:
    """Return the loop of a step; None without one."""
    policy = known(task.get("iteratorPolicy", {}), (*place, "iteratorPolicy"), ("parallelismLimit",))
    most = policy.get("parallelismLimit", 0)
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise IrError("parallelismLimit is not a number from 0 on", (*place, "iteratorPolicy", "parallelismLimit"))
    if "parameterIterator" in task:
        here = (*place, "parameterIterator")
        match known(task["parameterIterator"], here, ("items", "itemInput")):
            case {"items": {"raw": str(raw)}, "itemInput": str(item)}:
                return Loop(item=item, items=_raw_items(raw, (*here, "items", "raw")), most=most)
            case {"items": {"inputParameter": str(name)}, "itemInput": str(item)}:
                return Loop(item=item, items=name, most=most)
        raise IrError("a loop needs items and itemInput", here)
    if "artifactIterator" in task:
        here = (*place, "artifactIterator")
        match known(task["artifactIterator"], here, ("items", "itemInput")):
            case {"items": {"inputArtifact": str(name)}, "itemInput": str(item)}:
                return Loop(item=item, items=name, artifacts=True, most=most)
        raise IrError("a loop needs items and itemInput", here)
    return None


def _raw_items(raw: str, place: Place) -> tuple[Any, ...]:
    """Return the constant items of a loop."""
    try:
        items = json.loads(raw)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list):
        raise IrError(f"the items of a loop are {raw[:60]!r}, expected a list in JSON", place)
    return tuple(items)


def read_retry(task: Mapping[str, Any], place: Place) -> Retry | None:
    """Return the retries of a step; None without them."""
    here = (*place, "retryPolicy")
    keys = ("maxRetryCount", "backoffDuration", "backoffFactor", "backoffMaxDuration")
    policy = known(task.get("retryPolicy", {}), here, keys)
    times, factor = policy.get("maxRetryCount", 0), policy.get("backoffFactor", 2.0)
    if not isinstance(times, int) or isinstance(times, bool) or times < 0:
        raise IrError("maxRetryCount is not a number from 0 on", (*here, "maxRetryCount"))
    if not isinstance(factor, int | float) or isinstance(factor, bool) or factor < 0:
        raise IrError("backoffFactor is not a number from 0 on", (*here, "backoffFactor"))
    if not times:
        return None
    return Retry(
        times=times,
        factor=float(factor),
        wait=_seconds(policy.get("backoffDuration", "0s"), (*here, "backoffDuration")),
        longest=_seconds(policy.get("backoffMaxDuration", "3600s"), (*here, "backoffMaxDuration")),
    )


def _seconds(text: Any, place: Place) -> float:  # noqa: ANN401 (any YAML value)
    """Return the seconds of a duration in protobuf's JSON: `2.5s`."""
    match = _SECONDS.fullmatch(text_of(text, place))
    if match is None:
        raise IrError(f"{str(text)[:60]!r} is not a duration such as '10s'", place)
    return float(match[1])
