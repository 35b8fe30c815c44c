"""Run the cases of a pipeline: they have the form of a component's cases, and the same checks of outputs."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from toolkit.errors import InputError, Location, UsageError
from toolkit.job.context import BuildContext
from toolkit.pipelines.local_run import Finished, LocalRun, check_inputs, run_locally
from toolkit.pipelines.source import PipelineSource
from toolkit.pipelines.step_logs import last_lines
from toolkit.pipelines.values import Artifact, Parameter, Value, command_text, plain_value
from toolkit.pipelines.workers import Worker
from toolkit.runners.case_run import Attempt, CaseOptions, CaseResult, judged
from toolkit.runners.cases import Case, parameter_text
from toolkit.runners.inputs import check_names
from toolkit.words import some_of

_LINES = 1000


class PipelineUnderTest(Struct, frozen=True, kw_only=True):
    """A pipeline that is ready to run: with the worker and the variables of each component.

    `jobs` is the number of steps at once.
    """

    source: PipelineSource
    workers: Mapping[str, Worker]
    context: BuildContext
    jobs: int
    variables: Mapping[str, Mapping[str, str]]

    @property
    def runner(self) -> str:
        """The names of the runners."""
        return ", ".join(sorted({worker.runner.name for worker in self.workers.values()})) or "no runner"


def check_pipeline_case(source: PipelineSource, case: Case) -> None:
    """Raise InputError, with the case's file, for inputs and outputs that the pipeline does not have."""
    try:
        check_inputs(source.pipeline, _texts(case))
        check_names(case.expectations, [port.name for port in source.pipeline.interface.outputs], "output")
    except (InputError, UsageError) as error:
        hint = error.hint if "-i NAME" not in (error.hint or "") else None
        message = error.message.replace("the component", "the pipeline")
        raise InputError(message, where=Location(path=case.path), hint=hint) from None
    if case.env:
        raise InputError(
            "env does not apply to a pipeline, whose steps have variables of their own",
            where=Location(path=case.path),
            hint="leave it out",
        )


def run_pipeline_case(ready: PipelineUnderTest, case: Case, options: CaseOptions) -> CaseResult:
    """Run one case, and compare the pipeline's outputs with what it expects."""
    attempt = partial(_attempt, ready, case)
    return judged(case, attempt, options, component=ready.source.pipeline.name, runner=ready.runner)


def _attempt(ready: PipelineUnderTest, case: Case, folder: Path) -> Attempt:
    """Run the pipeline once, in a folder of its own."""
    source = ready.source
    finished = run_locally(
        source.pipeline,
        source.text,
        _texts(case),
        ready.workers,
        LocalRun(jobs=ready.jobs, out=folder / "runs", variables=ready.variables),
        ready.context,
        listen=lambda *_: None,
        leave=lambda _: None,
    )
    if finished.failed:
        return _failure(finished)
    outputs = folder / "outputs"
    outputs.mkdir()
    paths = {name: _path(outputs / str(number), value) for number, (name, value) in enumerate(finished.outputs.items())}
    return Attempt(paths=paths, output="")


def _failure(finished: Finished) -> Attempt:
    """Return how a run failed: with the exit code of the first step that did, and what all that failed printed."""
    first = finished.failed[0]
    logs = [line for step in finished.failed for line in (*_log(finished, step.log), step.why)]
    names = some_of([f"{step.path}: {step.why}" for step in finished.failed])
    return Attempt(paths={}, output="\n".join(logs), exit_code=first.exit_code or 1, ending=names)


def _log(finished: Finished, log: str) -> list[str]:
    """Return the end of a step's log."""
    return last_lines(finished.folder / log, _LINES) if log else []


def _path(place: Path, value: Value) -> Path:
    """Return the path of an output as a file or folder; a list of artifacts is a folder with each by its number."""
    match value:
        case Artifact():
            return value.path
        case Parameter():
            place.write_text(command_text(value.value), encoding="utf-8", errors="surrogateescape")
        case _ if all(isinstance(item, Parameter) for item in value.items):
            place.write_text(json.dumps(plain_value(value), ensure_ascii=False), encoding="utf-8")
        case _:
            place.mkdir()
            for number, item in enumerate(value.items):
                if isinstance(item, Artifact):
                    (place / str(number)).symlink_to(item.path)
    return place


def _texts(case: Case) -> dict[str, str]:
    """Return the inputs of a case as texts and paths. Null means that an input is left out."""
    texts = {name: parameter_text(value) for name, value in case.values.items() if value is not None}
    return texts | {name: str(path) for name, path in case.artifacts.items()}
