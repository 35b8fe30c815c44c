"""Do one step of a local run: prepare its inputs, take its outputs from the cache or run it, and read what it wrote."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.digest import Digest, canonical_json
from toolkit.errors import CompError, InputError, OutsideError
from toolkit.forms.ir_values import artifact_type
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.limits import OUTPUT_VALUE_SIZE
from toolkit.pipelines.content import content_digest, entries_of, remove
from toolkit.pipelines.declarations import with_limits
from toolkit.pipelines.graph import Component, Importer
from toolkit.pipelines.importing import import_artifact
from toolkit.pipelines.run_record import RunFile, StepRecord, described, value_of
from toolkit.pipelines.scheduling import Ended, State, StepCall
from toolkit.pipelines.step_cache import recall_step, remember_step
from toolkit.pipelines.step_logs import hide_secrets
from toolkit.pipelines.values import (
    Artifact,
    Parameter,
    Value,
    artifacts_of,
    command_text,
    filled,
    parse_value,
    plain_value,
)
from toolkit.pipelines.workers import Worker
from toolkit.redaction import looks_secret
from toolkit.runners.ending import ending
from toolkit.runners.protocol import ArtifactItem, Call, Identifying, Outcome, Run
from toolkit.spec.model import Argument, ComponentSpec, ConcatPlaceholder, Container, IfPlaceholder
from toolkit.system.os_errors import cannot
from toolkit.system.paths import plain_part, plain_parts
from toolkit.system.reading import read_foreign
from toolkit.system.signals import is_leaving, undone

log = logging.getLogger(__name__)

LOG = "log.txt"


class StepWork(Struct, frozen=True, kw_only=True):
    """Does steps of one run, from several threads.

    `variables` are those of each component from secrets, by its key in the document. `cache` is None if nothing is
    taken from it. `earlier` are the steps of a run that is resumed, whose folder is the same. `here` is the folder in
    which relative URIs of importers begin.
    """

    file: RunFile
    workers: Mapping[str, Worker]
    job: Mapping[str, str]
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    cache: Cache | None = None
    earlier: Mapping[str, StepRecord] = field(default_factory=lambda: MappingProxyType({}))
    here: Path = field(default_factory=Path.cwd)

    def __call__(self, call: StepCall) -> Ended:
        """Do one step, and return how it ended."""
        self.file.step(call.path, started=time.time())
        try:
            if isinstance(call.step.work, Importer):
                return self._imported(call, call.step.work)
            return self._done(call)
        except CompError as error:
            return Ended(state=State.FAILED, why=error.message, error=error)
        except OSError as error:
            failure = cannot(f"cannot keep what {'/'.join(call.path)} wrote", error)
            return Ended(state=State.FAILED, why=failure.message, error=failure)

    def folder(self, path: tuple[str, ...]) -> Path:
        """Return the folder of a step in that of the run."""
        return self.file.folder.joinpath("steps", *(plain_part(name) for name in path))

    def _imported(self, call: StepCall, importer: Importer) -> Ended:
        """Return the artifact of an importer."""
        port = call.step.interface.outputs[0]
        artifact = import_artifact(importer, port, call.inputs, self.job, here=self.here)
        outputs = {port.name: artifact}
        self.file.step(call.path, outputs=self._described(outputs))
        return Ended(state=State.SUCCEEDED, outputs=outputs)

    def _done(self, call: StepCall) -> Ended:
        """Do the work of a component, unless it is known already."""
        worker = self.workers[call.step.component]
        component = call.step.work
        if not isinstance(component, Component):
            raise TypeError(component)
        spec = with_limits(self._filled(component.spec, call), component.resources)
        folder = self.folder(call.path)
        places = _places(spec, folder / "outputs")
        key = self._key(worker, spec, call)
        self.file.step(call.path, image=worker.image or spec.container.image, key=key or "")
        if (known := self._known(call, key, places)) is not None:
            self.file.step(call.path, outputs=self._described(known[0]))
            return Ended(state=State.CACHED, outputs=known[0], why=known[1])
        ended = self._tried(call, worker, spec, places)
        self.file.step(call.path, outputs=self._described(ended.outputs))
        if ended.state is State.SUCCEEDED and self.cache is not None and key and call.step.cached:
            remember_step(self.cache, key, ended.outputs)
        return ended

    def _known(
        self, call: StepCall, key: str | None, places: Mapping[str, Path]
    ) -> tuple[Mapping[str, Value], str] | None:
        """Return the outputs of a step that need not run, and where they come from; None if it has to run."""
        if key is None:
            return None
        before = self.earlier.get("/".join(call.path))
        if before is not None and before.key == key and before.state in {"succeeded", "cached"}:
            values = {name: value_of(each, self.file.folder) for name, each in before.outputs.items()}
            whole = {name: value for name, value in values.items() if value is not None and _is_there(value)}
            if whole.keys() == values.keys():
                return whole, "as it ended before"
        for place in places.values():
            remove(place)
        if self.cache is None or not call.step.cached:
            return None
        cached = recall_step(self.cache, key, places)
        return None if cached is None else (cached, "from the cache")

    def _tried(self, call: StepCall, worker: Worker, spec: ComponentSpec, places: Mapping[str, Path]) -> Ended:
        """Run a step, again after failures as its retries allow."""
        retry = call.step.retry
        wait = retry.wait if retry else 0.0
        path = self.folder(call.path) / LOG
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._logged(call, path) as stream:
            for attempt in range(1 + (retry.times if retry else 0)):
                if attempt:
                    stream.write(f"comp: trying again, {attempt} of {retry.times if retry else 0}\n".encode())
                    # Nothing wakes it: a signal ends the whole process.
                    threading.Event().wait(wait)
                    wait = min(wait * (retry.factor if retry else 1.0), retry.longest if retry else 0.0)
                self.file.step(call.path, attempts=attempt + 1, log=str(path.relative_to(self.file.folder)))
                ended = self._once(call, worker, spec, places, stream)
                if ended.state is State.SUCCEEDED:
                    break
        return ended

    @contextmanager
    def _logged(self, call: StepCall, path: Path) -> Iterator[IO[bytes]]:
        """Open a step's log, and take secrets out of it at the end, also after a signal."""
        secrets = [value for value in self.variables.get(call.step.component, {}).values() if looks_secret(value)]
        with undone(partial(hide_secrets, path, secrets)), path.open("wb", buffering=0) as stream:
            yield stream

    def _once(
        self, call: StepCall, worker: Worker, spec: ComponentSpec, places: Mapping[str, Path], stream: IO[bytes]
    ) -> Ended:
        """Run a step once."""
        try:
            outcome = worker.runner.run(
                replace(_run(call, worker, spec, places, stream), variables=self.variables.get(call.step.component, {}))
            )
            if is_leaving():
                # A signal ended it: that is no failure of the step, and the process is about to end.
                threading.Event().wait()
            self.file.step(call.path, exit_code=outcome.exit_code)
            if outcome.exit_code:
                return Ended(state=State.FAILED, why=ending(outcome.exit_code, outcome.reason))
            return Ended(state=State.SUCCEEDED, outputs=dict(report_outputs(spec, outcome, places)))
        except OutsideError:
            raise
        except CompError as error:
            # Also a value that it wrote and that is not one of its type: trying again may help.
            stream.write(f"comp: {error.message}\n".encode(errors="replace"))
            return Ended(state=State.FAILED, why=error.message, error=error)

    def _filled(self, spec: ComponentSpec, call: StepCall) -> ComponentSpec:
        """Return a component whose texts have the facts of the run, and whose interface has every given input."""
        job = {**self.job, "pipeline_task_name": call.step.name, "pipeline_task_uuid": "-".join(call.path)}
        container = spec.container
        extra = [
            Input(name=name, type="String", kind=Kind.PARAMETER, optional=True)
            for name in call.inputs
            if name not in {port.name for port in spec.interface.inputs}
        ]
        return replace(
            spec,
            interface=Interface(inputs=(*spec.interface.inputs, *extra), outputs=spec.interface.outputs),
            implementation=Container(
                image=container.image,
                command=tuple(_argument(each, job) for each in container.command),
                args=tuple(_argument(each, job) for each in container.args),
                env={name: filled(text, call.inputs, job) for name, text in container.env.items()},
            ),
        )

    def _key(self, worker: Worker, spec: ComponentSpec, call: StepCall) -> str | None:
        """Return the digest of all that decides the outputs of a step; None if its code is not known exactly."""
        identity = None
        if isinstance(worker.runner, Identifying):
            identity = worker.runner.identity(worker.image)
        if identity is None:
            return None
        container = spec.container
        decided = {
            "code": [worker.runner.name, identity],
            "command": [repr(argument) for argument in (*container.command, *container.args)],
            "env": dict(container.env),
            "inputs": {name: _identified(value) for name, value in call.inputs.items()},
            "outputs": [[port.name, port.type] for port in spec.interface.outputs],
            "own": call.step.cache_key,
        }
        return str(Digest.of(canonical_json(decided, ascii_only=True)))

    def _described(self, outputs: Mapping[str, Value]) -> dict[str, Any]:
        """Return outputs as `run.json` has them."""
        return {name: described(value, self.file.folder) for name, value in outputs.items()}


