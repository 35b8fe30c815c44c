"""Decide which step of a graph runs when: after those that it needs, if its condition holds, once for each item.

Steps are done in threads by a function that the caller gives; everything else happens in the thread that called `run`.
The rules are KFP's (2.17): a step runs if all steps before it succeeded; one that failed or was skipped skips those
after it; steps that do not need it go on; a step with `needs` "completed" runs in any case.
"""

import queue
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from msgspec import Struct, field

from toolkit.errors import CompError, InputError
from toolkit.limits import PIPELINE_STEPS
from toolkit.pipelines.graph import Constant, Dag, DagInput, FinalStatus, Loop, Step, StepOutput
from toolkit.pipelines.values import (
    Parameter,
    Value,
    artifacts_of,
    command_text,
    filled,
    gathered,
    member_of,
    parameter,
    parse_value,
    plain_value,
    value_of_json,
)

# The names of the steps around a step, iterations by their number, and its own.
Path = tuple[str, ...]


class State(StrEnum):
    """The state of a step."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CACHED = "cached"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def is_good(self) -> bool:
        """Whether steps that need this one may run."""
        return self in {State.SUCCEEDED, State.CACHED}


class Ended(Struct, frozen=True, kw_only=True):
    """How a step ended: its outputs by name, and why it failed or was skipped."""

    state: State
    outputs: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    why: str = ""
    error: CompError | None = None


class StepCall(Struct, frozen=True, kw_only=True):
    """One call of a component or importer, with all its inputs that have a value."""

    path: Path
    step: Step
    inputs: Mapping[str, Value]


Work = Callable[[StepCall], Ended]
# Called with a step's path, the step, and None when it begins, or how it ended.
Watch = Callable[[Path, Step, Ended | None], None]
_End = Callable[[Ended], None]
_FAIL_FAST = "another step failed, and nothing begins after that"


class Rules(Struct, frozen=True, kw_only=True):
    """How a graph is run: `jobs` steps at once; with `fail_fast` nothing begins after a failure.

    `job` has the facts of the run that constants may refer to.
    """

    jobs: int
    fail_fast: bool = False
    job: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def run_graph(dag: Dag, inputs: Mapping[str, Value], rules: Rules, *, work: Work, watch: Watch) -> Ended:
    """Run a dag to its end. An exception of `work` that is not a CompError is raised here."""
    with ThreadPoolExecutor(max_workers=rules.jobs, thread_name_prefix="step") as pool:
        try:
            return _Run(pool, rules, work, watch).whole(dag, inputs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Run:
    """The state that all parts of one run share. `later` are the next calls in the caller's thread."""

    def __init__(self, pool: ThreadPoolExecutor, rules: Rules, work: Work, watch: Watch) -> None:
        self.pool = pool
        self.rules = rules
        self.work = work
        self.watch = watch
        self.later: deque[Callable[[], None]] = deque()
        self.failed = False
        self._done: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._count = 0

    def whole(self, dag: Dag, inputs: Mapping[str, Value]) -> Ended:
        """Run a dag, and wait for its end."""
        result: list[Ended] = []
        _DagRun(self, dag, inputs, (), result.append).begin()
        while not result:
            # What can be done at once comes first, so that `later` never grows with the length of a loop.
            (self.later.popleft() if self.later else self._done.get())()
        return result[0]

    def submit(self, call: StepCall, end: _End) -> None:
        """Do a step in a thread, and call `end` in the caller's thread with how it ended."""
        future = self.pool.submit(self._do, call)
        future.add_done_callback(lambda done: self._done.put(partial(self._ended, done, end)))

    @property
    def stops(self) -> bool:
        """Whether nothing begins any more, except what runs in any case."""
        return self.rules.fail_fast and self.failed

    def _do(self, call: StepCall) -> Ended:
        """Do a step, unless a failure came while it waited for its turn."""
        if self.stops and call.step.needs == "succeeded":
            return Ended(state=State.SKIPPED, why=_FAIL_FAST)
        return self.work(call)

    def count(self, more: int, step: Step) -> None:
        """Count steps of the run. Raises InputError above the limit."""
        self._count += more
        PIPELINE_STEPS.check(self._count, "the number of steps of this run", where=step.where)

    @staticmethod
    def _ended(done: "Future[Ended]", end: _End) -> None:
        """Pass on the result of a thread."""
        end(done.result())


