"""`comp pipeline list`: what a KFP server has."""

from itertools import islice

import click

from toolkit.cli.console import Console, columns, format_option, pass_console
from toolkit.cli.pipeline import server_options
from toolkit.cli.pipeline.server_options import ServerOptions, day

KINDS = ("pipelines", "runs", "experiments", "recurring-runs")


@click.command
@click.argument("kind", type=click.Choice(KINDS), default="pipelines")
@click.option(
    "--max", "most", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="How many are listed."
)
@format_option
@server_options.options
@pass_console
def command(console: Console, /, *, kind: str, most: int, form: str, where: ServerOptions) -> None:
    """List pipelines, runs, experiments or recurring-runs, the newest first."""
    server = where.connect()
    found = {
        "pipelines": server.pipelines,
        "runs": server.runs,
        "experiments": server.experiments,
        "recurring-runs": server.recurring_runs,
    }[kind]()
    # One more than is listed shows that there are more.
    items = list(islice(found, most + 1))
    if form == "json":
        rows = [
            {
                "id": item.item_id,
                "name": item.name,
                "created": item.created and item.created.isoformat(),
                "about": item.about,
            }
            for item in items[:most]
        ]
        console.json(rows)
    elif items:
        lines = [(item.item_id, day(item.created), item.name, item.about.partition("\n")[0]) for item in items[:most]]
        console.data("\n".join(columns(lines)))
    else:
        console.say(f"the server has no {kind.replace('-', ' ')}")
    if len(items) > most:
        console.say(f"there are more; --max {most * 2} shows them")
