"""`comp remove`: take components of registries out of this project."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_names import locked_names


@click.command
@click.argument("names", nargs=-1, shell_complete=locked_names, required=True, metavar="NAME...")
@click.option(
    "--force", is_flag=True, help="Also remove copies that were edited; they are kept as component.yaml.orig."
)
@format_option
@pass_console
def command(console: Console, *, names: Sequence[str], force: bool, form: str) -> None:
    """Remove the copies of components, and their entries in components.lock.

    A copy that was edited is an error unless --force is given. Prints what was removed.
    """
    from toolkit.registry.consuming.lock import find_lock, read_lock
    from toolkit.registry.consuming.vendored import remove_component

    folder = find_lock(Path())
    # Each name is there, before the first is removed.
    chosen = dict.fromkeys(str(entry.name) for entry in read_lock(folder).chosen(names))
    results = []
    for name in chosen:
        entry, kept = remove_component(name, folder, force=force)
        if kept:
            console.say(f"the edited copy is kept as {os.path.relpath(kept)}")
        results.append({"name": name, "version": str(entry.version), "kept": os.path.relpath(kept) if kept else None})
        if form == "text":
            console.data(str(entry))
    if form == "json":
        console.json(results)