class _DagRun:
    """One run of a dag, or of one iteration of it."""

    def __init__(self, run: _Run, dag: Dag, inputs: Mapping[str, Value], path: Path, end: _End) -> None:
        self._run = run
        self._dag = dag
        self._inputs = inputs
        self._path = path
        self._end = end
        self._ended: dict[str, Ended] = {}
        self._waiting = {step.name: len(step.after) for step in dag.steps}
        self._next: dict[str, list[Step]] = {step.name: [] for step in dag.steps}
        for step in dag.steps:
            for name in step.after:
                self._next[name].append(step)

    def begin(self) -> None:
        """Begin every step that needs no other."""
        if not self._dag.steps:
            self._finish()
        for step in self._dag.steps:
            if not step.after:
                self._run.later.append(partial(self._begin, step))

    def _begin(self, step: Step) -> None:
        """Begin a step, or skip it."""
        path = (*self._path, step.name)
        try:
            self._run.count(1, step)
            skipped = self._skipped(step)
            if skipped is None:
                inputs = self._resolved(step)
                if step.condition is not None and not step.condition.holds(
                    {name: plain_value(value) for name, value in inputs.items() if name in step.condition.inputs}
                ):
                    skipped = f"its condition is false: {step.condition.readable}"
        except CompError as error:
            self._run.watch(path, step, None)
            self._step_ended(step, Ended(state=State.FAILED, why=error.message, error=error))
            return
        if skipped is not None:
            self._step_ended(step, Ended(state=State.SKIPPED, why=skipped))
            return
        end = partial(self._step_ended, step)
        self._run.watch(path, step, None)
        if step.loop is not None:
            _LoopRun(self._run, step, step.loop, inputs, path, end).begin()
        else:
            _once(self._run, step, inputs, path, end)

    def _skipped(self, step: Step) -> str | None:
        """Return why a step does not run; None if it does."""
        if step.needs == "completed":
            return None
        for name in step.after:
            if not self._ended[name].state.is_good:
                return f"{name} {'failed' if self._ended[name].state is State.FAILED else 'was skipped'}"
        return _FAIL_FAST if self._run.stops else None

    def _resolved(self, step: Step) -> dict[str, Value]:
        """Return the inputs of a step that have a value: what others give first, then constants, which may use them."""
        given: dict[str, Value] = {}
        constants: dict[str, Value] = {}
        for name, source in step.inputs.items():
            if not isinstance(source, Constant) and (value := self._given(source)) is not None:
                given[name] = value
        for name, source in step.inputs.items():
            if isinstance(source, Constant):
                constants[name] = parameter(filled(source.value, given, self._run.rules.job))
        self._check(step, {*given, *constants})
        return _as_texts({**given, **constants}, step)

    def _given(self, source: DagInput | StepOutput | FinalStatus) -> Value | None:
        """Return the value that a source gives; None if it gives none."""
        match source:
            case DagInput():
                value = self._inputs.get(source.name)
            case StepOutput():
                value = self._ended[source.step].outputs.get(source.output)
            case FinalStatus():
                return Parameter(value=self._status(source.step))
        return None if value is None else member_of(value, source.members)

    def _check(self, step: Step, has: set[str]) -> None:
        """Raise InputError for a required input without a value."""
        # The steps in a dag say themselves what they need.
        if isinstance(step.work, Dag):
            return
        own = step.loop.item if step.loop else None
        for port in step.interface.inputs:
            if port.name not in {*has, own} and port.default is None and not port.optional:
                raise InputError(
                    f"the input {port.name!r} has no value{self._reason(step, port.name)}", where=step.where
                )

    def _reason(self, step: Step, name: str) -> str:
        """Return why an input has no value, as the end of a message."""
        source = step.inputs.get(name)
        if isinstance(source, StepOutput):
            state = self._ended[source.step].state
            return f": {source.step} {state}" if not state.is_good else f": {source.step} gave no {source.output!r}"
        return f": the pipeline got no {source.name!r}" if isinstance(source, DagInput) else ""

    def _status(self, name: str) -> dict[str, object]:
        """Return how a step ended, as KFP's launcher passes it on (PipelineTaskFinalStatus, pipeline_spec.proto)."""
        ended = self._ended[name]
        failed = ended.state is State.FAILED
        return {
            "state": "FAILED" if failed else "SUCCEEDED",
            "error": {"code": 9, "message": ended.why} if failed else {},
            "pipelineJobResourceName": self._run.rules.job.get("pipeline_job_resource_name", ""),
            "pipelineTaskName": name,
        }

    def _step_ended(self, step: Step, ended: Ended) -> None:
        """Note how a step ended, and begin those that waited for it."""
        self._ended[step.name] = ended
        self._run.failed = self._run.failed or ended.state is State.FAILED
        self._run.watch((*self._path, step.name), step, ended)
        for following in self._next[step.name]:
            self._waiting[following.name] -= 1
            if not self._waiting[following.name]:
                self._run.later.append(partial(self._begin, following))
        if len(self._ended) == len(self._dag.steps):
            self._finish()

    def _finish(self) -> None:
        """End with the outputs of the steps."""
        failed = [(name, each) for name, each in self._ended.items() if each.state is State.FAILED]
        outputs: dict[str, Value] = {}
        for name, sources in self._dag.outputs.items():
            for source in sources:
                value = self._ended[source.step].outputs.get(source.output)
                if value is not None:
                    outputs[name] = member_of(value, source.members)
                    break
        if failed:
            name, first = failed[0]
            self._end(Ended(state=State.FAILED, outputs=outputs, why=f"{name} failed", error=first.error))
        else:
            self._end(Ended(state=State.SUCCEEDED, outputs=outputs))


