"""Cases of a pipeline: a run in a local folder, and checks of its outputs."""

from pathlib import Path
from typing import Any

import pytest

from tests.pipelines import dag, executed, given, outer, pipeline, ports, task, written
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.pipelines.case_run import PipelineUnderTest, check_pipeline_case, run_pipeline_case
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.lock import PipelineLock
from toolkit.pipelines.source import PipelineSource
from toolkit.pipelines.workers import Worker
from toolkit.runners.case_run import CaseOptions, CaseResult
from toolkit.runners.cases import Case, read_case
from toolkit.runners.protocol import Outcome, Run

TEXT = written(
    pipeline(
        dag({"one": task("one", inputs={"x": outer("n")})}, ports(n="int"), ports(sum="int"), {"sum": given("one")}),
        {"one": executed("one", ports(x="int"), ports(Output="int"))},
    )
)


class Doubling:
    """A runner that doubles its input, and fails for 13."""

    name = "doubling"

    def run(self, run: Run) -> Outcome:
        x = int(run.values["x"])
        path = run.outputs["Output"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(2 * x))
        assert run.log is not None
        run.log.write(b"doubling\n")
        return Outcome(exit_code=4 if x == 13 else 0, paths={"Output": path})


def case(folder: Path, text: str) -> Case:
    path = folder / "cases" / "first" / "case.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return read_case(path)


def source(folder: Path) -> PipelineSource:
    parsed = parse_pipeline(TEXT, Path("p.yaml"))
    return PipelineSource(pipeline=parsed, text=TEXT, locked=PipelineLock(), root=folder)


def run(folder: Path, text: str, **options: Any) -> CaseResult:  # noqa: ANN401 (the fields of CaseOptions)
    workers = {"comp-one": Worker(runner=Doubling(), image="image:1")}
    context = BuildContext(cache=Cache(folder / "cache"), environ={})
    ready = PipelineUnderTest(source=source(folder), workers=workers, context=context, jobs=1, variables={})
    return run_pipeline_case(ready, case(folder, text), CaseOptions(secrets={}, **options))


def test_outputs_are_compared(tmp_path: Path) -> None:
    passed = run(tmp_path, "inputs: {n: 3}\noutputs: {sum: {equals: 6}}\n", repeat=2)
    assert (passed.problems, passed.component, passed.runner) == ((), "example", "doubling")
    (problem,) = run(tmp_path, "inputs: {n: 3}\noutputs: {sum: {equals: 7}}\n").problems
    assert "sum" in problem
    assert "6" in problem


def test_a_failed_step_fails_the_case_with_its_log(tmp_path: Path) -> None:
    failed = run(tmp_path, "inputs: {n: 13}\n")
    assert any("one: " in problem for problem in failed.problems)
    assert "doubling" in failed.output
    assert run(tmp_path, "inputs: {n: 13}\nfails: {exit: 4}\n").problems == ()
    assert run(tmp_path, "inputs: {n: 13}\nfails: {exit: 5}\n").problems
    assert run(tmp_path, "inputs: {n: 3}\nfails: true\n").problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputs: {m: 3}\n", "the pipeline has no input 'm'"),
        ("inputs: {n: null}\n", "missing inputs: n"),
        ("inputs: {n: 3}\noutputs: {total: {equals: 3}}\n", "the pipeline has no output 'total'"),
        ("inputs: {n: 3}\nenv: {A: b}\n", "env does not apply to a pipeline"),
    ],
)
def test_what_the_pipeline_does_not_have_is_refused_with_the_case(tmp_path: Path, text: str, message: str) -> None:
    made = case(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        check_pipeline_case(source(tmp_path), made)
    assert caught.value.where is not None
    assert caught.value.where.path == made.path
    assert "-i NAME" not in (caught.value.hint or "")
    check_pipeline_case(source(tmp_path), case(tmp_path, "inputs: {n: 3}\noutputs: {sum: {equals: 6}}\n"))
