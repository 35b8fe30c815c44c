"""`comp pipeline stop`: end a run on a KFP server."""

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.pipeline import server_options
from toolkit.cli.pipeline.server_options import ServerOptions


@click.command
@click.argument("run")
@server_options.options
@format_option
@pass_console
def command(console: Console, /, *, run: str, where: ServerOptions, form: str) -> None:
    """Cancel RUN. Its running steps are ended."""
    where.connect().act("terminate_run", f"stop the run {run}", run_id=run)
    console.result(form, "", {"id": run})
    console.say(f"asked the server to stop {run}")
