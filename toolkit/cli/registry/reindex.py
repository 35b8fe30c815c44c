"""`comp registry reindex`: make what is derived from a registry's records again."""

import os

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option, where_its_files_are


@click.command
@registry_option
@format_option
@pass_console
def command(console: Console, *, registry: str | None, form: str) -> None:
    """Make the indexes, the catalogue and KFP's layout again from the records.

    Publishing keeps them up to date; this mends what was damaged or changed by hand. A damaged release is left out
    with a warning.
    """
    from toolkit.errors import UsageError
    from toolkit.registry.named import resolve_one
    from toolkit.registry.opening import open_registry
    from toolkit.registry.protocol import Reindexable
    from toolkit.words import counted

    place = resolve_one(registry, environ=os.environ)
    opened = open_registry(place.place, environ=os.environ)
    if not isinstance(opened, Reindexable):
        raise UsageError(f"{place} cannot be indexed from here", hint=where_its_files_are(place.place, "reindex"))
    indexed = opened.reindex()
    console.result(form, "", {"components": indexed})
    console.say(f"made the indexes of {counted(indexed, 'component')} again")
