"""`comp run`: run a component once, on files and values of the user's."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from msgspec import Struct
from msgspec.structs import replace

from toolkit.cli import bars, consent, on_cluster, watching
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import offline_option, registry_option
from toolkit.collection.relocking import relock
from toolkit.errors import InputError, Location, UsageError

if TYPE_CHECKING:
    from toolkit.jail.consent import Consent
    from toolkit.job.context import BuildContext
    from toolkit.runners.on_cluster import OnCluster
    from toolkit.runners.runnable import Runnable
    from toolkit.watching.sources import Sources


runner_option = click.option(
    "--runner",
    type=click.Choice(["docker", "buildah", "process", "argo"]),
    help="The runner.  [default: the first that works]",
)
restricted_option = click.option(
    "--restricted",
    is_flag=True,
    help="Run as in a restricted pod: an unknown user, read-only files, no network.",
)
secret_option = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME=file:PATH|env:VARIABLE",
    help="The value of a secret that the component declares.  [default: the variable NAME]",
)
base_option = click.option("--base", metavar="REF", help="The base to build on.  [default: the last build's]")


@click.command
@click.argument("component", metavar="[FOLDER|FILE|RELEASE]", type=click.Path(path_type=Path), default=".")
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="A value, or the path of an artifact."
)
@click.option("--input-file", "files", multiple=True, metavar="NAME=FILE", help="A value, read from a file.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="NAME=PATH", help="Where an output goes.")
@runner_option
@restricted_option
@secret_option
@click.option("--component", "name", metavar="NAME", help="Which component, if the image has several.")
# The older name of --component, which reads like the name of the run.
@click.option("--name", "former_name", hidden=True)
@base_option
@registry_option
@offline_option
@format_option
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@watching.option
@on_cluster.options
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    component: Path,
    inputs: Sequence[str],
    files: Sequence[str],
    outputs: Sequence[str],
    form: str,
    force: bool,
    watch: bool,
    progress: str,
    allowed: "Consent",
    runner: str | None,
    restricted: bool,
    secrets: Sequence[str],
    name: str | None,
    former_name: str | None,
    base: str | None,
    registry: str | None,
    on_cluster: "OnCluster",
) -> int:
    """Run the component in FOLDER once; or, for a component.yaml FILE, the image that it names.

    RELEASE is one of a component registry, such as ml/train@^1: that of components.lock if it is one that is asked
    for, else the newest one. A path that exists comes first.

    Artifacts are paths on this machine. Outputs without -o go to out/NAME. The values of output parameters are
    printed on stdout, as name=value. The exit code is 1 when the component fails. With --watch a change ends a run
    that still goes on; outputs of earlier runs are overwritten, and the exit code after Ctrl-C is 130.
    """
    from toolkit.job.context import BuildContext

    if watch and runner == "argo":
        raise UsageError(
            "--watch does not go with --runner argo: every change would begin a workflow on the cluster",
            hint="use a runner of this machine: docker, buildah or process",
        )
    with _path_of(console, component, registry) as path:
        asked = _Asked(
            component=path,
            inputs=inputs,
            files=files,
            outputs={name: Path(path) for name, path in pairs(outputs, "-o", "NAME=PATH").items()},
            runner=runner,
            restricted=restricted,
            secrets=secrets,
            name=name or former_name,
            base=base,
            on_cluster=replace(on_cluster, say=console.say),
            context=BuildContext(consent=allowed, relock=relock),
            progress=progress,
        )
        if watch:
            _watch(console, asked, form, force=force)
        return _run(console, _prepared(console, asked, force=force), form)


@contextmanager
def _path_of(console: Console, component: Path, registry: str | None) -> Iterator[Path]:
    """Return the path of the component: the user's own, or that of a release's contract during the block."""
    # Most runs are of a path, which needs no registry.
    if component.exists():
        yield component
        return
    from toolkit.runners.released import contract_file, find_release, is_release

    text = str(component)
    if not is_release(text, folder=Path(), environ=os.environ, registry=registry):
        yield component
        return
    try:
        released = find_release(text, folder=Path(), environ=os.environ, registry=registry, remark=console.warn)
    except InputError as error:
        if "@" in text or ":" in text:
            raise
        # A misspelt path has this form too.
        raise InputError(f"{text} is not a path here, and {error.message}", hint=error.hint) from error
    console.say(released.origin)
    with contract_file(released) as path:
        yield path


class _Asked(Struct, frozen=True, kw_only=True):
    """A run as the user asked for it."""

    component: Path
    inputs: Sequence[str]
    files: Sequence[str]
    outputs: Mapping[str, Path]
    runner: str | None
    restricted: bool
    secrets: Sequence[str]
    name: str | None
    base: str | None
    on_cluster: "OnCluster"
    context: "BuildContext"
    progress: str


class _Prepared(Struct, frozen=True, kw_only=True):
    """A run that can begin: the component is built, and its inputs are checked."""

    runnable: "Runnable"
    inputs: Mapping[str, str]
    outputs: Mapping[str, Path]
    variables: Mapping[str, str]
    force: bool


def _prepared(console: Console, asked: _Asked, *, force: bool) -> _Prepared:
    """Check what the user gave, then build the component as it is now."""
    from toolkit.runners.run import check_run
    from toolkit.runners.runnable import RUNNERS_WITH_SECRETS, find_component, open_runnable
    from toolkit.runners.variables import check_given, given_secrets, variables_of

    inputs, runner = given_inputs(asked.inputs, asked.files), asked.runner
    with bars.reporting(console, asked.progress) as report:
        context = replace(asked.context, report=report)
        unbuilt = find_component(asked.component, context, name=asked.name, base=asked.base)
        # A misspelt input must not cost a build.
        check_run(unbuilt.spec, inputs, asked.outputs, context.environ, force=force)
        given, variables = given_secrets(asked.secrets, context.environ), {}
        check_given(given, [unbuilt.spec])
        if given and runner in RUNNERS_WITH_SECRETS:
            raise UsageError(f"{runner} takes no --secret: the cluster has the secret", hint="leave it out")
        if runner not in RUNNERS_WITH_SECRETS:
            # The contract may be from anywhere, and the component folder is the user's own.
            own = context.environ if unbuilt.project else None
            variables = variables_of(unbuilt.spec, own, given)
            if taken := [name for name in variables if name not in given]:
                console.say(f"with {', '.join(taken)} of your environment")
        runnable = open_runnable(
            unbuilt, context, runner=runner, restricted=asked.restricted, on_cluster=asked.on_cluster
        )
    return _Prepared(runnable=runnable, inputs=inputs, outputs=asked.outputs, variables=variables, force=force)


def _run(console: Console, run: _Prepared, form: str, *, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Run once, print the outputs unless the run was stopped, and return the exit code."""
    from toolkit.runners.ending import ending
    from toolkit.runners.run import run_once

    runnable = run.runnable
    console.say(f"running {runnable.name} by {runnable.runner.name}")
    outcome = run_once(runnable, run.inputs, run.outputs, variables=run.variables, force=run.force)
    if is_stopped():
        return 1
    if outcome.exit_code:
        # Not the component's own code: comp's 2 and 3 have other meanings.
        console.say(f"{runnable.name} failed with {ending(outcome.exit_code, outcome.reason)}")
        if runnable.hint:
            console.say(f"hint: {runnable.hint}")
        return 1
    for port, path in outcome.paths.items():
        console.say(f"{port}: {path}")
    if form == "json":
        types = {port.name: port.type for port in runnable.spec.interface.outputs}
        values = {port: _typed(text, types[port]) for port, text in outcome.values.items()}
        paths = {port: str(path) for port, path in outcome.paths.items()}
        console.json({**values, **paths})
    elif outcome.values:
        console.data("\n".join(f"{port}={value}" for port, value in outcome.values.items()))
    return 0


