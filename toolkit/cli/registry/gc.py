"""`comp registry gc`: remove files that no release has."""

import os

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option, where_its_files_are


@click.command
@registry_option
@click.option("--dry-run", is_flag=True, help="Print what would be removed; change nothing.")
@format_option
@pass_console
def command(console: Console, *, registry: str | None, dry_run: bool, form: str) -> None:
    """Remove files that no release has, and what killed publishers left.

    Files of the last hour stay, since a publisher may be at work on them; so does every file while a record is
    damaged. No release changes. Prints the path of each file.
    """
    from toolkit.errors import UsageError
    from toolkit.registry.named import resolve_one
    from toolkit.registry.opening import open_registry
    from toolkit.registry.protocol import Collectable
    from toolkit.words import counted, in_bytes

    place = resolve_one(registry, environ=os.environ)
    opened = open_registry(place.place, environ=os.environ)
    if not isinstance(opened, Collectable):
        raise UsageError(f"{place} has no files that comp can remove", hint=where_its_files_are(place.place, "gc"))
    garbage = opened.garbage()
    gone = garbage if dry_run or not garbage else opened.collect(garbage)
    size = sum(each.size for each in gone)
    files = [{"path": each.path, "size": each.size} for each in gone]
    document = {"files": files, "bytes": size, "removed": not dry_run}
    console.result(form, "\n".join(each.path for each in gone), document)
    done = "would remove" if dry_run else "removed"
    console.say(f"{done} {counted(len(gone), 'file')}, {in_bytes(size)}")
