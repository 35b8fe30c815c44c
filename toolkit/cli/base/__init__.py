"""`comp base`: base images for components."""

import click

from toolkit.cli.groups import LazyGroup

# Name, module under toolkit.cli.base, and the line that `comp base --help` shows.
COMMANDS = {
    "create": ("create", "Make a base image with Python from Debian packages."),
    "list": ("list", "List the bases that were made here, and those that components use."),
    "show": ("show", "Show what is in a base: its Python, C library and packages."),
    "update": ("update", "Show what newer bases bring, and take them."),
}


@click.group(cls=LazyGroup, package="toolkit.cli.base", table=COMMANDS, default="create")
def command() -> None:
    """Make base images, and keep those of components up to date.

    Without a command, `comp base` is `comp base create`.
    """
