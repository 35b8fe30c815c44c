"""`comp pipeline watch`: follow a run on a KFP server until its end."""

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console, tell
from toolkit.cli.pipeline import run_table, server_options
from toolkit.cli.pipeline.server_options import ServerOptions
from toolkit.errors import OutsideError
from toolkit.system.signals import is_leaving, undone

if TYPE_CHECKING:
    from toolkit.pipelines.server.client import Server
    from toolkit.pipelines.server.states import Run

timeout_option = click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Stop watching after so long."
)
logs_option = click.option("--logs/--no-logs", default=True, show_default=True, help="Print the logs of the steps.")


@click.command
@click.argument("run")
@timeout_option
@logs_option
@format_option
@server_options.options
@pass_console
def command(
    console: Console, /, *, run: str, timeout: float | None, logs: bool, form: str, where: ServerOptions
) -> int:
    """Follow RUN until its end: the state of each step, its log, and why it waits or fails.

    The exit code is that of the run: 0 if it succeeded, 1 if it failed or was cancelled. Ctrl-C leaves the run going.
    """
    return follow(console, where.connect(), run, timeout=timeout, logs=logs, form=form)


def follow(
    console: Console, server: "Server", run_id: str, *, timeout: float | None, logs: bool, form: str = "text"
) -> int:
    """Watch a run, print what happens, and return its exit code."""
    from toolkit.pipelines.server.pods import cluster_pods
    from toolkit.pipelines.server.watching import Ended, LogLines, Outage, StepChanged, Watch

    watch = Watch(
        server=server,
        run_id=run_id,
        pods=cluster_pods(server.endpoint.namespace, os.environ),
        with_logs=logs,
        timeout=timeout,
    )
    ended: Run | None = None
    with ExitStack() as stack:
        stack.enter_context(undone(lambda: _leave(watch.come_back())))
        for event in watch.events():
            match event:
                case StepChanged(step=step):
                    why = f": {step.why}" if step.why else ""
                    time = f" after {run_table.took(step)}" if step.state.is_final and step.seconds else ""
                    console.say(f"{step.name}: {step.state}{time}{why}")
                case LogLines(step=name, lines=lines):
                    console.say("\n".join(f"{name} | {line}" for line in lines))
                case Outage(error=error, seconds=seconds):
                    console.say(f"{error.message}; asking again in {seconds:g} s")
                case Ended(run=run):
                    ended = run
    if ended is None:
        raise OutsideError(f"the run {run_id} gave no end")
    run_table.show(console, ended, form)
    for step in ended.failed():
        console.say(f"{step.name} failed{f': {step.why}' if step.why else ''}")
    return ended.exit_code


def _leave(come_back: str) -> None:
    """Say, when a signal ends the watch, that the run goes on."""
    if is_leaving():
        tell(f"\nthe run goes on; {come_back}")
