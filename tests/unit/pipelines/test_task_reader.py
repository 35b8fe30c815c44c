"""The parts of one task of IR: sources of inputs, policies, loops and retries."""

import json
from typing import Any

import pytest

from tests.pipelines import Json, constant, file_of, outer, result
from toolkit.forms.ir_parts import IrError
from toolkit.pipelines.graph import Constant, DagInput, FinalStatus, Loop, Retry, StepOutput
from toolkit.pipelines.task_reader import (
    known,
    needed_tasks,
    read_condition,
    read_loop,
    read_needs,
    read_retry,
    read_sources,
)

PLACE = ("tasks", "t")


def source(value: Json) -> object:
    return read_sources({"parameters": {"x": value}}, PLACE)["x"]


def test_every_source_is_read() -> None:
    selected = outer("item") | {"parameterExpressionSelector": 'parseJson(string_value)["a"]["b \\"c"]'}
    assert source(constant(None)) == Constant(value=None)
    assert source(outer("n")) == DagInput(name="n")
    assert source(selected) == DagInput(name="item", members=("a", 'b "c'))
    assert source(result("train", "loss")) == StepOutput(step="train", output="loss")
    assert source({"taskFinalStatus": {"producerTask": "train"}}) == FinalStatus(step="train")
    artifacts = {"a": file_of("make"), "b": {"componentInputArtifact": "data"}}
    assert read_sources({"artifacts": artifacts}, PLACE) == {
        "a": StepOutput(step="make", output="data"),
        "b": DagInput(name="data"),
    }


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"parameters": {"x": {}}}, "the parameter 'x' has no source that is supported"),
        ({"parameters": {"x": {"other": 1}}}, "'other' in .* is not supported"),
        ({"parameters": {"x": outer("n") | {"parameterExpressionSelector": "size(x)"}}}, "the selector 'size"),
        ({"artifacts": {"x": {"componentInputArtifact": 3}}}, "the artifact 'x' has no source"),
        ({"values": {}}, "'values' in tasks.t is not supported"),
    ],
)
def test_other_sources_are_refused(inputs: Json, message: str) -> None:
    with pytest.raises(IrError, match=message):
        read_sources(inputs, PLACE)


def test_an_unknown_key_has_its_place_and_the_known_ones() -> None:
    with pytest.raises(IrError) as caught:
        known({"a": 1, "b": 2}, PLACE, ("a",))
    assert (caught.value.place, caught.value.hint) == ((*PLACE, "b"), "known here: a")


def test_a_task_needs_what_it_names_and_what_gives_its_inputs() -> None:
    inputs = {"parameters": {"x": result("b"), "y": outer("n")}, "artifacts": {"d": file_of("c")}}
    assert [*needed_tasks({"dependentTasks": ["a", "b"], "inputs": inputs}, PLACE)] == ["a", "b", "c"]
    with pytest.raises(IrError, match="is not a list"):
        needed_tasks({"dependentTasks": "a"}, PLACE)


def test_a_policy_says_when_a_step_runs() -> None:
    assert read_needs({}, PLACE) == "succeeded"
    assert read_needs({"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}, PLACE) == "completed"
    assert read_condition({}, PLACE) is None
    with pytest.raises(IrError, match="the strategy 'NEVER' is not supported"):
        read_needs({"strategy": "NEVER"}, PLACE)
    with pytest.raises(IrError):
        read_condition({"condition": "x +"}, PLACE)


def test_a_loop_has_constants_or_an_input() -> None:
    def loop(items: Json, **more: Any) -> Loop | None:  # noqa: ANN401 (JSON)
        return read_loop({"parameterIterator": {"items": items, "itemInput": "i"}, **more}, PLACE)

    most = {"iteratorPolicy": {"parallelismLimit": 2}}
    assert loop({"raw": '[1, {"a": 2}]'}, **most) == Loop(item="i", items=(1, {"a": 2}), most=2)
    assert loop({"inputParameter": "words"}) == Loop(item="i", items="words")
    assert read_loop({}, PLACE) is None
    for raw in ("{", json.dumps({"a": 1}), "[" * 100_000):
        with pytest.raises(IrError, match="expected a list in JSON"):
            loop({"raw": raw})
    for limit in (-1, True, "2"):
        with pytest.raises(IrError, match="parallelismLimit is not a number from 0 on"):
            loop({"raw": "[]"}, iteratorPolicy={"parallelismLimit": limit})


def test_retries_have_their_times() -> None:
    policy = {"maxRetryCount": 3, "backoffDuration": "2.5s", "backoffFactor": 3, "backoffMaxDuration": "60s"}
    assert read_retry({"retryPolicy": policy}, PLACE) == Retry(times=3, wait=2.5, factor=3.0, longest=60.0)
    assert read_retry({"retryPolicy": {"maxRetryCount": 1}}, PLACE) == Retry(times=1)
    assert read_retry({}, PLACE) is None
    for key, value in (("maxRetryCount", -1), ("backoffFactor", True), ("backoffDuration", "2m")):
        with pytest.raises(IrError):
            read_retry({"retryPolicy": {"maxRetryCount": 1, key: value}}, PLACE)