class _LoopRun:
    """The iterations of one step."""

    def __init__(self, run: _Run, step: Step, loop: Loop, inputs: Mapping[str, Value], path: Path, end: _End) -> None:
        self._run = run
        self._step = step
        self._loop = loop
        self._inputs = inputs
        self._path = path
        self._end = end
        self._items: tuple[Value, ...] = ()
        self._begun = 0
        self._ended: dict[int, Ended] = {}

    def begin(self) -> None:
        """Begin as many iterations as may run at once."""
        try:
            self._items = _items(self._step, self._loop, self._inputs)
            self._run.count(len(self._items), self._step)
        except CompError as error:
            self._end(Ended(state=State.FAILED, why=error.message, error=error))
            return
        if not self._items:
            self._finish()
        for _ in range(min(self._loop.most or len(self._items), len(self._items))):
            self._run.later.append(self._begin_next)

    def _begin_next(self) -> None:
        """Begin the next iteration, unless none is left."""
        if self._begun == len(self._items):
            return
        number = self._begun
        self._begun += 1
        inputs = _as_texts({**self._inputs, self._loop.item: self._items[number]}, self._step)
        if not isinstance(self._step.work, Dag):
            self._run.watch((*self._path, str(number)), self._step, None)
        _once(self._run, self._step, inputs, (*self._path, str(number)), partial(self._iteration_ended, number))

    def _iteration_ended(self, number: int, ended: Ended) -> None:
        """Note how an iteration ended, and begin another one in its place."""
        self._ended[number] = ended
        if not isinstance(self._step.work, Dag):
            self._run.watch((*self._path, str(number)), self._step, ended)
        self._run.failed = self._run.failed or ended.state is State.FAILED
        if self._run.stops:
            self._items = self._items[: self._begun]
        else:
            self._run.later.append(self._begin_next)
        if len(self._ended) == len(self._items):
            self._finish()

    def _finish(self) -> None:
        """End with the outputs of all iterations."""
        ended = [self._ended[number] for number in range(len(self._items))]
        names = [port.name for port in self._step.interface.outputs]
        outputs: dict[str, Value] = {
            name: gathered(each.outputs[name] for each in ended if name in each.outputs) for name in names
        }
        failed = [(number, each) for number, each in enumerate(ended) if each.state is State.FAILED]
        if failed:
            number, first = failed[0]
            self._end(Ended(state=State.FAILED, outputs=outputs, why=f"iteration {number} failed", error=first.error))
        else:
            self._end(Ended(state=State.SUCCEEDED, outputs=outputs))


def _once(run: _Run, step: Step, inputs: Mapping[str, Value], path: Path, end: _End) -> None:
    """Do the work of a step, or of one iteration of it, once."""
    if isinstance(step.work, Dag):
        # The defaults of a dag's inputs are those of its component.
        whole = {**_defaults(step), **inputs}
        _DagRun(run, step.work, whole, path, end).begin()
    else:
        run.submit(StepCall(path=path, step=step, inputs=inputs), end)


def _defaults(step: Step) -> dict[str, Value]:
    """Return the defaults of a step's inputs."""
    return {
        port.name: Parameter(value=parse_value(port.default, port.type))
        for port in step.interface.inputs
        if port.default is not None
    }


def _as_texts(inputs: Mapping[str, Value], step: Step) -> dict[str, Value]:
    """Return inputs in which every value for a String is a text.

    KFP's driver does it, and conditions rely on it: kfp takes the items of a list without a type for Strings.
    """
    strings = {port.name for port in step.interface.inputs if port.type == "String"}
    return {
        name: Parameter(value=command_text(value.value))
        if name in strings and isinstance(value, Parameter) and value.value is not None
        else value
        for name, value in inputs.items()
    }


def _items(step: Step, loop: Loop, inputs: Mapping[str, Value]) -> tuple[Value, ...]:
    """Return the items of a loop. Raises InputError for a value that is not a list."""
    if not isinstance(loop.items, str):
        return tuple(parameter(item) for item in loop.items)
    value = {**_defaults(step), **inputs}.get(loop.items)
    if value is None:
        raise InputError(f"the loop has no items: {loop.items!r} has no value", where=step.where)
    if loop.artifacts:
        return artifacts_of(value)
    # An item of a list of lists is the text of its JSON.
    items = value_of_json(plain_value(value))
    if not isinstance(items, list):
        raise InputError(f"the items of the loop are {str(items)[:60]!r}, expected a list", where=step.where)
    return tuple(Parameter(value=item) for item in items)
