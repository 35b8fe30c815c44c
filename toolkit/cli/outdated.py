"""`comp outdated`: which components of components.lock have newer releases."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.ci_reports import output_file_option, summary, write_outputs
from toolkit.cli.console import Console, columns, pass_console
from toolkit.cli.registry_names import locked_names
from toolkit.cli.registry_options import nothing_locked, offline_option
from toolkit.words import counted

if TYPE_CHECKING:
    from toolkit.consumers.updates import Update
    from toolkit.registry.consuming.choosing import Registries
    from toolkit.registry.consuming.lock import ComponentsLock
    from toolkit.registry.consuming.standing import Standing

_HEADER = ["component", "locked", "requested", "allowed", "newest"]


@click.command
@click.argument("names", nargs=-1, shell_complete=locked_names, metavar="[NAME|FOLDER]...")
@click.option("--bases", is_flag=True, help="Look at the bases of the components at and below FOLDER instead.")
@offline_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How results are printed.",
)
@output_file_option
@pass_console
def command(console: Console, *, names: Sequence[str], bases: bool, form: str, output_file: Path | None) -> int:
    """List the components of components.lock that have newer releases; by default of all.

    Prints the locked version, the newest one that the request in the lock allows, and the newest of all, each with the
    bump, and the rules of `comp breaking` if callers break. `comp update --dry-run` shows the changes.

    With --bases, list the base images that the components here stand on and that have newer ones: the tag in the lock
    moved, or Debian has newer packages for a base that `comp base` made. Each tag is asked for once. `comp base update
    --check` shows the changes.

    Outputs for --output-file: any (true or false), count, and components.
    """
    if bases:
        from toolkit.cli.outdated_bases import outdated_bases

        return outdated_bases(console, [Path(name) for name in names], form, output_file)
    from toolkit.registry.consuming.choosing import Registries
    from toolkit.registry.consuming.lock import find_lock, read_lock
    from toolkit.registry.consuming.standing import standings

    lock = read_lock(find_lock(Path()))
    registries = Registries.of(None, environ=os.environ, required=False)
    chosen = lock.chosen(names)
    found = [each for each in standings(lock, chosen, registries) if each.update or each.newer]
    results = [_result(each, lock, registries) for each in found]
    rows = [
        [each["name"], each["version"], each["requested"], *(_cell(each[key]) for key in ("allowed", "newest"))]
        for each in results
    ]
    if form == "json":
        console.json(results)
    elif form == "markdown":
        console.document(summary("Outdated components", _HEADER, rows))
    elif results:
        console.data("\n".join(columns([_HEADER, *rows])))
    names = [each["name"] for each in results]
    outputs = {"any": "true" if names else "false", "count": str(len(names)), "components": json.dumps(names)}
    write_outputs(output_file, outputs)
    if not chosen:
        console.say(nothing_locked(lock))
        return 0
    every = counted(len(chosen), "component")
    console.say(f"newer releases for {len(results)} of {every}" if results else f"no newer release for {every}")
    return 0


def _result(standing: "Standing", lock: "ComponentsLock", registries: "Registries") -> dict[str, Any]:
    """Return one component as JSON data; `allowed` and `newest` are null for what is locked already."""
    from toolkit.consumers.updates import updates

    plans = [next(updates(lock, [standing], registries, latest=latest), None) for latest in (False, True)]
    return {
        "name": str(standing.entry.name),
        "version": str(standing.entry.version),
        "requested": standing.entry.requested,
        "allowed": _version(plans[0]),
        "newest": _version(plans[1]),
    }


def _version(update: "Update | None") -> dict[str, Any] | None:
    """Return a newer version as JSON data."""
    if update is None:
        return None
    found = update.found
    return {
        "version": str(update.release.version),
        "bump": str(found.declared) if found and found.declared is not None else None,
        "breaking": update.breaks if found else None,
        "rules": sorted({change.rule.id for change in found.breaking}) if found else [],
    }


def _cell(version: dict[str, Any] | None) -> str:
    """Return a newer version for people."""
    if version is None:
        return "-"
    bump = f" {version['bump']}" if version["bump"] else ""
    breaks = f", breaks: {' '.join(version['rules'])}" if version["breaking"] else ""
    return f"{version['version']}{bump}{breaks}"
