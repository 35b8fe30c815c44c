"""`comp pipeline run`: a whole pipeline on this machine."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from msgspec import Struct
from msgspec.structs import replace

from toolkit.cli import bars, consent
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.pipeline import server_options, submitting
from toolkit.cli.pipeline.local_options import (
    RUNNERS,
    component_option,
    folders,
    function_option,
    jobs_option,
    python_option,
    runner_or_kfp_option,
)
from toolkit.cli.pipeline.local_reports import Screen, report_end
from toolkit.cli.pipeline.server_options import ServerOptions
from toolkit.cli.pipeline.watch import logs_option, timeout_option
from toolkit.cli.run import given_inputs, secret_option
from toolkit.collection.relocking import relock
from toolkit.errors import UsageError
from toolkit.progress import Report

if TYPE_CHECKING:
    from toolkit.jail.consent import Consent
    from toolkit.pipelines.local_run import Finished, LocalRun
    from toolkit.pipelines.run_record import Origin
    from toolkit.pipelines.server.source import RunOptions
    from toolkit.pipelines.source import PipelineSource

# The names of options that only one of the two places has.
_LOCAL = {
    *("out", "runner", "components", "secrets", "jobs", "cache", "resumes", "fail_fast"),
    *("trust_base", "allow_builds"),
}
_ON_SERVER = {
    *("watch", "timeout", "logs", "experiment", "run_name", "pipeline_root", "service_account", "caching", "version"),
    *("namespace", "token_file"),
}
_NOT_BY_KFP = {"components", "secrets", "jobs", "cache", "resumes", "fail_fast"}


@click.command
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="A value, or the path of an artifact."
)
@click.option("--input-file", "files", multiple=True, metavar="NAME=FILE", help="A value, read from a file.")
@click.option("--inputs", "listed", metavar="FILE", type=click.Path(path_type=Path), help="A YAML file of inputs.")
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default="runs",
    show_default=True,
    help="Where the run gets its folder.",
)
@runner_or_kfp_option
@component_option
@secret_option
@jobs_option
@click.option("--cache", is_flag=True, help="Take steps whose code and inputs are unchanged from the cache.")
@click.option(
    "--resume",
    "resumes",
    metavar="RUN",
    type=click.Path(file_okay=False, path_type=Path),
    help="Go on with a run that failed: its folder.",
)
@click.option("--fail-fast", is_flag=True, help="Begin no other step after a failure.")
@function_option
@python_option
@click.option("--server", is_flag=True, help="Run on the KFP server that the environment names.")
@click.option("--watch", "-w", is_flag=True, help="On a server: follow the run until its end.")
@timeout_option
@logs_option
@submitting.options
@server_options.options
@format_option
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    file: Path | None,
    inputs: Sequence[str],
    files: Sequence[str],
    listed: Path | None,
    out: Path,
    runner: str | None,
    components: Sequence[str],
    secrets: Sequence[str],
    jobs: int | None,
    cache: bool,
    resumes: Path | None,
    fail_fast: bool,
    function: str | None,
    python: Path | None,
    form: str,
    progress: str,
    allowed: "Consent",
    server: bool,
    watch: bool,
    timeout: float | None,
    logs: bool,
    version: str | None,
    how: "RunOptions",
    where: ServerOptions,
) -> int:
    """Run the pipeline in FILE on this machine: compiled YAML, or Python, which is compiled first.

    Steps that do not need one another run at once. Each run gets a folder with run.json, the logs and the outputs of
    its steps. A failed step stops those that need it; the others go on, and exit handlers run. The exit code is 1 when
    a step fails. Output parameters of the pipeline are printed on stdout, as name=value.

    With --endpoint or --server it runs on a KFP server, which also runs a pipeline that was uploaded, by its name. Then
    the run's ID is printed on stdout; with --watch the exit code is that of the run.
    """
    from toolkit.pipelines.local_run import LocalRun

    on_server = server or where.endpoint is not None
    _check_place(click.get_current_context(), on_server=on_server)
    texts = {**(_listed(listed) if listed else {}), **given_inputs(inputs, files)}
    if on_server:
        return submitting.run_on_server(
            console,
            where,
            str(_named(file)),
            inputs=texts,
            how=how,
            version=version,
            function=function,
            python=python,
            watching=submitting.Watching(watch=watch, timeout=timeout, logs=logs, form=form),
        )
    by_kfp = runner == "kfp"
    if by_kfp:
        _check_for_kfp(click.get_current_context())
    opened = _opened(file, resumes, texts, function=function, python=python, by_kfp=by_kfp)
    if by_kfp:
        return report_end(console, _by_kfp(console, opened, out, python), form)
    named = {**opened.origin.components, **folders(components)}
    local = LocalRun(
        origin=replace(opened.origin, components=_absolute(named)),
        jobs=jobs or os.cpu_count() or 1,
        out=out,
        fail_fast=fail_fast,
        cache=cache,
        resumes=resumes,
    )
    workers = _Workers(runner=runner or opened.runner, folders=named, secrets=secrets, allowed=allowed)
    with bars.reporting(console, progress) as report:
        finished = _here(console, report, opened, local, workers)
    return report_end(console, finished, form)


class _Opened(Struct, frozen=True, kw_only=True):
    """A pipeline that is about to run, with its inputs as texts and paths; `runner` is that of an earlier run."""

    source: "PipelineSource"
    texts: Mapping[str, str]
    origin: "Origin"
    runner: str | None


def _opened(
    file: Path | None,
    resumes: Path | None,
    texts: Mapping[str, str],
    *,
    function: str | None,
    python: Path | None,
    by_kfp: bool,
) -> _Opened:
    """Read the pipeline in a file, or that of an earlier run, and check the inputs that it is given."""
    from toolkit.pipelines.local_run import check_inputs, inputs_of
    from toolkit.pipelines.run_record import Origin
    from toolkit.pipelines.source import again_from, earlier_run, open_pipeline

    earlier = earlier_run(resumes) if resumes else None
    origin = earlier.origin if earlier else Origin()
    path = again_from(earlier) if earlier and not file else _named(file)
    if path.absolute() == origin.file:
        function = function or origin.function
    source = open_pipeline(
        path,
        function=function,
        # It compiles Python, and runs kfp.
        python=None if by_kfp and path.suffix != ".py" else python,
        # Only kfp's runner builds nothing itself.
        images="docker" if by_kfp else "folder",
    )
    texts = inputs_of(earlier, texts) if earlier else texts
    # A misspelt input must not cost a build.
    check_inputs(source.pipeline, texts)
    return _Opened(
        source=source,
        texts=texts,
        origin=replace(origin, file=path.absolute(), function=function, folder=origin.folder or Path.cwd()),
        runner=earlier.runner if earlier and earlier.runner in RUNNERS else None,
    )


def _named(file: Path | None) -> Path:
    """Return the file that the command line names. Raises UsageError without one."""
    if file is None:
        raise UsageError("no pipeline is named", hint="comp pipeline run FILE, or --resume RUN")
    return file


class _Workers(Struct, frozen=True, kw_only=True):
    """What the options say about those who do the work of the steps."""

    runner: str | None
    folders: Mapping[str, Path]
    secrets: Sequence[str]
    allowed: "Consent"


def _here(
    console: Console,
    report: Report,
    opened: _Opened,
    local: "LocalRun",
    who: _Workers,
) -> "Finished":
    """Run a pipeline by our own runners."""
    from toolkit.job.context import BuildContext
    from toolkit.pipelines.local_run import run_locally
    from toolkit.pipelines.step_variables import step_variables
    from toolkit.pipelines.workers import Sources, find_workers
    from toolkit.runners.variables import given_secrets

    source = opened.source
    context = BuildContext(report=report, consent=who.allowed, relock=relock)
    given = given_secrets(who.secrets, context.environ)
    sources = Sources(named=who.folders, locked=source.locked, root=source.root)
    workers = find_workers(source.pipeline, who.runner, sources, context)
    local = replace(local, variables=step_variables(source.pipeline, workers, given, context.environ))
    names = sorted({worker.runner.name for worker in workers.values()})
    console.say(f"running {source.pipeline.name}" + (f" by {', '.join(names)}" if names else ""))
    screen = Screen(console, report)
    return run_locally(
        source.pipeline, source.text, opened.texts, workers, local, context, listen=screen.show, leave=screen.leave
    )


def _by_kfp(console: Console, opened: _Opened, out: Path, python: Path | None) -> "Finished":
    """Run a pipeline by kfp's own runner."""
    from toolkit.engines.docker import connect
    from toolkit.pipelines.kfp_local import run_by_kfp

    # kfp says it in the middle of a run, and at length.
    connect(os.environ)
    source = opened.source
    console.say(f"running {source.pipeline.name} by kfp")
    return run_by_kfp(
        source.pipeline, source.text, opened.texts, out, python=python, environ=os.environ, hear=console.say
    )


def _absolute(named: Mapping[str, Path]) -> dict[str, Path]:
    """Return folders as another working folder knows them."""
    return {name: folder.absolute() for name, folder in named.items()}


def _check_place(context: click.Context, *, on_server: bool) -> None:
    """Raise UsageError for an option of local runs on a server, or the other way round."""
    unfit = _LOCAL if on_server else _ON_SERVER
    for option in context.command.params:
        if option.name in unfit and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
            if on_server:
                raise UsageError(
                    f"{max(option.opts, key=len)} is for runs on this machine", hint="leave it out, or --endpoint"
                )
            raise UsageError(
                f"{max(option.opts, key=len)} is for runs on a server", hint="name the server with --endpoint"
            )


def _check_for_kfp(context: click.Context) -> None:
    """Raise UsageError for an option that kfp's own runner cannot follow."""
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        if option.name in _NOT_BY_KFP and given:
            raise UsageError(
                f"{max(option.opts, key=len)} does not go with --runner kfp, which is kfp's own",
                hint="leave one of them out",
            )


def _listed(path: Path) -> Mapping[str, str]:
    """Return the inputs in a YAML file; paths of artifacts are relative to it."""
    from toolkit.pipelines.input_file import read_inputs

    return read_inputs(path)
