"""Names that a shell completes: of configured registries, and of the components in the lock."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.errors import CompError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def registry_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Return the configured registries that begin so; without one the shell completes folders."""
    del ctx, param
    from click.shell_completion import CompletionItem

    from toolkit.registry.named import configured_places

    try:
        places = configured_places(Path.cwd(), os.environ)
    except CompError:
        places = ()
    found = [place for place in places if place.name and place.name.startswith(incomplete)]
    return [CompletionItem(place.name, help=str(place.place)) for place in found] or [
        CompletionItem(incomplete, type="dir")
    ]


def locked_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Return the components of the lock that a word may mean, with or without the namespace."""
    del ctx, param
    from click.shell_completion import CompletionItem

    from toolkit.registry.consuming.lock import find_lock, read_lock

    try:
        entries = read_lock(find_lock(Path())).components.values()
    except CompError:
        return []
    return [
        CompletionItem(str(entry.name), help=str(entry.version))
        for entry in entries
        if str(entry.name).startswith(incomplete) or entry.name.name.startswith(incomplete)
    ]