def _places(spec: ComponentSpec, folder: Path) -> dict[str, Path]:
    """Return the path of each output."""
    parts = plain_parts([port.name for port in spec.interface.outputs], beside=(".metadata.json",))
    return {name: folder / part for name, part in parts.items()}


def _run(call: StepCall, worker: Worker, spec: ComponentSpec, places: Mapping[str, Path], stream: IO[bytes]) -> Run:
    """Return a step as a runner takes it."""
    kinds = {port.name: port for port in spec.interface.inputs}
    parameters: dict[str, Any] = {}
    items: dict[str, tuple[ArtifactItem, ...]] = {}
    paths: dict[str, Path] = {}
    for name, value in call.inputs.items():
        if kinds[name].kind is Kind.PARAMETER:
            parameters[name] = plain_value(value)
            continue
        artifacts = artifacts_of(value)
        names = [f"{name}/{number}" if kinds[name].many else name for number in range(len(artifacts))]
        paths |= {key: artifact.path for key, artifact in zip(names, artifacts, strict=True)}
        items[name] = tuple(
            ArtifactItem(name=key, schema=artifact.schema, metadata=artifact.metadata)
            for key, artifact in zip(names, artifacts, strict=True)
        )
    made = {
        port.name: artifact_type(port)["schemaTitle"] for port in spec.interface.outputs if port.kind is Kind.ARTIFACT
    }
    texts = {name: command_text(value) for name, value in parameters.items()}
    # On KFP's server a default of the component is there after the driver, for the program alone.
    for port in spec.interface.inputs:
        if port.name not in parameters and port.default is not None and port.kind is Kind.PARAMETER:
            parameters[port.name] = parse_value(port.default, port.type)
            texts[port.name] = port.default
    return Run(
        spec=spec,
        image=worker.image,
        values=texts,
        artifacts=paths,
        outputs=places,
        call=Call(parameters=parameters, artifacts=items, outputs=made),
        log=stream,
    )


