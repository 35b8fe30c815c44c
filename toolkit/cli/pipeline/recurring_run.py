"""`comp pipeline recurring-run`: runs that a KFP server starts by itself."""

from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.pipeline import server_options, submitting
from toolkit.cli.pipeline.server_options import ServerOptions
from toolkit.cli.run import given_inputs
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.pipelines.server.source import RunOptions

_CRON_FIELDS = 6


@click.group(no_args_is_help=True)
def command() -> None:
    """Make, pause and delete runs that the server starts by itself.

    `comp pipeline list recurring-runs` shows them.
    """


@command.command("create", short_help="Let the server run a pipeline again and again.")
@click.argument("pipeline", metavar="FILE|PIPELINE")
@click.option("-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An argument.")
@click.option("--input-file", "files", multiple=True, metavar="NAME=FILE", help="An argument, read from a file.")
@click.option("--cron", metavar="LINE", help="When, in six fields: second, minute, hour, day, month, weekday.")
@click.option("--every", type=click.IntRange(1), metavar="SECONDS", help="How often, in place of --cron.")
@click.option("--start", metavar="TIME", help="No run before, such as 2026-03-01T00:00:00Z.")
@click.option("--end", metavar="TIME", help="No run after.")
@click.option(
    "--max-concurrency", type=click.IntRange(1, 10), default=1, show_default=True, metavar="N", help="Runs at once."
)
@click.option(
    "--catchup/--no-catchup", default=True, show_default=True, help="Also make up for times that were missed."
)
@click.option("--disabled", is_flag=True, help="Make it, and do not start runs yet.")
@submitting.options
@server_options.options
@format_option
@pass_console
def create(
    console: Console,
    /,
    *,
    pipeline: str,
    inputs: tuple[str, ...],
    files: tuple[str, ...],
    cron: str | None,
    every: int | None,
    start: str | None,
    end: str | None,
    max_concurrency: int,
    catchup: bool,
    disabled: bool,
    version: str | None,
    how: "RunOptions",
    where: ServerOptions,
    form: str,
) -> None:
    """Let the server run FILE, or an uploaded PIPELINE, again and again. Prints the ID."""
    from toolkit.pipelines.server.client import Schedule

    if (cron is None) == (every is None):
        raise UsageError("expected one of --cron and --every", hint="--cron '0 30 3 * * *' is every night at 3:30")
    _check_cron(cron)
    when = Schedule(
        cron=cron,
        seconds=every,
        start=_time(start, "--start"),
        end=_time(end, "--end"),
        most_at_once=max_concurrency,
        catch_up=catchup,
        enabled=not disabled,
    )
    texts = given_inputs(inputs, files)
    with submitting.prepared(where, pipeline, texts, how, version=version) as (server, work):
        made = server.schedule(work, when)
    console.say(f"made {work.name}{', disabled' if disabled else ''}")
    console.result(form, made, {"id": made, "name": work.name, "enabled": not disabled})


@command.command("enable")
@click.argument("recurring_run", metavar="ID")
@server_options.options
@format_option
@pass_console
def enable(console: Console, /, *, recurring_run: str, where: ServerOptions, form: str) -> None:
    """Let the server start the runs of ID again."""
    where.connect().act(
        "enable_recurring_run", f"enable the recurring run {recurring_run}", recurring_run_id=recurring_run
    )
    console.result(form, "", {"id": recurring_run})
    console.say(f"enabled {recurring_run}")


@command.command("disable", short_help="Let the server start no more runs.")
@click.argument("recurring_run", metavar="ID")
@server_options.options
@format_option
@pass_console
def disable(console: Console, /, *, recurring_run: str, where: ServerOptions, form: str) -> None:
    """Let the server start no more runs of ID; those that have begun go on."""
    where.connect().act(
        "disable_recurring_run", f"disable the recurring run {recurring_run}", recurring_run_id=recurring_run
    )
    console.result(form, "", {"id": recurring_run})
    console.say(f"disabled {recurring_run}")


@command.command("delete")
@click.argument("recurring_run", metavar="ID")
@server_options.options
@format_option
@pass_console
def delete(console: Console, /, *, recurring_run: str, where: ServerOptions, form: str) -> None:
    """Delete ID; the runs that it has started stay."""
    where.connect().act(
        "delete_recurring_run", f"delete the recurring run {recurring_run}", recurring_run_id=recurring_run
    )
    console.result(form, "", {"id": recurring_run})
    console.say(f"deleted {recurring_run}")


def _check_cron(cron: str | None) -> None:
    """Raise UsageError for a cron line of five fields, as crontab has them, which the server takes for another time."""
    if cron is None or cron.startswith("@"):
        return
    fields = cron.split()
    if len(fields) != _CRON_FIELDS:
        written = f"--cron '0 {cron}'" if len(fields) == _CRON_FIELDS - 1 else "--cron '0 30 3 * * *'"
        raise UsageError(
            f"--cron has {len(fields)} fields, KFP's server wants six: the first are the seconds",
            hint=f"write {written}",
        )


def _time(text: str | None, option: str) -> str | None:
    """Return a time as the server takes it (RFC 3339). Raises UsageError."""
    from datetime import datetime

    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text} is not a time", hint=f"write {option} 2026-03-01T00:00:00Z") from None
    # Without an offset it is the time of this machine, which the server does not know.
    return time.astimezone().isoformat()
