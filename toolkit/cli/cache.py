"""`comp cache`: show what the cache holds, check it, prune it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, pass_console
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.cache import Entry

_DAY = 86400.0


@click.group(invoke_without_command=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, *, form: str) -> None:
    """Show where the cache is and how much of what it holds.

    Losing it loses only time. COMP_CACHE_DIR names another folder.
    """
    if ctx.invoked_subcommand is not None:
        return
    from toolkit.cache import KINDS, Cache

    cache = Cache.default()
    entries = list(cache.entries())
    kinds = {kind: [entry for entry in entries if entry.kind == kind and not entry.leftover] for kind in KINDS}
    kinds["leftovers"] = [entry for entry in entries if entry.leftover]
    console: Console = ctx.obj
    if form == "json":
        counted = {kind: {"count": len(some), "bytes": _bytes(some)} for kind, some in kinds.items()}
        document = {"path": str(cache.root), "bytes": _bytes(entries), "kinds": counted}
        console.data(json.dumps(document, indent=2))
        return
    lines = [f"{kind:<13}{len(some):>7}  {in_bytes(_bytes(some)):>10}" for kind, some in kinds.items()]
    console.data("\n".join([str(cache.root), *lines]))


@command.command
@click.option("--older-than", type=click.FloatRange(min=0), default=30.0, show_default=True, metavar="DAYS")
@click.option("--all", "everything", is_flag=True, help="Remove everything, bases too.")
@pass_console
def prune(console: Console, *, older_than: float, everything: bool) -> None:
    """Remove what was not used for DAYS days, and what killed builds left.

    What a running build writes stays; while one runs, what was used in the last day does too.
    """
    from toolkit.cache import Cache

    gone = Cache.default().prune(older_than=0 if everything else older_than * _DAY)
    console.say(f"removed {_counted(len(gone), 'entry', 'entries')}, {in_bytes(_bytes(gone))}")


@command.command
@pass_console
def verify(console: Console) -> int:
    """Read every blob again and remove those that are damaged; exit with 1 when there were any."""
    from toolkit.cache import Cache

    damaged = list(Cache.default().damaged())
    for entry in damaged:
        console.data(f"sha256:{entry.path.name}")
        entry.path.unlink(missing_ok=True)
    console.say(
        f"removed {_counted(len(damaged), 'damaged blob', 'damaged blobs')}" if damaged else "every blob is whole"
    )
    return 1 if damaged else 0


def _bytes(entries: Iterable[Entry]) -> int:
    return sum(entry.size for entry in entries)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
