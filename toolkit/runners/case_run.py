"""Run cases, as often and on as many runners as the user asks for, and list how they differ from what they expect."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError, Location, OutsideError, UsageError
from toolkit.runners import snapshots
from toolkit.runners.cases import Case, Failure, parameter_text
from toolkit.runners.ending import ending
from toolkit.runners.expectations import Expectation, differences
from toolkit.runners.inputs import check_names
from toolkit.runners.protocol import Outcome
from toolkit.runners.run import divide, run_component
from toolkit.runners.runnable import RUNNERS_WITH_SECRETS, Runnable
from toolkit.runners.text_diff import file_difference, unified
from toolkit.runners.tolerance import EXACT
from toolkit.runners.variables import variables_of
from toolkit.spec.declared import declared_of, with_declared
from toolkit.spec.model import ComponentSpec
from toolkit.system import temporary
from toolkit.system.signals import is_leaving
from toolkit.system.threads import threads

# Bytes at the end of a component's output that are kept, and searched for the message of an expected failure.
_KEPT_OUTPUT = 1_000_000
# Lines that are shown of it where an engine fails, which may have its reason there.
_LAST_LINES = 5
_LOG = "log"


class CaseJob(Struct, frozen=True, kw_only=True):
    """A case, and the component that is ready to run it."""

    runnable: Runnable
    case: Case


class CaseResult(Struct, frozen=True, kw_only=True):
    """What came of a case: no problems if it passed. `output` is the end of what the component printed.

    `updated` are the snapshots that were written.
    """

    component: str
    case: Case
    runner: str
    problems: tuple[str, ...]
    seconds: float
    output: str = ""
    updated: tuple[Path, ...] = ()


class Attempt(Struct, frozen=True, kw_only=True):
    """What came of one run: the outputs by name, how it ended, and the end of what was printed.

    `ending` is the exit code in words, `problem` says what is wrong with the outputs.
    """

    paths: Mapping[str, Path]
    output: str
    exit_code: int = 0
    ending: str = ""
    problem: str | None = None


class CaseOptions(Struct, frozen=True, kw_only=True):
    """How cases are run: values of secrets, how often each, and whether snapshots are written anew."""

    secrets: Mapping[str, str]
    repeat: int = 1
    update: bool = False


def check_case(
    spec: ComponentSpec, case: Case, environ: Mapping[str, str], secrets: Mapping[str, str], *, local: bool = True
) -> None:
    """Raise the errors that `run_case` raises before it runs. Needs only the contract, so a mistake costs no build.

    Unless it is `local`, secrets come from a cluster.
    """
    _divided(spec, case)
    if local:
        _variables(spec, case, environ, secrets)


def run_cases(jobs: Sequence[CaseJob], options: CaseOptions, *, workers: int) -> Iterator[CaseResult]:
    """Run cases at the same time, as many as there are workers, and yield the results in the order of the jobs."""
    with threads(workers) as executor:
        yield from executor.map(lambda job: run_case(job, options), jobs)


def run_case(job: CaseJob, options: CaseOptions) -> CaseResult:
    """Run one case, and compare what comes with what it expects.

    Raises InputError, with the case's file, if its inputs and outputs do not go with the contract.
    """
    runnable = job.runnable
    attempt = partial(_attempt, job, options)
    return judged(job.case, attempt, options, component=runnable.name, runner=runnable.runner.name, hint=runnable.hint)


def judged(
    case: Case,
    attempt: Callable[[Path], Attempt],
    options: CaseOptions,
    *,
    component: str,
    runner: str,
    hint: str | None = None,
) -> CaseResult:
    """Do `attempt` in a new folder as often as `options` say, and compare what comes with what the case expects.

    `hint` follows the problem of one that fails against expectation.
    """
    begun = time.monotonic()
    with temporary.folder("case") as folder:
        first = attempt(folder / "1")
        problems = _problems(case, first, hint, update=options.update)
        last = first
        for number in range(2, options.repeat + 1):
            if problems:
                break
            last = attempt(folder / str(number))
            found = _problems(case, last, hint, update=options.update)
            found = found or _changes(case.expectations, first.paths, last.paths)
            problems = [f"repetition {number}: {problem}" for problem in found]
        updated = _update(case, first.paths) if options.update and not problems else []
    return CaseResult(
        component=component,
        case=case,
        runner=runner,
        problems=tuple(problems),
        seconds=time.monotonic() - begun,
        output=last.output,
        updated=tuple(updated),
    )


def _attempt(job: CaseJob, options: CaseOptions, folder: Path) -> Attempt:
    """Run a component once, with outputs in `folder` and the log beside it.

    Raises OutsideError, with the case's file and the end of the log, if the engine fails.
    """
    runnable, case = job.runnable, job.case
    values, artifacts = _divided(runnable.spec, case)
    if runnable.runner.name in RUNNERS_WITH_SECRETS:
        runnable, variables = replace(runnable, spec=_with_env(runnable.spec, case.env)), {}
    else:
        variables = _variables(runnable.spec, case, runnable.environ, options.secrets)
    folder.mkdir()
    # By number: a name may hold anything, a slash included.
    paths = {port.name: folder / str(number) for number, port in enumerate(runnable.spec.interface.outputs)}
    log = folder.with_name(_LOG)
    outcome, problem = Outcome(exit_code=0, paths={}), None
    try:
        with log.open("wb") as stream:
            outcome = run_component(runnable, values, artifacts, paths, variables=variables, log=stream)
    except InputError as error:
        # Of the outputs: the inputs have been checked.
        problem = error.message
    except OutsideError as error:
        printed = end_of(log).splitlines()[-_LAST_LINES:]
        message = "\n  ".join([error.message, *printed])
        raise OutsideError(message, where=Location(path=case.path), hint=error.hint) from error
    if is_leaving():
        # A signal ended it: that is no failure of the case, and the process is about to end.
        threading.Event().wait()
    return Attempt(
        paths=outcome.paths,
        output=end_of(log),
        exit_code=outcome.exit_code,
        ending=ending(outcome.exit_code, outcome.reason) if outcome.exit_code else "",
        problem=problem,
    )


def _problems(case: Case, attempt: Attempt, hint: str | None, *, update: bool) -> list[str]:
    """List how an attempt differs from what the case expects."""
    if attempt.problem:
        return [attempt.problem]
    if case.failure:
        # What should fail need not write outputs.
        return _other_failure(case.failure, attempt)
    if attempt.exit_code:
        return [f"it failed with {attempt.ending}", *([hint] if hint else [])]
    return [
        problem
        for name, expectation in case.expectations.items()
        for problem in differences(expectation, attempt.paths.get(name), update=update)
    ]


def _other_failure(expected: Failure, attempt: Attempt) -> list[str]:
    """List how an attempt differs from the failure that is expected."""
    if not attempt.exit_code:
        return ["it succeeded, expected it to fail"]
    problems = []
    if expected.exit_code not in {None, attempt.exit_code}:
        problems.append(f"it failed with {attempt.ending}, expected {expected.exit_code}")
    if expected.message and not re.search(expected.message, attempt.output):
        problems.append(f"it failed, and printed nothing that matches {expected.message!r}")
    return problems


def _changes(
    expectations: Mapping[str, Expectation], first: Mapping[str, Path], paths: Mapping[str, Path]
) -> list[str]:
    """List the outputs that a repetition has written differently from the first run."""
    problems = []
    for name in sorted({*first, *paths}):
        expectation = expectations.get(name)
        if expectation is not None and not expectation.stable:
            continue
        if name not in first or name not in paths:
            problems.append(f"{name}: was written by {'this' if name in paths else 'the first'} run alone")
            continue
        tolerance = expectation.tolerance if expectation else EXACT
        if paths[name].is_dir() or first[name].is_dir():
            before, after = snapshots.listing(first[name]), snapshots.listing(paths[name])
            problem = None if before == after else f"differs from the first run's{unified(before, after)}"
        else:
            problem = file_difference(first[name], paths[name], tolerance, named="the first run's")
        if problem:
            problems.append(f"{name}: {problem}")
    return problems


def _update(case: Case, paths: Mapping[str, Path]) -> list[Path]:
    """Keep outputs as snapshots, and return the files that changed."""
    updated = []
    for name, expectation in case.expectations.items():
        snapshot, path = expectation.snapshot, paths.get(name)
        if snapshot and path and snapshots.difference(snapshot, path, expectation.tolerance) is not None:
            updated.append(snapshots.update(snapshot, path))
    return updated


def end_of(log: Path) -> str:
    """Return the end of what a component printed."""
    if not log.exists():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _KEPT_OUTPUT))
        return stream.read().decode("utf-8", "replace")


def _with_env(spec: ComponentSpec, env: Mapping[str, str]) -> ComponentSpec:
    """Return a contract with the variables of a case as constants, also in place of secrets of the cluster."""
    declared = declared_of(spec)
    references = {name: reference for name, reference in declared.references.items() if name not in env}
    constants = {**declared.constants, **env}
    return with_declared(spec, replace(declared, constants=constants, references=references))


def _variables(
    spec: ComponentSpec, case: Case, environ: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of a case's run. Raises InputError, with its file, for a secret without a value."""
    try:
        return variables_of(spec, environ, secrets, more=case.env)
    except UsageError as error:
        hint = f"{error.hint}; or write env: {{…}} into the case"
        raise InputError(error.message, where=Location(path=case.path), hint=hint) from None


def _divided(spec: ComponentSpec, case: Case) -> tuple[dict[str, str], dict[str, Path]]:
    """Return the values and the artifacts of a case. Raises InputError with its file."""
    # Null in a case means that the input is left out.
    inputs = {name: parameter_text(value) for name, value in case.values.items() if value is not None}
    inputs |= {name: str(path) for name, path in case.artifacts.items()}
    try:
        # Also the names of inputs that are left out.
        check_names(case.values, [port.name for port in spec.interface.inputs], "input")
        return divide(spec, inputs, case.expectations)
    except (InputError, UsageError) as error:
        # Here the inputs come from a file, not from a command line.
        hint = error.hint if "-i NAME" not in (error.hint or "") else None
        raise InputError(error.message, where=Location(path=case.path), hint=hint) from None
