"""Run a whole pipeline on this machine, in a folder of its own with a record, logs and outputs of every step."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.errors import CompError, InputError, OutsideError, UsageError
from toolkit.forms.ir_values import artifact_type
from toolkit.job.context import BuildContext
from toolkit.pipelines.content import content_digest, entries_of
from toolkit.pipelines.graph import TASK_CONFIG, Component, Dag, Importer, Pipeline, Step, walk
from toolkit.pipelines.run_record import IR, Origin, RunFile, RunRecord, StepRecord, read_run
from toolkit.pipelines.scheduling import Ended, Rules, State, run_graph
from toolkit.pipelines.step_work import StepWork
from toolkit.pipelines.values import Artifact, Gathered, Parameter, Value, parse_value
from toolkit.pipelines.workers import Worker
from toolkit.runners.inputs import check_names, divide_inputs
from toolkit.spec.model import ComponentSpec
from toolkit.system.atomic import write_text
from toolkit.system.paths import plain_part
from toolkit.system.signals import undone


class LocalRun(Struct, frozen=True, kw_only=True):
    """How to run: `jobs` steps at once; nothing more after a failure with `fail_fast`.

    With `cache` steps are taken from the cache of `context` and kept there. `resumes` is the folder of an earlier run
    to go on with, or None for a new folder in `out`. `variables` are those of components from secrets, by their keys.
    """

    jobs: int
    out: Path = Path("runs")
    fail_fast: bool = False
    cache: bool = False
    resumes: Path | None = None
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    origin: Origin = field(default_factory=Origin)


class Finished(Struct, frozen=True, kw_only=True):
    """A run that ended: its folder, its state, its steps by path, and the outputs of the pipeline."""

    folder: Path
    state: State
    steps: Mapping[str, StepRecord]
    outputs: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    error: CompError | None = None

    @property
    def failed(self) -> list[StepRecord]:
        """The components and importers that failed."""
        return [step for step in self.steps.values() if step.state == State.FAILED and step.kind != "dag"]


# Called with a step when it begins and when it ends; the last is how many steps have ended.
Listener = Callable[[StepRecord, int], None]


def check_inputs(pipeline: Pipeline, texts: Mapping[str, str]) -> None:
    """Raise UsageError or InputError for inputs that a run would refuse, before anything is built."""
    divided(pipeline, texts)
    for _, step in walk(pipeline.root):
        if isinstance(step.work, Importer) and step.work.to_workspace:
            raise InputError(
                f"the importer {step.name!r} copies to a workspace, a volume that only a cluster has",
                where=step.where,
                hint="import without download_to_workspace, or run it on a server",
            )
        if isinstance(step.work, Component):
            for port in step.interface.inputs:
                if port.type == TASK_CONFIG and not port.optional:
                    raise InputError(
                        f"the step {step.name!r} takes a TaskConfig, which only a cluster has", where=step.where
                    )


def run_locally(
    pipeline: Pipeline,
    text: str,
    texts: Mapping[str, str],
    workers: Mapping[str, Worker],
    how: LocalRun,
    context: BuildContext,
    *,
    listen: Listener,
    leave: Callable[[Path], None],
) -> Finished:
    """Run a pipeline to its end. `text` is its IR, `texts` are its inputs as texts and paths.

    `listen` hears of every step, `leave` of the run's folder if a signal ends the process. Raises UsageError and
    InputError for inputs that do not fit; a step that fails is no error.
    """
    earlier = _steps_of(how.resumes, pipeline) if how.resumes else {}
    inputs = dict(_values(pipeline, texts))
    folder = how.resumes or new_folder(how.out, pipeline.name)
    with alone(folder):
        write_text(folder / IR, text)
        artifacts = {name: str(path.absolute()) for name, path in divided(pipeline, texts)[1].items()}
        facts = {
            "pipeline": pipeline.name,
            "runner": ", ".join(sorted({worker.runner.name for worker in workers.values()})),
            **how.origin.facts(),
            "inputs": {**texts, **artifacts},
        }
        file = RunFile(folder.resolve(), facts)
        job, cache = _job(pipeline, folder), context.cache if how.cache else None
        work = StepWork(
            file=file,
            workers=workers,
            job=job,
            variables=how.variables,
            cache=cache,
            earlier=earlier,
            here=how.origin.folder or Path.cwd(),
        )
        rules = Rules(jobs=how.jobs, fail_fast=how.fail_fast, job=job)

        def interrupted() -> None:
            """Keep the record whole when a signal ends the process."""
            if file.interrupt():
                leave(folder)

        with undone(interrupted):
            file.write()
            ended = run_graph(pipeline.root, inputs, rules, work=work, watch=_Watcher(file, listen))
            file.end(ended.state.value, ended.outputs)
    return Finished(folder=folder, state=ended.state, steps=file.steps, outputs=ended.outputs, error=ended.error)


def _steps_of(folder: Path, pipeline: Pipeline) -> Mapping[str, StepRecord]:
    """Return the steps of an earlier run. Raises UsageError for a run of another pipeline."""
    run = read_run(folder)
    if run.pipeline != pipeline.name:
        raise UsageError(
            f"{folder} is a run of {run.pipeline}, not of {pipeline.name}", hint="name a run of this pipeline"
        )
    return run.steps


class _Watcher:
    """Notes in the record what happens to steps, and passes it on."""

    def __init__(self, file: RunFile, listen: Listener) -> None:
        self._file = file
        self._listen = listen
        self._ended = 0

    def __call__(self, path: tuple[str, ...], step: Step, ended: Ended | None) -> None:
        """Note that a step begins, or how it ended."""
        facts: dict[str, Any] = {"title": step.title, "component": step.component, "kind": _kind(step)}
        if ended is None:
            facts |= {"state": State.RUNNING.value}
            # A component waits for its turn, and says itself when it begins.
            if facts["kind"] == "dag":
                facts["started"] = time.time()
        else:
            self._ended += 1
            facts |= {"state": ended.state.value, "ended": time.time(), "why": ended.why}
        self._listen(self._file.step(path, **facts), self._ended)


def divided(pipeline: Pipeline, texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Path]]:
    """Return the values and the artifacts among a pipeline's inputs."""
    names = [port.name for port in pipeline.interface.inputs]
    try:
        check_names(texts, names, "input")
    except UsageError as error:
        raise UsageError(error.message.replace("the component", "the pipeline"), hint=error.hint) from None
    spec = ComponentSpec(name=pipeline.name, description="", interface=pipeline.interface, implementation=None)
    return divide_inputs(spec, texts)