def _watch(console: Console, asked: _Asked, form: str, *, force: bool) -> NoReturn:
    """Run now, and again after every change of what a run reads; a change ends a run that still goes on."""
    # What an earlier run of this command wrote is its own.
    may_overwrite = force

    def again() -> Callable[[], None]:
        """Build in this thread, since a build is never stopped halfway, and run in another."""
        nonlocal may_overwrite, asked
        prepared: list[_Prepared] = []
        done = watching.attempt(lambda: prepared.append(_prepared(console, asked, force=may_overwrite)))
        # What one build found out about bases and servers may be otherwise for the next.
        asked = replace(asked, context=asked.context.again(connected=done))
        if not done:
            return lambda: None
        may_overwrite = True
        return watching.Running(
            lambda is_stopped: _run(console, prepared[0], form, is_stopped=is_stopped), console.say
        ).stop

    watching.watch(console, asked.component, lambda: _sources(asked), again)


def _sources(asked: _Asked) -> "Sources":
    """List what a run reads: what its build reads, or the contract, and the files that the user gives it."""
    from toolkit.config.project import read_project
    from toolkit.interface.model import Kind
    from toolkit.spec.reader import read_component
    from toolkit.watching.sources import sources_of_build, sources_of_paths

    contract, outputs = asked.component.absolute(), asked.outputs.values()
    found = sources_of_paths([contract])
    if not asked.component.is_file():
        overrides = {"base": asked.base} if asked.base else {}
        # Outputs may lie among the code, and would have the next run begin.
        found = sources_of_build(asked.component, overrides, asked.context.environ).without([Path("out"), *outputs])
        entries = read_project(asked.component, environ=asked.context.environ).entries
        contract = next((entry.contract for entry in entries if entry.name == asked.name), entries[0].contract)
    given = [Path(path) for path in pairs(asked.files, "--input-file", "NAME=FILE").values()]
    if asked.inputs:
        kinds = {port.name: port.kind for port in read_component(contract).interface.inputs}
        texts = pairs(asked.inputs, "-i", "NAME=VALUE")
        given += [Path(text) for name, text in texts.items() if kinds.get(name) is Kind.ARTIFACT]
    return found.joined(sources_of_paths(given).without(outputs))


def given_inputs(inputs: Sequence[str], files: Sequence[str]) -> dict[str, str]:
    """Return the texts that the options -i and --input-file give. Raises UsageError for another form."""
    given = pairs(inputs, "-i", "NAME=VALUE")
    return given | {name: _text(path) for name, path in pairs(files, "--input-file", "NAME=FILE").items()}


def _typed(text: str, kind: str) -> object:
    """Return the value of an output as JSON has it. Its text if it is not JSON: a program may write anything."""
    try:
        return text if kind == "String" else json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(path: str) -> str:
    """Return a file's text as a value. Raises InputError unless it can be read, and is text."""
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", where=Location(path=Path(path)), hint="pass bytes as an artifact") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def pairs(texts: Sequence[str], option: str, form: str) -> dict[str, str]:
    """Return the pairs of a repeated option; of equal names the last counts. Raises UsageError."""
    read = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"invalid {option} {text}", hint=f"write {option} {form}")
        read[name] = value
    return read
