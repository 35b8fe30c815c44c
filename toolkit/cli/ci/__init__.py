"""`comp ci`: components in continuous integration."""

import click

from toolkit.cli.groups import LazyGroup

# Name, module under toolkit.cli.ci, and the line that `comp ci --help` shows.
COMMANDS = {
    "init": ("init", "Write the definition for a CI platform."),
}


@click.group(cls=LazyGroup, package="toolkit.cli.ci", table=COMMANDS, no_args_is_help=True)
def command() -> None:
    """Write what a CI platform needs to build, test and push components."""
