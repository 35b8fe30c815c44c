"""`comp pipeline get`: one run with its steps, or one pipeline with its versions."""

import os

import click

from toolkit.cli.console import Console, columns, format_option, pass_console
from toolkit.cli.pipeline import run_table, server_options
from toolkit.cli.pipeline.server_options import ServerOptions, day
from toolkit.errors import InputError


@click.command
@click.argument("what", metavar="RUN|PIPELINE")
@format_option
@server_options.options
@pass_console
def command(console: Console, /, *, what: str, form: str, where: ServerOptions) -> None:
    """Print the state of a run and its steps; or a pipeline, by name or ID, and its versions."""
    from toolkit.pipelines.server.pods import cluster_pods

    server = where.connect()
    try:
        run = server.run(what)
    except InputError as error:
        found = server.find_pipeline(what)
        if found is None:
            raise InputError(
                f"no run and no pipeline {what} on {server.endpoint.url}", hint="`comp pipeline list` shows what it has"
            ) from error
        pipeline, versions = found
        if form == "json":
            rows = [
                {"id": item.item_id, "name": item.name, "created": item.created and item.created.isoformat()}
                for item in versions
            ]
            console.json({"id": pipeline.item_id, "name": pipeline.name, "versions": rows})
            return
        console.say(server.endpoint.pipeline_page(pipeline.item_id))
        lines = [(pipeline.item_id, day(pipeline.created), "pipeline", pipeline.name)]
        lines += [(item.item_id, day(item.created), "version", item.name) for item in versions]
        console.data("\n".join(columns(lines)))
        return
    run = run_table.explained(run, cluster_pods(server.endpoint.namespace, os.environ))
    console.say(server.endpoint.run_page(run.run_id))
    run_table.show(console, run, form)
