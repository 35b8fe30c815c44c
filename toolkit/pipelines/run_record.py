"""`run.json`: the state of a local run and of each of its steps, rewritten while it runs."""

import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.errors import InputError, Location
from toolkit.limits import RECORD_SIZE
from toolkit.pipelines.values import Artifact, Gathered, Parameter, Value
from toolkit.redaction import clean
from toolkit.system.atomic import write_bytes
from toolkit.system.reading import read_foreign

VERSION = 1
NAME = "run.json"
# The IR that ran lies beside it.
IR = "pipeline.yaml"
# Seconds between two versions of the file while steps end.
_EVERY = 0.5
# The fields of a step that are texts.
_TEXTS = ("path", "title", "component", "kind", "state", "why", "image", "key", "log")
_STATES = {"running", "succeeded", "cached", "skipped", "failed", "interrupted"}
# After writing, the pause is at least so many times as long.
_SHARE = 20


class StepRecord(Struct, kw_only=True):
    """One step or iteration; `path` has the names of the steps around it. Times are seconds since 1970.

    `key` names all that decided its outputs; it is empty in the file if that hides a part of them. `log` is relative to
    the run's folder.
    """

    path: str
    title: str
    component: str
    kind: str
    state: str
    started: float | None = None
    ended: float | None = None
    why: str = ""
    exit_code: int | None = None
    attempts: int = 0
    image: str = ""
    key: str = ""
    log: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)


class Origin(Struct, frozen=True, kw_only=True):
    """How the user began a run, so that it can go on in the same way: paths are absolute.

    `file` is None if the run does not say, `function` is the pipeline in a Python file, `components` are folders by
    the names that the user gave. `folder` is the one in which relative URIs of importers begin, None for the current
    one.
    """

    file: Path | None = None
    folder: Path | None = None
    function: str | None = None
    components: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))

    def facts(self) -> dict[str, Any]:
        """Return it as `run.json` has it."""
        folders = {name: str(folder) for name, folder in self.components.items()}
        paths = {"file": self.file and str(self.file), "folder": self.folder and str(self.folder)}
        return {**paths, "function": self.function, "components": folders}


def _origin(document: Mapping[str, Any]) -> Origin:
    """Return how the run of a document began."""
    return Origin(
        file=Path(document["file"]) if document.get("file") else None,
        folder=Path(document["folder"]) if document.get("folder") else None,
        function=document.get("function"),
        components={name: Path(folder) for name, folder in document.get("components", {}).items()},
    )


class RunRecord(Struct, frozen=True, kw_only=True):
    """A run as `run.json` has it. `hidden` names the inputs whose values it does not show."""

    folder: Path
    pipeline: str
    state: str
    inputs: Mapping[str, Any]
    steps: Mapping[str, StepRecord]
    outputs: Mapping[str, Any]
    started: float
    ended: float | None = None
    runner: str = ""
    origin: Origin = field(default_factory=Origin)
    hidden: tuple[str, ...] = ()


class RunFile:
    """Writes `run.json`. Safe to use from the threads of steps."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self.folder = folder
        self._facts = {"version": VERSION, **facts, "state": "running", "started": time.time(), "ended": None}
        self._steps: dict[str, StepRecord] = {}
        self._outputs: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._next = 0.0

    def step(self, path: tuple[str, ...], **facts: Any) -> StepRecord:  # noqa: ANN401 (the fields of a record)
        """Set facts of a step, and return its record, which is made at the first call."""
        name = "/".join(path)
        with self._lock:
            record = self._steps.get(name)
            if record is None:
                record = StepRecord(path=name, **facts)
                self._steps[name] = record
            for key, value in facts.items():
                setattr(record, key, value)
        if time.monotonic() > self._next:
            self.write()
        return record

    def end(self, state: str, outputs: Mapping[str, Value]) -> None:
        """Set how the run ended."""
        self._facts |= {"state": state, "ended": time.time()}
        self._outputs = {name: described(value, self.folder) for name, value in outputs.items()}
        self.write()

    def interrupt(self) -> bool:
        """Note that the process leaves before the end of the run. Return False if the run has ended."""
        if self._facts["state"] != "running":
            return False
        self._facts |= {"state": "interrupted", "ended": time.time()}
        # A process that leaves makes no more temporary files that it would have to remove.
        new = self.folder / f".{NAME}.new"
        new.write_bytes(self._document())
        new.replace(self.folder / NAME)
        return True

    def write(self) -> None:
        """Write the file."""
        # Not the other lock: a thread that is stopped while the process leaves would keep it.
        with self._writing:
            begun = time.monotonic()
            write_bytes(self.folder / NAME, self._document())
            # The record of thousands of steps takes long, and must not slow them down.
            took = time.monotonic() - begun
            self._next = time.monotonic() + max(_EVERY, _SHARE * took)

    def _document(self) -> bytes:
        """Return the file's content."""
        with self._lock:
            steps = [{key: getattr(each, key) for key in StepRecord.__struct_fields__} for each in self._steps.values()]
            document = _dated({**self._facts, "outputs": self._outputs, "steps": [_cleaned(step) for step in steps]})
            inputs = self._facts.get("inputs", {})
            document["hidden"] = [name for name, text in inputs.items() if clean(text) != text]
            return json.dumps(clean(document), indent=2, ensure_ascii=False).encode(errors="replace") + b"\n"

    @property
    def steps(self) -> Mapping[str, StepRecord]:
        """The steps so far, by their path."""
        return self._steps


