"""`comp catalog`: a component registry as web pages."""

import click

from toolkit.cli.groups import LazyGroup

# Name, module under toolkit.cli.catalog, and the line that `comp catalog --help` shows.
COMMANDS = {
    "build": ("build", "Write the pages of a registry into a folder, or bring them up to date."),
    "serve": ("serve", "Show a registry in the browser, and follow its changes."),
}


@click.group(cls=LazyGroup, package="toolkit.cli.catalog", table=COMMANDS, no_args_is_help=True)
def command() -> None:
    """Show a component registry as web pages: search, interfaces, versions, what fits together."""
