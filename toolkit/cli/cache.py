"""`comp cache`: show what the cache holds, check it, prune it, carry it to other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from toolkit.cli.cache_export import export_command, import_command
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.cache.pruning import CacheEntry

_DAY = 86400.0


@click.group(invoke_without_command=True)
@format_option
@click.pass_context
def command(ctx: click.Context, *, form: str) -> None:
    """Show where the cache is, and how much it holds of each kind.

    Losing it loses only time. COMP_CACHE_DIR names another folder.
    """
    if ctx.invoked_subcommand is not None:
        return
    from toolkit.cache.pruning import KINDS
    from toolkit.cache.store import Cache

    cache = Cache.default()
    entries = list(cache.entries())
    kinds = {kind: [entry for entry in entries if entry.kind == kind and not entry.leftover] for kind in KINDS}
    kinds["leftovers"] = [entry for entry in entries if entry.leftover]
    console: Console = ctx.obj
    if form == "json":
        counted = {kind: {"count": len(some), "bytes": _bytes(some)} for kind, some in kinds.items()}
        document = {"path": str(cache.root), "bytes": _bytes(entries), "kinds": counted}
        console.json(document)
        return
    lines = [f"{kind:<13}{len(some):>7}  {in_bytes(_bytes(some)):>10}" for kind, some in kinds.items()]
    console.data("\n".join([str(cache.root), *lines]))


@command.command
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="How long an entry may lie unused.",
)
@click.option("--all", "everything", is_flag=True, help="Remove everything, bases included.")
@format_option
@pass_console
def prune(console: Console, *, older_than: float, everything: bool, form: str) -> None:
    """Remove entries that were not used for long, and leftovers.

    Leftovers are what killed builds wrote. Nothing that a running build writes is removed, and while one runs,
    nothing that was used in the last day.
    """
    from toolkit.cache.store import Cache

    gone = Cache.default().prune(older_than=0 if everything else older_than * _DAY)
    console.result(form, "", {"removed": len(gone), "bytes": _bytes(gone)})
    console.say(f"removed {_counted(len(gone), 'entry', 'entries')}, {in_bytes(_bytes(gone))}")


@command.command
@format_option
@pass_console
def verify(console: Console, *, form: str) -> int:
    """Verify every blob, and remove the damaged ones.

    Prints the digest of each damaged blob. Exit code 1 if there was one.
    """
    from toolkit.cache.store import Cache

    damaged = list(Cache.default().damaged())
    for entry in damaged:
        # Another process may have removed it meanwhile.
        entry.path.unlink(missing_ok=True)
    digests = [f"sha256:{entry.path.name}" for entry in damaged]
    console.result(form, "\n".join(digests), {"damaged": digests})
    console.say(
        f"removed {_counted(len(damaged), 'damaged blob', 'damaged blobs')}" if damaged else "every blob is whole"
    )
    return 1 if damaged else 0


command.add_command(export_command)
command.add_command(import_command)


def _bytes(entries: Iterable[CacheEntry]) -> int:
    """Return the size of all entries together."""
    return sum(entry.size for entry in entries)


def _counted(count: int, singular: str, plural: str) -> str:
    """Return a number with its noun."""
    return f"{count} {singular if count == 1 else plural}"
