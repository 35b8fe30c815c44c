"""Runs on a server as data: their steps, states and times, read from what KFP's API answers."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace


class State(StrEnum):
    """The state of a run or a step, as KFP's API names it (V2beta1RuntimeState)."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELING = "canceling"
    CANCELED = "canceled"
    PAUSED = "paused"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self in {State.SUCCEEDED, State.SKIPPED, State.FAILED, State.CANCELED}


class Step(Struct, frozen=True, kw_only=True):
    """One step of a run. `name` is unique: the second of a loop is `train #2`. `pods` are those that it started.

    `why` is the reason of a failure, or of a long wait, in the words of the server or the cluster.
    """

    name: str
    state: State
    started: datetime | None = None
    ended: datetime | None = None
    why: str = ""
    pods: tuple[str, ...] = ()

    @property
    def seconds(self) -> int | None:
        """How long the step took; None before its end."""
        return None if self.started is None or self.ended is None else int((self.ended - self.started).total_seconds())


class Run(Struct, frozen=True, kw_only=True):
    """One run of a pipeline on a server."""

    run_id: str
    name: str
    state: State
    experiment_id: str = ""
    created: datetime | None = None
    ended: datetime | None = None
    why: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 0 for a run that did what it should, else 1."""
        return 0 if self.state in {State.SUCCEEDED, State.SKIPPED} else 1

    def failed(self) -> tuple[Step, ...]:
        """Return the steps that failed."""
        return tuple(step for step in self.steps if step.state is State.FAILED)

    def explained(self, reasons: Mapping[str, str]) -> "Run":
        """Return the run with the reasons of its steps by name, where the server gave none.

        A step that succeeded needs none: what failed is an earlier try, or another iteration of its loop.
        """
        good = {State.SUCCEEDED, State.SKIPPED}
        steps = (
            step if step.why or step.state in good else replace(step, why=reasons.get(step.name, ""))
            for step in self.steps
        )
        return replace(self, steps=tuple(steps))


def read_run(answer: Any, planned: Iterable[str] = ()) -> Run:  # noqa: ANN401 (a model of kfp-server-api)
    """Read a V2beta1Run. `planned` are the steps that the pipeline has, for those that have not begun."""
    details = answer.run_details.task_details if answer.run_details else None
    return Run(
        run_id=answer.run_id or "",
        name=answer.display_name or "",
        state=read_state(answer.state),
        experiment_id=answer.experiment_id or "",
        created=_time(answer.created_at),
        ended=_time(answer.finished_at),
        why=_error(answer),
        steps=read_steps(details or (), planned),
    )


def read_steps(tasks: Iterable[Any], planned: Iterable[str] = ()) -> tuple[Step, ...]:
    """Read the steps from V2beta1PipelineTaskDetails, in the order in which they began.

    KFP's server lists the nodes of the Argo workflow that it made: a step `train` has the nodes `train-driver`, which
    prepares it, `train`, and below that `executor`, which is its container. Only those in the middle are steps.
    """
    # The server also lists what it keeps of results for its cache, which has no name.
    nodes = [node for node in map(_Node.of, tasks) if node.name]
    drivers = {node.name.removesuffix(_DRIVER): node for node in nodes if node.name.endswith(_DRIVER)}
    names = {node.name for node in nodes}
    found = [node for node in nodes if node.name in drivers] if drivers else nodes
    found = [node for node in found if node.name != _ROOT and not _EXECUTOR.fullmatch(node.name)]
    # Without a node of its own, all that a step has done is the work of its driver.
    found += [replace(node, name=name) for name, node in drivers.items() if name not in names and name != _ROOT]
    counts = Counter[str]()
    steps = []
    for node in sorted(found, key=lambda node: (node.started is None, node.started and node.started.timestamp())):
        counts[node.name] += 1
        count = counts[node.name]
        steps.append(node.step(f"{node.name} #{count}" if count > 1 else node.name, drivers.get(node.name)))
    return (*steps, *(Step(name=name, state=State.PENDING) for name in planned if name not in counts))


def read_state(text: str | None) -> State:
    """Read a state; one that is new to us is unknown."""
    try:
        return State((text or "").lower())
    except ValueError:
        return State.UNKNOWN


def planned_steps(document: object) -> tuple[str, ...]:
    """Return the names of the steps at the top of a pipeline's IR; none if it cannot be read.

    With settings for Kubernetes, the IR is one of the document's two members.
    """
    spec = document.get("pipeline_spec", document) if isinstance(document, Mapping) else None
    for key in ("root", "dag", "tasks"):
        spec = spec.get(key) if isinstance(spec, Mapping) else None
    return tuple(map(str, spec)) if isinstance(spec, Mapping) else ()


_DRIVER = "-driver"
_ROOT = "root"
# Argo adds the number of the try.
_EXECUTOR = re.compile(r"executor(\(\d+\))?")
# KFP's server writes the year 1 or 1970 for a time that is not known yet.
_FIRST_YEAR = 2000


class _Node(Struct, frozen=True, kw_only=True):
    """One of the server's task details."""

    name: str
    state: State
    started: datetime | None
    ended: datetime | None
    why: str
    pods: tuple[str, ...]

    @classmethod
    def of(cls, task: Any) -> "_Node":  # noqa: ANN401 (a model of kfp-server-api)
        """Read a V2beta1PipelineTaskDetail."""
        children = tuple(child.pod_name for child in task.child_tasks or () if child.pod_name)
        return cls(
            name=task.display_name or "",
            state=read_state(task.state),
            started=_time(task.start_time),
            ended=_time(task.end_time),
            why=_error(task),
            pods=(task.pod_name,) if task.pod_name else children,
        )

    def step(self, name: str, driver: "_Node | None") -> Step:
        """Return the step, which failed if its driver did."""
        failed_before = driver is not None and driver.state is State.FAILED and self.state is not State.FAILED
        why = self.why
        if driver is not None and driver.state is State.FAILED:
            why = driver.why or "KFP failed to prepare the step: its driver failed"
        return Step(
            name=name,
            state=State.FAILED if failed_before else self.state,
            started=self.started,
            ended=self.ended,
            why=why,
            pods=self.pods,
        )


def _time(value: Any) -> datetime | None:  # noqa: ANN401 (a datetime, or None)
    """Return a time; None if it is not known. Without a zone it is UTC's, as for the server's other times."""
    if not isinstance(value, datetime) or value.year < _FIRST_YEAR:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _error(answer: Any) -> str:  # noqa: ANN401 (a model of kfp-server-api)
    """Return the message of an answer's own error, or of the last one in its history."""
    history = [status.error for status in answer.state_history or () if status.error]
    errors = [answer.error, *reversed(history)]
    return next((" ".join(error.message.split()) for error in errors if error and error.message), "")
