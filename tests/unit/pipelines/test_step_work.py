"""One step of a local run, with a runner that writes what the test wants."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.pipelines import Json, constant, dag, executed, pipeline, ports, task, written
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.run_record import RunFile, read_run
from toolkit.pipelines.scheduling import Ended, State, StepCall
from toolkit.pipelines.step_logs import last_lines
from toolkit.pipelines.step_work import StepWork
from toolkit.pipelines.values import Artifact, Gathered, Parameter, Value
from toolkit.pipelines.workers import Worker
from toolkit.redaction import learn
from toolkit.runners.protocol import Outcome, Run
from toolkit.spec.arguments import resolve_command


class Writer:
    """A runner that writes texts into outputs; `codes` are the exit codes of its runs, 0 after the last."""

    name = "writer"

    def __init__(
        self, texts: Mapping[str, str], codes: tuple[int, ...] = (), reported: Json | None = None, prints: str = ""
    ) -> None:
        self.texts = dict(texts)
        self.codes = [*codes]
        self.reported = reported or {}
        self.prints = prints
        self.runs: list[Run] = []
        self.code: str | None = "code-1"

    def identity(self, image: str) -> str | None:
        assert image == "image:1"
        return self.code

    def run(self, run: Run) -> Outcome:
        self.runs.append(run)
        assert run.log is not None
        run.log.write(f"run {len(self.runs)}\n{self.prints}".encode())
        code = self.codes.pop(0) if self.codes else 0
        for name, text in self.texts.items():
            run.outputs[name].parent.mkdir(parents=True, exist_ok=True)
            run.outputs[name].write_text(text)
        return Outcome(exit_code=code, paths={name: run.outputs[name] for name in self.texts}, reported=self.reported)


ONE = executed("one", ports(x="int", d="Dataset?", many="[Model]?"), ports(Output="int", model="Model"))
Do = Callable[..., Ended]


def call(inputs: Mapping[str, Value], container: Json | None = None, **more: Any) -> StepCall:  # noqa: ANN401
    """A call of the component `one`."""
    more = {"cachingOptions": {"enableCache": True}} | more
    root = dag({"one": task("one", inputs={"x": constant(1)}, **more)})
    executors = {"one": {"container": {"image": "image:1"} | (container or {})}}
    graph = parse_pipeline(written(pipeline(root, {"one": ONE}, executors)), Path("p.yaml"))
    return StepCall(path=("outer", "0", "one"), step=graph.root.steps[0], inputs=inputs)


@pytest.fixture
def work(tmp_path: Path) -> Callable[..., StepWork]:
    def make(writer: Writer, *, folder: str = "run", cache: Cache | None = None, earlier: Any = None) -> StepWork:  # noqa: ANN401
        (tmp_path / folder).mkdir(exist_ok=True)
        file = RunFile(tmp_path / folder, {"pipeline": "p", "inputs": {}})
        workers = {"comp-one": Worker(runner=writer, image="image:1")}
        return StepWork(file=file, workers=workers, job={"pipeline_job_name": "j"}, cache=cache, earlier=earlier or {})

    return make


FACTS = {"title": "one", "component": "comp-one", "kind": "component", "state": "running"}


def do(one: StepWork, made: StepCall) -> Ended:
    one.file.step(made.path, **FACTS)
    ended = one(made)
    one.file.step(made.path, state=ended.state.value)
    return ended


def test_a_step_gets_texts_json_and_artifacts_as_from_kfps_launcher(
    work: Callable[..., StepWork], tmp_path: Path
) -> None:
    data = Artifact(path=tmp_path / "d", schema="system.Dataset", digest="d1", metadata={"rows": 3})
    models = tuple(Artifact(path=tmp_path / name, schema="system.Model", digest=name) for name in "ab")
    writer = Writer(
        {"Output": "7", "model": "weights"}, reported={"artifacts": {"model": {"artifacts": [{"metadata": {"k": 1}}]}}}
    )
    args = ["--x", "{{$.inputs.parameters['x']}}", "{{$.pipeline_job_name}}/{{$.pipeline_task_name}}"]
    env = [{"name": "X", "value": "{{$.inputs.parameters['x']}}"}]
    made = call({"x": Parameter(value=3), "d": data, "many": Gathered(items=models)}, {"args": args, "env": env})
    ended = do(work(writer), made)
    assert ended.state is State.SUCCEEDED
    assert ended.outputs["Output"] == Parameter(value=7)
    model = ended.outputs["model"]
    assert isinstance(model, Artifact)
    assert (model.schema, model.metadata, model.path.read_text()) == ("system.Model", {"k": 1}, "weights")
    (run,) = writer.runs
    assert run.call is not None
    assert run.call.parameters == {"x": 3}
    assert run.call.outputs == {"model": "system.Model"}
    assert [item.name for item in run.call.artifacts["many"]] == ["many/0", "many/1"]
    assert run.call.artifacts["d"][0].metadata == {"rows": 3}
    assert run.artifacts == {"d": data.path, "many/0": models[0].path, "many/1": models[1].path}
    assert dict(run.spec.container.env) == {"X": "3"}
    command = resolve_command(run.spec, values=run.values, input_paths={}, output_paths={})
    assert command == ["--x", "3", "j/one"]


def test_an_input_that_is_left_out_has_the_default_of_the_component(work: Callable[..., StepWork]) -> None:
    inputs = ports(x="int?", y="int?")
    inputs["parameters"]["x"]["defaultValue"] = 5
    graph = parse_pipeline(
        written(pipeline(dag({"one": task("one")}), {"one": executed("one", inputs)})), Path("p.yaml")
    )
    writer = Writer({})
    calls: tuple[dict[str, Value], ...] = ({}, {"x": Parameter(value=7)})
    for values in calls:
        do(work(writer), StepCall(path=("one",), step=graph.root.steps[0], inputs=values))
    assert [(run.values, run.call and run.call.parameters) for run in writer.runs] == [
        ({"x": "5"}, {"x": 5}),
        ({"x": "7"}, {"x": 7}),
    ]


def test_values_that_a_program_of_kfp_reports_count(work: Callable[..., StepWork]) -> None:
    writer = Writer({"model": "m"}, reported={"parameterValues": {"Output": 5}})
    assert do(work(writer), call({"x": Parameter(value=1)})).outputs["Output"] == Parameter(value=5)


def test_metadata_alone_makes_an_artifact_and_nothing_makes_none(work: Callable[..., StepWork]) -> None:
    reported = {"artifacts": {"model": {"artifacts": [{"metadata": {"accuracy": 0.5}}]}}}
    model = do(work(Writer({}, reported=reported)), call({"x": Parameter(value=1)})).outputs["model"]
    assert isinstance(model, Artifact)
    assert (model.metadata, model.path.read_bytes()) == ({"accuracy": 0.5}, b"")
    assert do(work(Writer({}), folder="other"), call({"x": Parameter(value=1)})).outputs == {}


@pytest.mark.parametrize(
    "reported", [{"artifacts": 1}, {"artifacts": {"model": {"artifacts": []}}}, {"parameterValues": []}]
)
def test_a_report_of_another_form_is_passed_over(work: Callable[..., StepWork], reported: Json) -> None:
    ended = do(work(Writer({"model": "m"}, reported=reported)), call({"x": Parameter(value=1)}))
    assert ended.state is State.SUCCEEDED
    model = ended.outputs["model"]
    assert isinstance(model, Artifact)
    assert model.metadata == {}


def test_a_failed_step_says_how_and_keeps_its_log(work: Callable[..., StepWork], tmp_path: Path) -> None:
    one = work(Writer({}, codes=(137,)))
    ended = do(one, call({"x": Parameter(value=1)}))
    assert (ended.state, ended.why[:26]) == (State.FAILED, "exit code 137 (SIGKILL: ki")
    one.file.end("failed", {})
    step = read_run(tmp_path / "run").steps["outer/0/one"]
    assert (step.exit_code, step.attempts, step.log) == (137, 1, "steps/outer/0/one/log.txt")
    assert last_lines(tmp_path / "run" / step.log, 5) == ["run 1"]


def test_a_secret_that_a_step_prints_is_not_kept(work: Callable[..., StepWork], tmp_path: Path) -> None:
    learn("hunter-2-marker")
    variables = {"comp-one": {"TOKEN": "hunter-2-marker", "ZONE": "run 1"}}
    printing = Writer({"Output": "1", "model": ""}, prints="hunter-2-marker")
    ended = do(replace(work(printing), variables=variables), call({"x": Parameter(value=1)}))
    assert ended.state is State.SUCCEEDED
    assert last_lines(tmp_path / "run" / "steps/outer/0/one/log.txt", 5) == ["run 1", "***"]


def test_a_step_is_tried_again_as_its_retries_allow(work: Callable[..., StepWork], tmp_path: Path) -> None:
    retry = {"retryPolicy": {"maxRetryCount": 2, "backoffDuration": "0s"}}
    writer = Writer({"Output": "1"}, codes=(1, 2))
    assert do(work(writer), call({"x": Parameter(value=1)}, **retry)).state is State.SUCCEEDED
    assert len(writer.runs) == 3
    log = (tmp_path / "run" / "steps" / "outer" / "0" / "one" / "log.txt").read_text()
    assert log == "run 1\ncomp: trying again, 1 of 2\nrun 2\ncomp: trying again, 2 of 2\nrun 3\n"
    writer = Writer({}, codes=(1, 1, 1, 1))
    assert do(work(writer, folder="other"), call({"x": Parameter(value=1)}, **retry)).state is State.FAILED
    assert len(writer.runs) == 3


def test_a_value_of_another_type_fails_the_step(work: Callable[..., StepWork]) -> None:
    ended = do(work(Writer({"Output": "many"})), call({"x": Parameter(value=1)}))
    assert (ended.state, ended.why) == (State.FAILED, "the output 'Output' is not a value of type Integer")


def test_an_engine_that_fails_is_told_apart(work: Callable[..., StepWork]) -> None:
    class Broken(Writer):
        def run(self, run: Run) -> Outcome:
            del run
            raise OutsideError("docker does not answer")

    ended = do(work(Broken({})), call({"x": Parameter(value=1)}, retryPolicy={"maxRetryCount": 5}))
    assert isinstance(ended.error, OutsideError)


class TestCache:
    """With --cache, a step whose code, command and inputs are the same does not run."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return Cache(tmp_path / "cache")

    def twice(self, work: Callable[..., StepWork], cache: Cache, writer: Writer, *calls: StepCall) -> list[State]:
        return [do(work(writer, folder=f"run{n}", cache=cache), each).state for n, each in enumerate(calls)]

    def test_the_same_step_is_taken(self, work: Callable[..., StepWork], cache: Cache) -> None:
        writer = Writer({"Output": "7", "model": "weights"})
        made = call({"x": Parameter(value=1)})
        assert self.twice(work, cache, writer, made, made) == [State.SUCCEEDED, State.CACHED]
        assert len(writer.runs) == 1

    @pytest.mark.parametrize(
        "other",
        [
            call({"x": Parameter(value=2)}),
            call({"x": Parameter(value=1)}, {"args": ["y"]}),
            call({"x": Parameter(value=1)}, {"env": [{"name": "A", "value": "b"}]}),
            call({"x": Parameter(value=1)}, cachingOptions={"enableCache": True, "cacheKey": "k"}),
            call({"x": Parameter(value=1), "d": Artifact(path=Path("d"), schema="system.Dataset", digest="d2")}),
        ],
    )
    def test_another_one_is_not(self, work: Callable[..., StepWork], cache: Cache, other: StepCall) -> None:
        states = self.twice(work, cache, Writer({"Output": "7"}), call({"x": Parameter(value=1)}), other)
        assert states == [State.SUCCEEDED] * 2

    def test_other_code_or_code_that_is_not_known_runs(self, work: Callable[..., StepWork], cache: Cache) -> None:
        writer, made = Writer({"Output": "7"}), call({"x": Parameter(value=1)})
        for code in ("code-1", "code-2", None, None):
            writer.code = code
            do(work(writer, folder=f"run-{len(writer.runs)}", cache=cache), made)
        assert len(writer.runs) == 4

    def test_a_step_that_the_pipeline_does_not_cache_runs(self, work: Callable[..., StepWork], cache: Cache) -> None:
        made = call({"x": Parameter(value=1)}, cachingOptions={})
        assert self.twice(work, cache, Writer({"Output": "7"}), made, made) == [State.SUCCEEDED] * 2

    def test_a_failure_is_not_kept(self, work: Callable[..., StepWork], cache: Cache) -> None:
        made = call({"x": Parameter(value=1)})
        assert self.twice(work, cache, Writer({}, codes=(1,)), made, made) == [State.FAILED, State.SUCCEEDED]


