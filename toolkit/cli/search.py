"""`comp search`: find components in a registry."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console, printable
from toolkit.cli.publish import registry_option


@click.command
@click.argument("words", nargs=-1)
@registry_option
@format_option
@pass_console
def command(console: Console, *, words: Sequence[str], registry: Path, form: str) -> int:
    """List the components with all WORDS in their name, title, description, or their ports' names and types.

    Exit code 1 if no component matches.
    """
    from toolkit.registry.directory import Directory

    releases = [release for release in Directory.open(registry).latest() if release.matches(words)]
    if form == "json":
        console.data(json.dumps([release.to_dict() for release in releases], indent=2))
    elif releases:
        width = max(len(str(release)) for release in releases)
        for release in releases:
            summary = printable(release.description or release.title, lines=1)
            console.data(f"{release!s:<{width}}  {summary}".rstrip())
    console.say(f"{len(releases)} component{'s' * (len(releases) != 1)}")
    return 0 if releases else 1
