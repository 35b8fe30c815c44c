"""Watching a run, with a server and a clock of the tests' own."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit.errors import OutsideError, RemoteError
from toolkit.limits import SERVER_OUTAGE
from toolkit.pipelines.server.endpoint import Credentials, Endpoint
from toolkit.pipelines.server.pods import Pod
from toolkit.pipelines.server.states import Run, State, Step
from toolkit.pipelines.server.watching import Ended, LogLines, Outage, StepChanged, Watch

START = datetime(2026, 1, 2, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


class Script:
    """A server that answers with these runs and errors, one after the other, and has these logs."""

    def __init__(self, answers: Iterable[Run | RemoteError], logs: dict[str, Iterator[str]] | None = None) -> None:
        self.answers = iter(answers)
        self.logs = logs or {}
        self.endpoint = Endpoint(
            url="https://kfp", pages="", namespace="ada", credentials=Credentials(token="secret-token")
        )

    def run(self, _run_id: str) -> Run:
        answer = next(self.answers)
        if isinstance(answer, RemoteError):
            raise answer
        return answer

    def log(self, _run_id: str, pod: str) -> str | None:
        return next(self.logs[pod]) if pod in self.logs else None


def run(state: State, *steps: Step) -> Run:
    return Run(run_id="r", name="n", state=state, steps=steps)


def step(state: State, name: str = "train", pods: tuple[str, ...] = ()) -> Step:
    return Step(name=name, state=state, pods=pods)


def watch(answers: Iterable[Run | RemoteError], **more: Any) -> Watch:  # noqa: ANN401 (the fields of Watch)
    clock = Clock()
    logs = more.pop("logs", None)
    server: Any = Script(answers, logs)
    return Watch(server=server, run_id="r", clock=clock, pause=clock.pause, **more)


def test_each_change_is_shown_once() -> None:
    running = run(State.RUNNING, step(State.RUNNING))
    events = list(watch([running, running, run(State.SUCCEEDED, step(State.SUCCEEDED))]).events())
    assert [event.step.state for event in events if isinstance(event, StepChanged)] == ["running", "succeeded"]
    assert isinstance(events[-1], Ended)


def test_log_comes_in_whole_lines_and_its_rest_at_the_end() -> None:
    logs = {"p-system-container-impl-1": iter(["one\ntw", "one\ntwo\n", "one\ntwo\nrest"])}
    states = [State.RUNNING, State.RUNNING, State.SUCCEEDED]
    answers = [run(state, step(state, pods=("p-1",))) for state in states]
    events = watch(answers, logs=logs).events()
    assert [event.lines for event in events if isinstance(event, LogLines)] == [("one",), ("two",), ("rest",)]


def test_log_is_not_asked_for() -> None:
    answers = [run(State.SUCCEEDED, step(State.SUCCEEDED, pods=("p-1",)))]
    logs = {"p-1": iter(["text"])}
    assert not any(isinstance(event, LogLines) for event in watch(answers, logs=logs, with_logs=False).events())


def test_pods_say_why_and_their_log_comes_first() -> None:
    pods: Any = SimpleNamespace(
        of_run=lambda _run: (Pod(name="pod", step="train", is_container=True, why="exit code 3"),),
        log=lambda _pod: "bang\n",
    )
    log, changed, ended = watch([run(State.FAILED, step(State.FAILED))], pods=pods).events()
    assert log == LogLines(step="train", lines=("bang",))
    assert isinstance(changed, StepChanged)
    assert changed.step.why == "exit code 3"
    assert isinstance(ended, Ended)
    assert ended.run.failed()[0].why == "exit code 3"


def test_log_of_another_try_comes_whole() -> None:
    tries = [("first", "one\n"), ("first", "one\ntwo\n"), ("second", "1\n2\n3\n")]
    seen = iter(tries)
    pods: Any = SimpleNamespace(
        of_run=lambda _run: (Pod(name=next(seen)[0], step="train", is_container=True, why="exit code 3"),),
        log=lambda pod: next(text for name, text in reversed(tries) if name == pod),
    )
    states = [State.RUNNING, State.RUNNING, State.SUCCEEDED]
    events = [*watch([run(state, step(state)) for state in states], pods=pods).events()]
    assert [event.lines for event in events if isinstance(event, LogLines)] == [("one", "two"), ("1", "2", "3")]
    last = events[-1]
    assert isinstance(last, Ended)
    assert last.run.steps[0].why == "", "a try that failed is no reason when the step succeeded"


def test_each_iteration_has_the_log_of_its_own_pod() -> None:
    pods: Any = SimpleNamespace(
        of_run=lambda _run: tuple(Pod(name=name, step="train", is_container=True) for name in ("p-1", "p-2")),
        log=lambda pod: f"{pod}\n",
    )
    steps = (step(State.SUCCEEDED, "train", ("p-1",)), step(State.SUCCEEDED, "train #2", ("p-2",)))
    events = watch([run(State.SUCCEEDED, *steps)], pods=pods).events()
    logs = [(event.step, event.lines) for event in events if isinstance(event, LogLines)]
    assert logs == [("train", ("p-1",)), ("train #2", ("p-2",))]


def test_cluster_that_does_not_answer_is_asked_once() -> None:
    asked = []

    def of_run(run_id: str) -> tuple[Pod, ...]:
        asked.append(run_id)
        raise OutsideError("no cluster")

    answers = [run(State.RUNNING, step(State.RUNNING)), run(State.SUCCEEDED)]
    pods: Any = SimpleNamespace(of_run=of_run)
    assert isinstance([*watch(answers, pods=pods).events()][-1], Ended)
    assert asked == ["r"]


def test_outage_is_waited_for() -> None:
    answers: list[Run | RemoteError] = [
        run(State.RUNNING),
        RemoteError("down"),
        RemoteError("down", status=503),
        run(State.SUCCEEDED),
    ]
    events = [*watch(answers).events()]
    assert [event.seconds for event in events if isinstance(event, Outage)] == [2.0, 4.0]
    assert isinstance(events[-1], Ended)


def test_outage_has_a_bound() -> None:
    def answers() -> Iterator[Run | RemoteError]:
        yield run(State.RUNNING)
        while True:
            yield RemoteError("cannot connect to kfp")

    watched = watch(answers())
    with pytest.raises(OutsideError, match="no usable answer for 300 seconds: cannot connect to kfp") as error:
        list(watched.events())
    assert error.value.hint == "come back with: comp pipeline watch r --endpoint https://kfp --namespace ada"
    assert watched.clock() < SERVER_OUTAGE.default + 100


def test_token_that_expires() -> None:
    watched = watch([run(State.RUNNING), RemoteError("the server wants a token", status=401)])
    with pytest.raises(OutsideError, match=r"the token is no longer accepted.*the run goes on") as error:
        list(watched.events())
    assert "comp pipeline watch r" in (error.value.hint or "")
    assert "secret-token" not in f"{error.value} {error.value.hint}"


def test_first_answer_decides_whether_the_address_is_right() -> None:
    refused = RemoteError("cannot connect")
    with pytest.raises(RemoteError) as error:
        list(watch([refused]).events())
    assert error.value is refused


def test_time_is_up() -> None:
    watched = watch(iter(lambda: run(State.RUNNING), None), timeout=10)
    with pytest.raises(OutsideError, match="has not ended within 10 s; it goes on"):
        list(watched.events())
    assert watched.clock() <= 10


def test_hint_has_no_path(tmp_path: Path) -> None:
    endpoint = Endpoint(
        url="http://a", pages="", namespace=None, credentials=Credentials(token_file=tmp_path / "token")
    )
    assert endpoint.options() == "--endpoint http://a"
