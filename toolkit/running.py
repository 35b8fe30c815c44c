"""Run a component: choose a runner, make what it runs, check what it is given, collect what it gives."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from toolkit import job, last_base, locking, temporary
from toolkit.config import Entry, Project, read_project
from toolkit.errors import InputError, Location, OutsideError, UsageError
from toolkit.home import home
from toolkit.interface.model import Input, Kind, Output, Scalar
from toolkit.launcher.launch import FALSE, SIDE_FILE, TRUE
from toolkit.limits import OUTPUT_VALUE_SIZE
from toolkit.oci.descriptor import host_platform
from toolkit.paths import plain_parts
from toolkit.python.lock import Lock
from toolkit.reading import read_foreign
from toolkit.runners.cases import Case, check_output, parameter_text
from toolkit.runners.ending import ending
from toolkit.runners.protocol import Job, Outcome, Runner
from toolkit.runners.staging import side_file
from toolkit.spec.model import ComponentSpec, PortPlaceholder
from toolkit.spec.reader import arguments_of, read_component
from toolkit.tools import Tools

log = logging.getLogger(__name__)

_SHOWN = 200
# Where outputs go that the user gave no place.
_OUT = Path("out")
RUNNERS = ("docker", "buildah", "process")


@dataclass(frozen=True, kw_only=True, slots=True)
class Runnable:
    """A component with the runner that will run it, and the image the runner was given."""

    name: str
    spec: ComponentSpec
    image: str
    runner: Runner


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a run gave: the exit code, output parameters as text, artifacts as paths."""

    exit_code: int
    values: Mapping[str, str]
    artifacts: Mapping[str, Path]


def open_runnable(
    component: Path, tools: Tools, *, runner: str | None = None, name: str | None = None, base: str | None = None
) -> Runnable:
    """Prepare a component folder, whose present code is built and run, or a contract, whose pinned image is.

    Without `runner` the first that works is taken: docker, buildah, process. Without `base` a folder is built on
    the base that its last build was made on, else on that of its settings.
    """
    if component.is_file():
        if base:
            raise UsageError(
                f"--base does not go with a contract, and {component} is one",
                hint="leave it out to run the image that the contract names, or name the component's folder",
            )
        spec = read_component(component)
        return Runnable(
            name=spec.name, spec=spec, image=spec.container.image, runner=_engine(runner or _first_engine(component))
        )
    if not base and (base := last_base.recall(component, host_platform(), tools.cache)):
        log.info("on the base %s, as the last build", base)
    project = read_project(component, overrides={"base": base} if base else None, environ=tools.environ)
    job.check_contracts(project)
    entry = _entry(project, name)
    spec = read_component(entry.contract)
    chosen = runner or _first_working()
    if chosen == "process":
        return Runnable(name=entry.name, spec=spec, image="", runner=_process(project, tools))
    return Runnable(name=entry.name, spec=spec, image=_local_image(project, chosen, tools), runner=_engine(chosen))


def run_once(runnable: Runnable, given: Mapping[str, str], wanted: Mapping[str, Path], *, force: bool = False) -> Done:
    """Run with inputs as texts and paths; outputs that `wanted` does not name go to `out/<name>`.

    What `wanted` names is the user's own path. A name of the contract is not: it becomes one plain part of a path.
    """
    interface = runnable.spec.interface
    _check_names(given, [port.name for port in interface.inputs], "input")
    _check_names(wanted, [port.name for port in interface.outputs], "output")
    values, artifacts = _inputs(runnable.spec, given)
    kinds = {port.name: port.kind for port in interface.outputs}
    with temporary.folder("out") as folder:
        outputs = _targets(interface.outputs, wanted, folder)
        _check_targets(outputs, kinds, force=force)
        # The folder of a path that the user gave may be a link; `out` may not, see `_targets`.
        places = {name: _place(path) if name in wanted else path for name, path in outputs.items()}
        done = _run(runnable, values, artifacts, places)
        return Done(
            exit_code=done.exit_code,
            values={name: _value(name, path) for name, path in done.outputs.items() if kinds[name] is Kind.PARAMETER},
            artifacts={name: outputs[name] for name in done.outputs if kinds[name] is Kind.ARTIFACT},
        )