def report_outputs(spec: ComponentSpec, outcome: Outcome, places: Mapping[str, Path]) -> Iterator[tuple[str, Value]]:
    """Yield the outputs that a step wrote. Raises InputError for a value that is not one of its type."""
    reported = outcome.reported.get("parameterValues")
    values: Mapping[str, Any] = reported if isinstance(reported, dict) else {}
    for port in spec.interface.outputs:
        if port.kind is Kind.ARTIFACT:
            if (artifact := _artifact(port, outcome, places[port.name])) is not None:
                yield port.name, artifact
        elif port.name in values:
            yield port.name, Parameter(value=values[port.name])
        elif port.name in outcome.paths:
            yield port.name, Parameter(value=_read(port, outcome.paths[port.name]))


def _artifact(port: Output, outcome: Outcome, place: Path) -> Artifact | None:
    """Return an output artifact; None if it was not written."""
    metadata = _metadata(port.name, outcome.reported)
    if port.name not in outcome.paths:
        if not metadata:
            return None
        # A program of KFP's own writes metrics as metadata alone. What an earlier try wrote is not its content.
        remove(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    schema = artifact_type(port)["schemaTitle"]
    return Artifact(path=place, schema=schema, digest=content_digest(entries_of(place)), metadata=metadata)


def _metadata(name: str, reported: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata of an output that a program reported."""
    part: Any = reported
    for key in ("artifacts", name, "artifacts", 0, "metadata"):
        if isinstance(part, dict):
            part = part.get(key)
        elif isinstance(part, list) and key == 0 and part:
            part = part[0]
        else:
            return {}
    return part if isinstance(part, dict) else {}


def _read(port: Output, path: Path) -> Any:  # noqa: ANN401 (a JSON value)
    """Read an output parameter. Raises InputError if it is not one of its type."""
    try:
        text = read_foreign(path, OUTPUT_VALUE_SIZE).decode()
        return parse_value(text, port.type)
    except (ValueError, RecursionError):
        raise InputError(
            f"the output {port.name!r} is not a value of type {port.type}", hint="its log may say more"
        ) from None
    except InputError as error:
        raise InputError(f"the output {port.name!r}: {error.message}", hint=error.hint) from None


def _argument(argument: Argument, job: Mapping[str, str]) -> Argument:
    """Return an argument whose own texts have the facts of the run."""
    match argument:
        case str():
            return str(filled(argument, {}, job))
        case ConcatPlaceholder():
            return replace(argument, items=tuple(_argument(item, job) for item in argument.items))
        case IfPlaceholder():
            return replace(
                argument,
                then=tuple(_argument(item, job) for item in argument.then),
                otherwise=tuple(_argument(item, job) for item in argument.otherwise),
            )
        case _:
            return argument


def _identified(value: Value) -> Any:  # noqa: ANN401 (JSON data)
    """Return what tells one input from another: a value itself, an artifact's digest and metadata."""
    match value:
        case Parameter():
            return ["value", value.value]
        case Artifact():
            return ["artifact", value.digest, value.schema, dict(value.metadata)]
        case _:
            return ["list", [_identified(item) for item in value.items]]


def _is_there(value: Value) -> bool:
    """Whether an output of an earlier run is still what it was."""
    if not isinstance(value, Artifact):
        return True
    try:
        return content_digest(entries_of(value.path)) == value.digest
    except (CompError, OSError):
        return False
