"""`comp search`: find components in a registry."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.cli.publish import registry_option
from toolkit.cli.show import printable


@click.command
@click.argument("words", nargs=-1)
@registry_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@pass_console
def command(console: Console, *, words: Sequence[str], registry: Path, form: str) -> int:
    """List the components that have all WORDS in their name, description, or their ports' names and types.

    Exit code 1 when there is none.
    """
    from toolkit.registry.directory import Directory

    wanted = [word.lower() for word in words]
    found = []
    for release in Directory.open(registry).latest():
        ports = [f"{port.name} {port.type}" for port in release.interface.inputs]
        ports += [f"{port.name} {port.type}" for port in release.interface.outputs]
        text = " ".join([str(release.name), release.title, release.description, *ports]).lower()
        if all(word in text for word in wanted):
            found.append(release)
    if form == "json":
        console.data(json.dumps([release.to_dict() for release in found], indent=2))
    elif found:
        width = max(len(str(release)) for release in found)
        for release in found:
            summary = printable(release.description or release.title, lines=1)
            console.data(f"{release!s:<{width}}  {summary}".rstrip())
    console.say(f"{len(found)} component{'s' * (len(found) != 1)}")
    return 0 if found else 1