def _targets(ports: Sequence[Output], wanted: Mapping[str, Path], temporary: Path) -> dict[str, Path]:
    """Say where each output goes. Raises UsageError when the folder that is the default is a link."""
    parts = plain_parts([port.name for port in ports], beside=(SIDE_FILE,))
    targets = {}
    for port in ports:
        if port.name in wanted:
            targets[port.name] = wanted[port.name]
        elif port.kind is Kind.PARAMETER:
            targets[port.name] = temporary / parts[port.name]
        else:
            if _OUT.is_symlink():
                raise UsageError(
                    f"{_OUT} is a link to {_OUT.readlink()}, expected a folder",
                    hint=f"say where the output goes: -o '{port.name}=PATH'",
                )
            targets[port.name] = _OUT / parts[port.name]
    return targets


def _place(path: Path) -> Path:
    return Path(os.path.realpath(path.parent), path.name)


def _value(name: str, path: Path) -> str:
    try:
        return read_foreign(path, OUTPUT_VALUE_SIZE).decode()
    except UnicodeDecodeError:
        raise InputError(f"the value of the output {name!r} is not UTF-8 text", hint="make it an artifact") from None
    except InputError as error:
        raise InputError(f"the value of the output {name!r}: {error.message}", hint=error.hint) from None


def run_case(runnable: Runnable, case: Case) -> list[str]:
    """Run one case and return what differs from what it expects. Raises InputError for a case that cannot run."""
    given = {name: parameter_text(value) for name, value in case.values.items() if value is not None}
    given |= {name: str(path) for name, path in case.artifacts.items()}
    interface = runnable.spec.interface
    try:
        _check_names({**case.values, **case.artifacts}, [port.name for port in interface.inputs], "input")
        _check_names(case.outputs, [port.name for port in interface.outputs], "output")
        values, artifacts = _inputs(runnable.spec, given)
    except (InputError, UsageError) as error:
        # Here the inputs come from a file, not from a command line.
        hint = error.hint if "-i NAME" not in (error.hint or "") else None
        raise InputError(error.message, where=Location(path=case.path), hint=hint) from None
    with temporary.folder("case") as folder:
        wanted = {port.name: folder / str(number) for number, port in enumerate(interface.outputs)}
        done = _run(runnable, values, artifacts, wanted)
        if case.fails:
            return [] if done.exit_code else ["it succeeded, expected it to fail"]
        if done.exit_code:
            return [f"it failed with {ending(done.exit_code)}"]
        return [problem for name in case.outputs for problem in check_output(case, name, done.outputs.get(name))]


def _run(
    runnable: Runnable, values: Mapping[str, str], artifacts: Mapping[str, Path], outputs: Mapping[str, Path]
) -> Outcome:
    """Run, with the values that the contract takes by path in files."""
    parts = [part for part in arguments_of(runnable.spec.container) if isinstance(part, PortPlaceholder)]
    by_path = {part.port for part in parts if part.kind == "inputPath"} & values.keys()
    with temporary.folder("values") as folder:
        files = {name: folder / str(number) for number, name in enumerate(sorted(by_path))}
        for name, path in files.items():
            path.write_text(values[name], encoding="utf-8")
        return runnable.runner.run(
            Job(
                spec=runnable.spec,
                image=runnable.image,
                values=values,
                artifacts={**artifacts, **files},
                outputs=outputs,
            )
        )


def _check_targets(targets: Mapping[str, Path], kinds: Mapping[str, Kind], *, force: bool) -> None:
    """Refuse to write over what exists unless `force` says so, and to write two things to one place."""
    places: dict[Path, str] = {}
    for name, path in targets.items():
        # First the path itself: one without a name, such as `.`, has nothing beside it.
        _check_target(path, force=force)
        for place in (path, *((side_file(path),) if kinds[name] is Kind.ARTIFACT else ())):
            _check_target(place, force=force)
            other = places.setdefault(_place(place), name)
            if other != name:
                raise UsageError(
                    f"the outputs {other!r} and {name!r} both go to {place}", hint="give each its own path"
                )


def _check_target(path: Path, *, force: bool) -> None:
    """Refuse to write over what exists, and with `force` still over a folder that holds more than an output."""
    if not path.exists() and not path.is_symlink():
        return
    if not force:
        raise UsageError(f"{path} exists", hint="--force writes over it")
    own = home(os.environ)
    if Path(os.path.realpath(path)) in {own and own.resolve(), Path.cwd(), *Path.cwd().parents}:
        raise UsageError(f"{path} is no place for an output: it would be replaced", hint="name a folder below it")


def _entry(project: Project, name: str | None) -> Entry:
    for entry in project.entries:
        if name in {None, entry.name}:
            return entry
    raise UsageError(
        f"there is no component {name!r} here", hint=f"there are: {', '.join(entry.name for entry in project.entries)}"
    )