def _values(pipeline: Pipeline, texts: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    """Yield the value of each input of a pipeline."""
    values, artifacts = divided(pipeline, texts)
    for port in pipeline.interface.inputs:
        if port.name in values:
            yield port.name, Parameter(value=parse_value(values[port.name], port.type))
        elif port.name in artifacts:
            path, schema = artifacts[port.name].absolute(), artifact_type(port)["schemaTitle"]
            # A list is the folder of its artifacts, in order of their names.
            several = sorted(path.iterdir()) if port.many and path.is_dir() else [path]
            items = tuple(
                Artifact(path=each, schema=schema, digest=content_digest(entries_of(each)))
                for each in several
                if not (port.many and each.name.startswith("."))
            )
            yield port.name, Gathered(items=items) if port.many else items[0]


def _job(pipeline: Pipeline, folder: Path) -> dict[str, str]:
    """Return the facts of a run that placeholders stand for (kfp 2.17, `kfp/dsl/__init__.py`)."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "pipeline_job_name": folder.name,
        "pipeline_job_resource_name": folder.name,
        "pipeline_job_uuid": folder.name,
        "pipeline_job_create_time_utc": now,
        "pipeline_job_schedule_time_utc": now,
        "pipeline_root": str(folder.resolve()),
        "pipeline_name": pipeline.name,
    }


def _kind(step: Step) -> str:
    """Return the kind of a step's work."""
    if isinstance(step.work, Dag):
        return "dag"
    return "importer" if isinstance(step.work, Importer) else "component"


def new_folder(out: Path, name: str) -> Path:
    """Make the folder of a new run."""
    stem = f"{plain_part(name)}-{time.strftime('%Y%m%d-%H%M%S')}"
    number = 1
    while True:
        folder = out / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise OutsideError(
                f"cannot make the folder {folder}: {error.strerror}", hint="name another place: -o FOLDER"
            ) from error
        else:
            return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a lock on a run's folder. Raises OutsideError if another process works in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutsideError(f"another process works in {folder}", hint="wait for its end") from None
        yield
    finally:
        os.close(descriptor)


def inputs_of(run: RunRecord, anew: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs for going on with a run, as texts and paths: those that are given `anew`, and its own.

    Raises UsageError for an input whose value the record hides, unless it is given anew.
    """
    if missing := [name for name in run.hidden if name not in anew]:
        raise UsageError(
            f"the record of {run.folder} hides the value of {', '.join(missing)}, which looks like a secret",
            hint=" ".join(f"-i {name}=…" for name in missing),
        )
    texts = {name: text if isinstance(text, str) else json.dumps(text) for name, text in run.inputs.items()}
    return {**texts, **anew}
