"""`comp update`: take newer releases of the components in components.lock."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.changes import as_data, change_lines, verdict
from toolkit.cli.console import Console, format_option, pass_console, printable
from toolkit.cli.registry_names import locked_names
from toolkit.cli.registry_options import nothing_locked, offline_option

if TYPE_CHECKING:
    from toolkit.consumers.updates import Broken, Update
    from toolkit.registry.consuming.lock import ComponentsLock
    from toolkit.registry.consuming.standing import Standing


@click.command
@click.argument("names", nargs=-1, shell_complete=locked_names, metavar="[NAME]...")
@click.option(
    "--dry-run", is_flag=True, help="Print what would change, and which pipelines would break; change nothing."
)
@click.option("--latest", is_flag=True, help="Take the newest release, also if the request in the lock excludes it.")
@click.option("--force", is_flag=True, help="Also update edited copies; they are kept as component.yaml.orig.")
@offline_option
@format_option
@pass_console
def command(console: Console, *, names: Sequence[str], dry_run: bool, latest: bool, force: bool, form: str) -> int:
    """Update components of components.lock to the newest releases that their requests allow; by default all.

    Prints for each what changes between the two releases, as `comp breaking` finds it, and the places in this
    project's pipelines that break. A copy that was edited stays as it is, and the exit code is 1. With --dry-run the
    exit code is 1 if an update breaks callers.
    """
    from toolkit.consumers.updates import broken_by, updates
    from toolkit.registry.consuming.choosing import Registries
    from toolkit.registry.consuming.lock import find_lock, read_lock
    from toolkit.registry.consuming.standing import standings
    from toolkit.registry.consuming.vendored import is_edited

    lock = read_lock(find_lock(Path()))
    registries = Registries.of(None, environ=os.environ, required=False)
    standing = list(standings(lock, lock.chosen(names), registries))
    planned = list(updates(lock, standing, registries, latest=latest))
    results = []
    for update in planned:
        broken = broken_by(lock, [update], os.environ)
        refused = not force and is_edited(lock, update.entry, update.release)
        if form == "text":
            console.data("\n".join(_lines(update, broken)))
        if refused:
            advice = "" if dry_run else "; it stays as it is, and --force keeps it beside the new one"
            console.warn(f"{lock.copy_of(update.entry)} was edited{advice}")
        elif not dry_run:
            _apply(console, update, lock, force=force)
        state = "refused" if refused else "planned" if dry_run else "updated"
        results.append(_as_data(update, broken) | {"state": state})
    if form == "json":
        console.json(results)
    elif not planned:
        console.say(_nothing(standing) if standing else nothing_locked(lock))
    _warn_of_yanked(console, [each for each in standing if not any(update.entry == each.entry for update in planned)])
    if dry_run:
        return 1 if any(update.breaks for update in planned) else 0
    return 1 if any(result["state"] == "refused" for result in results) else 0


def _apply(console: Console, update: "Update", lock: "ComponentsLock", *, force: bool) -> None:
    """Write the new copy, and the lock."""
    from toolkit.registry.consuming.vendored import Copying, add_component, check_names

    # Before anything is written, since the registry is another's.
    check_names(update.release, update.contract)
    added = add_component(
        update.release,
        update.contract,
        requested=update.requested,
        registry=update.place.place,
        folder=lock.folder,
        image=update.image,
        copying=Copying(force=force),
    )
    console.say(f"updated {update.entry} to {update.release.version}")
    if added.kept:
        console.say(f"the edited copy is kept as {os.path.relpath(added.kept)}")


def _lines(update: "Update", broken: "list[Broken]") -> list[str]:
    """Return an update as lines: the versions, the changes, the places that break."""
    head = f"{update.entry.name} {update.entry.version} -> {update.release.version}"
    if update.found is None:
        return [f"{head}: not compared"]
    places = (f"  {each.where}: {printable(each.message, lines=1)} [{each.rule}]" for each in broken)
    return [f"{head}: {verdict(update.found)}", *change_lines(update.found), *places]


def _as_data(update: "Update", broken: "list[Broken]") -> dict[str, Any]:
    """Return an update as JSON data."""
    return {
        "name": str(update.entry.name),
        "version": str(update.entry.version),
        "new_version": str(update.release.version),
        "requested": update.requested,
        **as_data(update.found),
        "pipelines": [{"where": each.where, "rule": each.rule, "message": each.message} for each in broken],
    }


def _warn_of_yanked(console: Console, standing: "Sequence[Standing]") -> None:
    """Name the versions that were withdrawn and that no update replaces."""
    for each in standing:
        if each.is_stuck:
            console.warn(
                f"{each.entry} is yanked, and {each.entry.requested} allows no other version; "
                f"`comp show {each.entry.name}` lists them, and `comp add` takes one"
            )


def _nothing(standing: "Sequence[Standing]") -> str:
    """Return why nothing is updated."""
    beyond = [str(each.entry.name) for each in standing if each.newer]
    if beyond:
        return f"nothing newer that the requests allow; --latest takes newer releases of {', '.join(beyond)}"
    return "nothing newer" if any(each.is_stuck for each in standing) else "everything is the newest"