def _inputs(spec: ComponentSpec, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Path]]:
    """Split what is given into values and artifacts, fill in defaults, and say what is missing or wrong."""
    values: dict[str, str] = {}
    artifacts: dict[str, Path] = {}
    missing = []
    for port in spec.interface.inputs:
        if port.name not in given:
            if port.default is not None and port.kind is Kind.PARAMETER:
                values[port.name] = port.default
            elif not port.optional:
                missing.append(f"{port.name} ({port.type})")
        elif port.kind is Kind.ARTIFACT:
            artifacts[port.name] = Path(given[port.name])
            if not artifacts[port.name].exists():
                raise InputError(f"the input {port.name!r} is {given[port.name]}, and there is no such file or folder")
        else:
            _check_value(port, given[port.name])
            values[port.name] = given[port.name]
    if missing:
        raise UsageError(f"missing inputs: {', '.join(missing)}", hint="give each one with -i NAME=VALUE")
    return values, artifacts


def _check_value(port: Input, text: str) -> None:
    try:
        match port.type:
            case "Integer":
                fits = float(text).is_integer()
            case "Float":
                fits = float(text) is not None
            case "Boolean":
                fits = text.strip().lower() in (*TRUE, *FALSE)
            case "JsonArray" | "JsonObject":
                fits = isinstance(json.loads(text), list if port.type == "JsonArray" else dict)
            case _:
                fits = True
    except ValueError:
        fits = False
    if not fits:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise UsageError(f"the input {port.name!r} is {shown!r}, expected {port.type}")
    if port.choices and _choice(port, text) not in port.choices:
        raise UsageError(f"the input {port.name!r} is {text!r}", hint=f"one of {', '.join(map(repr, port.choices))}")


def _choice(port: Input, text: str) -> Scalar:
    if port.type == "Boolean":
        return text.strip().lower() in TRUE
    return float(text) if port.type in {"Integer", "Float"} else text


def _check_names(given: Mapping[str, object], known: list[str], what: str) -> None:
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}"
            raise UsageError(f"there is no {what} {name!r}", hint=advice)


def _first_working() -> str:
    return next((name for name in ("docker", "buildah") if _available(name)), "process")


def _first_engine(component: Path) -> str:
    name = _first_working()
    if name == "process":
        raise OutsideError(
            f"neither docker nor buildah works here, and {component} is a contract without its code",
            hint="start docker, or apt-get install buildah",
        )
    return name


def _available(name: str) -> bool:
    if name == "docker":
        from toolkit.runners.docker import DockerRunner

        return DockerRunner().available()
    from toolkit.runners.buildah import BuildahRunner

    return BuildahRunner().available()


def _engine(name: str) -> Runner:
    if name == "docker":
        from toolkit.runners.docker import DockerRunner

        return DockerRunner()
    if name == "buildah":
        from toolkit.runners.buildah import BuildahRunner

        return BuildahRunner()
    raise UsageError(
        "a contract alone cannot run as a process", hint="give the component's folder, or another --runner"
    )


def _process(project: Project, tools: Tools) -> Runner:
    from toolkit.builders.planning import code_layer
    from toolkit.runners.process import ProcessRunner

    needs = project.dependencies or project.requirements
    lock = _lock_to_run(project, tools) if needs else locking.empty_lock(project)
    return ProcessRunner(code_layer(project).files, lock, tools.cache, locking.indexes_of(project))


def _lock_to_run(project: Project, tools: Tools) -> Lock:
    """Give the lock whose pins run on this machine: compared with the requirements, and what it has built is there.

    A process needs no base. Where none can be had, a lock that is fresh is taken as it is, with a warning.
    """
    known = locking.existing_lock(project)
    try:
        bases = locking.open_bases(project, tools, lock=known)
    except OutsideError as error:
        if known is None or locking.has_built(known) or not locking.is_fresh(project, known, known.python):
            raise
        log.warning("%s is not compared with the requirements: %s", project.lock.name, error.message)
        return known
    lock = locking.refresh_lock(project, bases, tools)
    locking.rebuild_lost(project, lock, bases, tools)
    return lock


def _local_image(project: Project, runner: str, tools: Tools) -> str:
    """Build the present code and hand the image to the engine."""
    here = host_platform()
    image = job.build(project, tools, only=here if here in locking.platforms_of(project) else None).images[0]
    if runner == "docker":
        from toolkit.engines.docker import connect, load_image

        return load_image(connect(), image, names=[])
    layout = tools.cache.root / "layouts" / image.digest.hex
    if not (tools.cache.use(layout) and (layout / "index.json").is_file()):
        job.write_image(project, image, f"layout:{layout}")
    return f"oci:{layout}"