def test_a_resumed_run_takes_what_ended_well_and_is_still_there(work: Callable[..., StepWork], tmp_path: Path) -> None:
    made = call({"x": Parameter(value=1)}, cachingOptions={})
    first = work(Writer({"Output": "7", "model": "weights"}))
    do(first, made)
    first.file.end("failed", {})
    earlier = read_run(tmp_path / "run").steps
    writer = Writer({"Output": "8", "model": "other"})
    ended = do(work(writer, earlier=earlier), made)
    assert (ended.state, ended.outputs["Output"], writer.runs) == (State.CACHED, Parameter(value=7), [])
    # Someone changed it meanwhile.
    (tmp_path / "run" / "steps" / "outer" / "0" / "one" / "outputs" / "model").write_text("changed")
    ended = do(work(writer, earlier=earlier), made)
    assert (ended.state, ended.outputs["Output"]) == (State.SUCCEEDED, Parameter(value=8))
    # Other inputs.
    assert do(work(writer, earlier=earlier), call({"x": Parameter(value=2)})).state is State.SUCCEEDED
    # A step that failed.
    failed = {path: replace(step, state="failed") for path, step in earlier.items()}
    assert do(work(writer, earlier=failed), made).state is State.SUCCEEDED


def test_metadata_alone_has_no_content_of_an_earlier_try(work: Callable[..., StepWork], tmp_path: Path) -> None:
    reported = {"artifacts": {"model": {"artifacts": [{"metadata": {"k": 1}}]}}}
    place = tmp_path / "run" / "steps" / "outer" / "0" / "one" / "outputs" / "model"
    place.mkdir(parents=True)
    (place / "part").write_text("of an earlier try")
    writer = Writer({"Output": "1"}, reported=reported)
    # Nothing is removed before a step whose code is not known exactly.
    writer.code = None
    model = do(work(writer), call({"x": Parameter(value=1)})).outputs["model"]
    assert isinstance(model, Artifact)
    assert model.path.read_bytes() == b""
