"""`comp search`: find components in a registry."""

import json
import os
from collections.abc import Sequence

import click

from toolkit.cli.console import Console, format_option, pass_console, printable
from toolkit.cli.registry_options import registry_option


@click.command
@click.argument("words", nargs=-1)
@registry_option
@format_option
@pass_console
def command(console: Console, *, words: Sequence[str], registry: str | None, form: str) -> int:
    """List the components with all WORDS in their name, title, description, or their ports' names and types.

    Exit code 1 if no component matches.
    """
    import msgspec

    from toolkit.registry.choosing import Registries

    registries = Registries.of(registry, environ=os.environ)
    entries = [entry for _, entry in registries.entries(words)]
    if form == "json":
        console.data(json.dumps(msgspec.to_builtins(entries), indent=2))
    elif entries:
        names = [f"{entry.name}@{entry.version}" for entry in entries]
        width = max(map(len, names))
        for name, entry in zip(names, entries, strict=True):
            summary = printable(entry.description or entry.title, lines=1)
            console.data(f"{name:<{width}}  {summary}".rstrip())
    console.say(f"{len(entries)} component{'s' * (len(entries) != 1)}")
    return 0 if entries else 1
