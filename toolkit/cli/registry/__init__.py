"""`comp registry`: make a component registry, check it and look after it."""

import click

from toolkit.cli.groups import LazyGroup

# Name, module under toolkit.cli.registry, and the line that `comp registry --help` shows.
COMMANDS = {
    "init": ("init", "Make an empty registry."),
    "verify": ("verify", "Check every record, file and index against each other."),
    "reindex": ("reindex", "Make indexes, catalogue and KFP's layout again from the records."),
    "gc": ("gc", "Remove files that no release has."),
    "export": ("export", "Write a copy for a web server."),
    "doctor": ("doctor", "Try what the place of a registry can do."),
}


@click.group(cls=LazyGroup, package="toolkit.cli.registry", table=COMMANDS, no_args_is_help=True)
def command() -> None:
    """Make a component registry, check it and look after it."""
