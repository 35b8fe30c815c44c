"""A whole pipeline in a local run: its folder, its record, and what is refused before it begins."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pipelines import Json, dag, executed, given, outer, pipeline, ports, result, task, written
from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.job.context import BuildContext
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.local_run import Finished, LocalRun, alone, check_inputs, inputs_of, new_folder, run_locally
from toolkit.pipelines.run_record import Origin, StepRecord, read_run
from toolkit.pipelines.scheduling import State
from toolkit.pipelines.values import Parameter
from toolkit.pipelines.workers import Worker
from toolkit.runners.protocol import Outcome, Run


class Doubling:
    """A runner that doubles its input `x`, and fails for 13."""

    name = "doubling"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def identity(self, image: str) -> str:
        return image

    def run(self, run: Run) -> Outcome:
        x = run.values["x"]
        self.seen.append(x)
        path = run.outputs["Output"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(2 * int(x)))
        return Outcome(exit_code=4 if x == "13" else 0, paths={"Output": path})


class Echoing(Doubling):
    """A runner that gives its input `x` back."""

    def run(self, run: Run) -> Outcome:
        self.seen.append(run.values["x"])
        path = run.outputs["Output"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(run.values["x"])
        return Outcome(exit_code=0, paths={"Output": path})


TEXT = written(
    pipeline(
        dag(
            {
                "one": task("one", inputs={"x": outer("n")}),
                "two": task("one", inputs={"x": result("one")}),
            },
            ports(n="int"),
            ports(sum="int"),
            {"sum": given("two")},
        ),
        {"one": executed("one", ports(x="int"), ports(Output="int"))},
    )
)


class Runs:
    """Runs the pipeline in a folder, and notes what is heard."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "runs"
        self.cache = Cache(folder / "cache")
        self.runner = Doubling()
        self.heard: list[tuple[str, str, int]] = []

    def run(
        self, texts: Mapping[str, str], *, resumes: Path | None = None, text: str = TEXT, origin: Origin | None = None
    ) -> Finished:
        return run_locally(
            parse_pipeline(text, Path("p.yaml")),
            text,
            texts,
            {"comp-one": Worker(runner=self.runner, image="image:1")},
            LocalRun(jobs=1, out=self.out, resumes=resumes, origin=origin or Origin()),
            BuildContext(cache=self.cache, environ={}),
            listen=self.hear,
            leave=lambda _: None,
        )

    def hear(self, step: StepRecord, ended: int) -> None:
        self.heard.append((step.path, step.state, ended))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_a_run_has_a_folder_with_its_record(runs: Runs) -> None:
    finished = runs.run({"n": "3"})
    assert (finished.state, finished.outputs, finished.failed) == (State.SUCCEEDED, {"sum": Parameter(value=12)}, [])
    assert finished.folder.parent == runs.out
    assert (finished.folder / "pipeline.yaml").read_text() == TEXT
    record = read_run(finished.folder)
    assert (record.state, record.runner, inputs_of(record, {})) == ("succeeded", "doubling", {"n": "3"})
    assert record.outputs == {"sum": {"value": 12}}
    assert {path: step.state for path, step in record.steps.items()} == {"one": "succeeded", "two": "succeeded"}
    assert runs.heard[-1] == ("two", "succeeded", 2)


def test_a_step_that_fails_is_no_error(runs: Runs) -> None:
    finished = runs.run({"n": "13"})
    assert finished.state is State.FAILED
    assert [(step.path, step.exit_code) for step in finished.failed] == [("one", 4)]
    assert read_run(finished.folder).steps["two"].state == "skipped"


def test_a_resumed_run_stays_in_its_folder_and_does_what_is_left(runs: Runs) -> None:
    first = runs.run({"n": "3"})
    again = runs.run({"n": "3"}, resumes=first.folder)
    assert (again.folder, again.outputs, runs.runner.seen) == (first.folder, first.outputs, ["3", "6"])
    other = TEXT.replace("name: example", "name: other")
    with pytest.raises(UsageError, match="is a run of example, not of other"):
        runs.run({"n": "3"}, resumes=first.folder, text=other)


def test_a_resumed_run_takes_no_hidden_value_for_the_value(tmp_path: Path) -> None:
    """The record hides an output and an input that look like secrets; later steps need them as they were."""
    token = "ghp_" + "a1B2" * 10
    text = written(
        pipeline(
            dag({"one": task("one", inputs={"x": outer("n")})}, ports(n="str"), ports(o="str"), {"o": given("one")}),
            {"one": executed("one", ports(x="str"), ports(Output="str"))},
        )
    )
    runs = Runs(tmp_path)
    runs.runner = Echoing()
    first = runs.run({"n": token}, text=text)
    assert token not in (first.folder / "run.json").read_text()
    record = read_run(first.folder)
    with pytest.raises(UsageError, match="hides the value of n"):
        inputs_of(record, {})
    texts = inputs_of(record, {"n": token})
    assert runs.run(texts, resumes=first.folder, text=text).outputs == {"o": Parameter(value=token)}
    assert runs.runner.seen == [token, token]


def test_an_importer_finds_its_file_when_the_run_goes_on_elsewhere(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer = {"artifactUri": {"runtimeParameter": "uri"}, "typeSchema": {"schemaTitle": "system.Dataset"}}
    load = executed("load", ports(uri="str"), ports(artifact="Dataset"))
    root = dag({"load": task("load", inputs={"uri": outer("uri")})}, ports(uri="str"))
    text = written(pipeline(root, {"load": load}, {"load": {"importer": importer}}))
    (tmp_path / "data.csv").write_text("1")
    (tmp_path / "elsewhere").mkdir()
    first = runs.run({"uri": "data.csv"}, text=text, origin=Origin(folder=tmp_path))
    assert first.state is State.SUCCEEDED
    monkeypatch.chdir(tmp_path / "elsewhere")
    origin = read_run(first.folder).origin
    assert runs.run({"uri": "data.csv"}, text=text, resumes=first.folder, origin=origin).state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("texts", "message"),
    [({}, "missing inputs: n"), ({"n": "1", "m": "2"}, "the pipeline has no input 'm'"), ({"n": "x"}, "n")],
)
def test_inputs_are_refused_before_a_folder_is_made(runs: Runs, texts: dict[str, str], message: str) -> None:
    with pytest.raises((UsageError, InputError), match=message):
        runs.run(texts)
    assert not runs.out.exists()


def test_what_only_a_cluster_has_is_refused() -> None:
    importer: Json = {"importer": {"artifactUri": {"constant": "/x"}, "downloadToWorkspace": True}}
    parts = {"get": executed("get", None, ports(artifact="Model"))}
    text = written(pipeline(dag({"get": task("get")}), parts, {"get": importer}))
    with pytest.raises(InputError, match="the importer 'get' copies to a workspace"):
        check_inputs(parse_pipeline(text, Path("p.yaml")), {})
    check_inputs(parse_pipeline(TEXT, Path("p.yaml")), {"n": "1"})


def test_two_runs_at_once_have_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "now")
    names = [new_folder(tmp_path / "a", "p/q").name for _ in range(3)]
    assert names[1:] == [f"{names[0]}-2", f"{names[0]}-3"]
    assert {path.name for path in (tmp_path / "a").iterdir()} == {*names}
    (tmp_path / "file").touch()
    with pytest.raises(OutsideError, match="cannot make the folder"):
        new_folder(tmp_path / "file", "p")


def test_one_process_works_in_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(OutsideError, match="another process works in"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
