"""What the commands share that give a KFP server something to run: their options, and the run itself."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from msgspec import Struct

from toolkit.cli.console import Console
from toolkit.cli.pipeline import watch
from toolkit.cli.pipeline.server_options import ServerOptions
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.pipelines.server.client import Server, Submission
    from toolkit.pipelines.server.source import RunOptions


class Watching(Struct, frozen=True, kw_only=True):
    """Whether a run is watched, for how long, with its logs or without, and how its end is printed."""

    watch: bool
    timeout: float | None
    logs: bool
    form: str


_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--experiment", metavar="NAME", help="On a server: the experiment.  [default: KFP's]"),
    click.option(
        "--run-name", metavar="NAME", help="On a server: the run's name.  [default: the pipeline's, and the time]"
    ),
    click.option("--pipeline-root", metavar="URI", help="On a server: where outputs go.  [default: the server's]"),
    click.option("--service-account", metavar="NAME", help="On a server: whose rights the steps have."),
    click.option(
        "--enable-caching/--disable-caching",
        "caching",
        default=None,
        help="On a server: reuse results of all steps, or of none.  [default: as compiled]",
    ),
    click.option(
        "--version", metavar="NAME", help="On a server: the version of an uploaded pipeline.  [default: the newest]"
    ),
)


def options(command: _Command) -> _Command:
    """Add the options of a run on a server; the command gets them as `how`, and `version` of an uploaded pipeline."""

    @wraps(command)
    def with_options(
        *arguments: object,
        experiment: str | None,
        run_name: str | None,
        pipeline_root: str | None,
        service_account: str | None,
        caching: bool | None,
        **rest: object,
    ) -> object:
        from toolkit.pipelines.server.source import RunOptions

        how = RunOptions(
            name=run_name,
            experiment=experiment,
            pipeline_root=pipeline_root,
            service_account=service_account,
            caching=caching,
        )
        return command(*arguments, how=how, **rest)

    decorated = cast("_Command", with_options)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def run_on_server(
    console: Console,
    where: ServerOptions,
    what: str,
    *,
    inputs: Mapping[str, str],
    how: "RunOptions",
    version: str | None,
    function: str | None,
    python: Path | None,
    watching: Watching,
) -> int:
    """Start a run, print its ID, and watch it until its end if that is asked for. Return the exit code."""
    with prepared(where, what, inputs, how, version=version, function=function, python=python) as (server, work):
        run = server.submit(work)
    console.say(f"started {work.name}\n{server.endpoint.run_page(run)}")
    if not watching.watch:
        console.say(f"follow it with: comp pipeline watch {run} {server.endpoint.options()}")
        console.data(run)
        return 0
    console.say(f"its ID is {run}")
    return watch.follow(console, server, run, timeout=watching.timeout, logs=watching.logs, form=watching.form)


@contextmanager
def prepared(
    where: ServerOptions,
    what: str,
    inputs: Mapping[str, str],
    how: "RunOptions",
    *,
    version: str | None,
    function: str | None = None,
    python: Path | None = None,
) -> "Iterator[tuple[Server, Submission]]":
    """Yield the server, and what it is asked to run; a file that had to be compiled exists until the end."""
    from datetime import datetime

    from toolkit.pipelines.server.source import find_source, submission, uploaded
    from toolkit.system import temporary

    with temporary.folder("pipeline") as scratch:
        source = find_source(what, scratch, function=function, python=python)
        if source is not None and version is not None:
            raise UsageError("--version goes with an uploaded pipeline", hint="leave it out, or name the pipeline")
        server = where.connect()
        source = source or uploaded(server, what, version)
        name = f"{source.pipeline.name} {datetime.now().astimezone():%Y-%m-%d %H-%M-%S}"
        yield server, submission(source, inputs, how, name=name)
