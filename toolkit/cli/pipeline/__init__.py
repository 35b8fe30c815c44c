"""`comp pipeline`: compile, run, watch and show pipelines."""

import click

from toolkit.cli.groups import LazyGroup

# Name, module under toolkit.cli.pipeline, and the line that `comp pipeline --help` shows.
COMMANDS = {
    "compile": ("compile", "Compile a pipeline to KFP 2 IR, every image by digest."),
    "run": ("run", "Run a pipeline on this machine."),
    "test": ("test", "Run the cases of a pipeline."),
    "graph": ("graph", "Draw a pipeline as one offline page, or as SVG."),
    "upload": ("upload", "Put a compiled pipeline on a KFP server."),
    "list": ("list", "List the pipelines, runs, experiments or recurring runs of a KFP server."),
    "get": ("get", "Show a run and its steps, or a pipeline and its versions."),
    "watch": ("watch", "Follow a run on a KFP server until its end."),
    "artifacts": ("artifacts", "List, show and download what a run on a KFP server has made."),
    "stop": ("stop", "Cancel a run on a KFP server."),
    "recurring-run": ("recurring_run", "Make, pause and delete runs that a KFP server starts by itself."),
    "experiment": ("experiment", "Make, archive and delete experiments of a KFP server."),
}


@click.group(cls=LazyGroup, package="toolkit.cli.pipeline", table=COMMANDS, no_args_is_help=True)
def command() -> None:
    """Compile, run, watch and show pipelines."""
