"""`comp pipeline upload`: put a compiled pipeline on a KFP server."""

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.pipeline import server_options
from toolkit.cli.pipeline.server_options import ServerOptions
from toolkit.errors import UsageError


@click.command
@click.argument("file")
@click.option("--name", metavar="NAME", help="The pipeline's name on the server.  [default: its own]")
@click.option(
    "--version", metavar="NAME", help="The name of this version.  [default: the pipeline's name and the time]"
)
@click.option("--description", metavar="TEXT", help="What the server shows of it.")
@server_options.options
@format_option
@pass_console
def command(
    console: Console,
    /,
    *,
    file: str,
    name: str | None,
    version: str | None,
    description: str | None,
    where: ServerOptions,
    form: str,
) -> None:
    """Upload FILE, a compiled pipeline or its Python file, and print the pipeline's ID.

    If the server has a pipeline of this name already, FILE becomes its newest version.
    """
    from toolkit.pipelines.server.source import find_source
    from toolkit.system import temporary

    with temporary.folder("pipeline") as scratch:
        source = find_source(file, scratch)
        if source is None or source.file is None:
            raise UsageError(f"{file} is not a file", hint="give a compiled pipeline or its Python file")
        server = where.connect()
        made = server.upload(source.file, name=name or source.pipeline.name, version=version, description=description)
    console.say(f"uploaded {made.name}{f', version {made.about}' if made.about else ''}")
    page = server.endpoint.pipeline_page(made.item_id)
    console.say(page)
    document = {"id": made.item_id, "name": made.name, "version": made.about or None, "page": page}
    console.result(form, made.item_id, document)
