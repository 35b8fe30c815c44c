"""`comp pipeline experiment`: the groups in which a KFP server keeps runs."""

import click

from toolkit.cli.console import Console, confirm, format_option, pass_console
from toolkit.cli.pipeline import server_options
from toolkit.cli.pipeline.server_options import ServerOptions
from toolkit.errors import UsageError


@click.group(no_args_is_help=True)
def command() -> None:
    """Make, archive and delete experiments.

    `comp pipeline list experiments` shows them.
    """


@command.command("create")
@click.argument("name")
@server_options.options
@format_option
@pass_console
def create(console: Console, /, *, name: str, where: ServerOptions, form: str) -> None:
    """Make the experiment NAME, or find it, and print its ID."""
    made = where.connect().experiment(name)
    console.result(form, made, {"id": made, "name": name})


@command.command("archive")
@click.argument("experiment", metavar="NAME|ID")
@server_options.options
@format_option
@pass_console
def archive(console: Console, /, *, experiment: str, where: ServerOptions, form: str) -> None:
    """Take an experiment and its runs out of the lists."""
    server = where.connect()
    found = server.find_experiment(experiment)
    server.act("archive_experiment", f"archive the experiment {experiment}", experiment_id=found)
    console.result(form, "", {"id": found})
    console.say(f"archived {experiment}")


@command.command("unarchive", short_help="Put an archived experiment back into the lists.")
@click.argument("experiment", metavar="NAME|ID")
@server_options.options
@format_option
@pass_console
def unarchive(console: Console, /, *, experiment: str, where: ServerOptions, form: str) -> None:
    """Put an archived experiment back into the lists; its runs stay archived."""
    server = where.connect()
    found = server.find_experiment(experiment)
    server.act("unarchive_experiment", f"unarchive the experiment {experiment}", experiment_id=found)
    console.result(form, "", {"id": found})
    console.say(f"unarchived {experiment}")


@command.command("delete")
@click.argument("experiment", metavar="NAME|ID")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@server_options.options
@format_option
@pass_console
def delete(console: Console, /, *, experiment: str, yes: bool, where: ServerOptions, form: str) -> None:
    """Delete an experiment. Its runs stay, without an experiment."""
    server = where.connect()
    found = server.find_experiment(experiment)
    if not yes and not confirm(f"delete the experiment {experiment}?"):
        raise UsageError("not deleted", hint="--yes deletes without a question")
    server.act("delete_experiment", f"delete the experiment {experiment}", experiment_id=found)
    console.result(form, "", {"id": found})
    console.say(f"deleted {experiment}")
