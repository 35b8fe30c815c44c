"""Runs as KFP's API shows them. The nodes are those that KFP 2.17's server lists for a workflow of Argo."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit.pipelines.server.states import State, planned_steps, read_run, read_state, read_steps

START = datetime(2026, 1, 2, tzinfo=UTC)
YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)


def task(name: str, state: str, second: int = 0, **more: object) -> Any:  # noqa: ANN401 (as the generated models)
    members: dict[str, Any] = {"error": None, "state_history": None, "child_tasks": None, "pod_name": None}
    members |= {"display_name": name, "state": state, "start_time": START.replace(second=second)}
    return SimpleNamespace(**members | {"end_time": YEAR_1} | more)


def error(message: str) -> Any:  # noqa: ANN401 (likewise)
    return SimpleNamespace(message=message)


def test_only_steps_are_listed_in_their_order() -> None:
    nodes = [
        task("pipe-x7", "RUNNING"),
        task("root-driver", "SUCCEEDED"),
        task("root", "RUNNING"),
        task("second-driver", "SUCCEEDED", 5),
        task("second", "RUNNING", 6, child_tasks=[SimpleNamespace(pod_name="pipe-x7-2")]),
        task("executor", "RUNNING", 6),
        task("first", "SUCCEEDED", 2, end_time=START.replace(second=9)),
        task("first-driver", "SUCCEEDED", 1),
        task("executor(0)", "SUCCEEDED", 3),
        # What the server keeps for its cache.
        task("", "RUNTIME_STATE_UNSPECIFIED", 8),
    ]
    first, second, third = read_steps(nodes, ["first", "second", "third"])
    assert (first.name, first.state, first.seconds) == ("first", State.SUCCEEDED, 7)
    assert (second.name, second.state, second.seconds, second.pods) == ("second", State.RUNNING, None, ("pipe-x7-2",))
    assert (third.name, third.state) == ("third", State.PENDING)


def test_time_without_a_zone_is_utc() -> None:
    (step,) = read_steps([task("train", "SUCCEEDED", 2, end_time=START.replace(second=9, tzinfo=None))])
    assert step.seconds == 7


def test_steps_of_a_loop_are_numbered() -> None:
    nodes = [task("train-driver", "SUCCEEDED"), task("train", "FAILED", 4), task("train", "SUCCEEDED", 3)]
    assert [(step.name, step.state) for step in read_steps(nodes)] == [("train", "succeeded"), ("train #2", "failed")]


def test_step_fails_with_its_driver() -> None:
    driver = task("train-driver", "FAILED", error=error('parameter "n" not found'))
    (omitted,) = read_steps([driver, task("train", "RUNTIME_STATE_UNSPECIFIED")])
    (alone,) = read_steps([driver])
    for step in (omitted, alone):
        assert (step.name, step.state, step.why) == ("train", State.FAILED, 'parameter "n" not found')


def test_server_that_lists_steps_alone() -> None:
    (step,) = read_steps([task("train", "SUCCEEDED")])
    assert step.name == "train"


@pytest.mark.parametrize(
    ("text", "state"), [("FAILED", State.FAILED), ("TELEPORTED", State.UNKNOWN), (None, State.UNKNOWN)]
)
def test_state(text: str | None, state: State) -> None:
    assert read_state(text) is state


def test_reason_of_a_run_is_the_last_of_its_history() -> None:
    history = [
        SimpleNamespace(error=error("an old one")),
        SimpleNamespace(error=error("a\n new one")),
        SimpleNamespace(error=None),
    ]
    answer = SimpleNamespace(
        run_id="1",
        display_name="r",
        state="FAILED",
        experiment_id=None,
        created_at=START,
        finished_at=YEAR_1,
        error=None,
        state_history=history,
        run_details=None,
    )
    run = read_run(answer)
    assert (run.why, run.ended, run.steps, run.exit_code) == ("a new one", None, (), 1)


@pytest.mark.parametrize(("state", "code"), [("SUCCEEDED", 0), ("SKIPPED", 0), ("FAILED", 1), ("CANCELED", 1)])
def test_exit_code(state: str, code: int) -> None:
    answer = SimpleNamespace(
        run_id="1",
        display_name="r",
        state=state,
        experiment_id="",
        created_at=None,
        finished_at=None,
        error=None,
        state_history=None,
        run_details=None,
    )
    run = read_run(answer)
    assert run.exit_code == code
    assert run.state.is_final


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"root": {"dag": {"tasks": {"a": {}, "b": {}}}}}, ("a", "b")),
        ({"pipeline_spec": {"root": {"dag": {"tasks": {"a": {}}}}}, "platform_spec": {}}, ("a",)),
        ({"root": {"dag": []}}, ()),
        (None, ()),
        ("text", ()),
    ],
)
def test_planned_steps(document: object, names: tuple[str, ...]) -> None:
    assert planned_steps(document) == names