def described(value: Value, folder: Path) -> Any:  # noqa: ANN401 (a JSON value)
    """Return a value as `run.json` has it: a parameter's value, or where an artifact lies."""
    match value:
        case Parameter():
            return {"value": value.value}
        case Gathered():
            return {"items": [described(item, folder) for item in value.items]}
        case Artifact():
            inside = value.path.is_relative_to(folder)
            return {
                "path": str(value.path.relative_to(folder) if inside else value.path),
                "type": value.schema,
                "digest": value.digest,
                "metadata": dict(value.metadata),
            }


def value_of(described_: Mapping[str, Any], folder: Path) -> Parameter | Artifact | None:
    """Return a component's output of `run.json` as a value; None if it does not have the form of one."""
    match described_:
        case {"value": value}:
            return Parameter(value=value)
        case {"path": str(path), "type": str(schema), "digest": str(digest), "metadata": dict(metadata)}:
            return Artifact(path=folder / path, schema=schema, digest=digest, metadata=metadata)
    return None


def read_run(folder: Path) -> RunRecord:
    """Read the record of a run. Raises InputError if the file is missing or has another form."""
    path = folder / NAME
    try:
        document = json.loads(read_foreign(path, RECORD_SIZE))
        if document["version"] != VERSION:
            raise InputError(f"its version is {document['version']!r}", where=Location(path=path), hint="update comp")
        names = set(StepRecord.__struct_fields__)
        steps = [_step(facts) for facts in document["steps"] if set(facts) == names]
        return RunRecord(
            folder=folder,
            pipeline=str(document["pipeline"]),
            state=str(document["state"]),
            inputs=dict(document["inputs"]),
            steps={step.path: step for step in steps},
            outputs=dict(document["outputs"]),
            started=_seconds(document)["started"] or 0.0,
            ended=_seconds(document)["ended"],
            runner=str(document.get("runner", "")),
            origin=_origin(document),
            hidden=tuple(map(str, document.get("hidden", ()))),
        )
    except FileNotFoundError:
        raise InputError(
            "this is not the folder of a run: run.json is missing",
            where=Location(path=path),
            hint="name the folder that `comp pipeline run` printed",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"not the record of a run: {error!r}", where=Location(path=path), hint="run anew") from None


def _step(facts: Mapping[str, Any]) -> StepRecord:
    """Return a step of a record. Raises ValueError and TypeError for another form."""
    texts = {name: str(facts[name]) for name in _TEXTS}
    # It becomes a part of pages.
    if texts["state"] not in _STATES:
        raise ValueError(f"the state {texts['state'][:40]}")
    return StepRecord(**{**facts, **texts, **_seconds(facts), "outputs": dict(facts["outputs"])})


def _cleaned(step: dict[str, Any]) -> dict[str, Any]:
    """Return a step as the file has it: with outputs that are hidden it has to run again, as others need the values."""
    cleaned = clean(_dated(step))
    return cleaned if cleaned["outputs"] == step["outputs"] else {**cleaned, "key": ""}


def _dated(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its times as text."""
    times: dict[str, Any] = {key: _text(document[key]) for key in ("started", "ended") if key in document}
    return {**document, **times}


def _seconds(document: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the times of a document as numbers."""
    return {
        key: None if document[key] is None else datetime.fromisoformat(document[key]).timestamp()
        for key in ("started", "ended")
    }


def _text(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 has it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
