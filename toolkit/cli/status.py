"""`comp status`: how the components of components.lock stand."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.console import Console, columns, format_option, pass_console, printable
from toolkit.cli.registry_names import locked_names
from toolkit.cli.registry_options import nothing_locked, offline_option
from toolkit.words import counted

if TYPE_CHECKING:
    from toolkit.registry.consuming.lock import ComponentsLock
    from toolkit.registry.consuming.standing import Standing

# What to do about each state in which a component needs a change, by the state's name.
_ADVICE = {
    "MISSING": "`comp add --locked` writes the copy again",
    "CORRUPTED": "`comp add --locked --force` takes the release again; its publisher knows why a digest differs",
    "MODIFIED": "`comp add --locked --force` takes the release again, and keeps yours as component.yaml.orig",
    "YANKED": "`comp update` takes another version if the request allows one; `comp show NAME` lists all",
    "DEPRECATED": "`comp add` takes the successor, and `comp remove` this one",
    "OUTDATED": "`comp update --dry-run` shows what a newer version changes",
}


@click.command
@click.argument("names", nargs=-1, shell_complete=locked_names, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Exit with 1 for OUTDATED and DEPRECATED, too.")
@click.option("--local", is_flag=True, help="Compare the copies with components.lock alone, and ask no registry.")
@offline_option
@format_option
@pass_console
def command(console: Console, *, names: Sequence[str], check: bool, local: bool, form: str) -> int:
    """Print how each component of components.lock is; by default all.

    MISSING: its copy is not there. CORRUPTED: the copy is no contract, or the release has another digest in the
    registry. MODIFIED: the copy was edited. YANKED, DEPRECATED: its publisher withdrew the version, or the component.
    OUTDATED: there is a newer version. OK: none of them. Exit code 1 if a component is in one of the first four.
    """
    from toolkit.registry.consuming.choosing import Registries
    from toolkit.registry.consuming.lock import find_lock, read_lock
    from toolkit.registry.consuming.standing import WRONG, State, standings

    lock = read_lock(find_lock(Path()))
    registries = None if local else Registries.of(None, environ=os.environ, required=False)
    found = list(standings(lock, lock.chosen(names), registries))
    if form == "json":
        console.json([as_data(each, lock) for each in found])
    elif found:
        rows = [(each.states[0].value, str(each.entry), printable("; ".join(each.remarks), lines=1)) for each in found]
        console.data("\n".join(columns(rows)))
    refused = WRONG | {State.OUTDATED, State.DEPRECATED} if check else WRONG
    wrong = sum(not refused.isdisjoint(each.states) for each in found)
    if form == "text":
        console.say(_sum(wrong, len(found)) if found else nothing_locked(lock))
        for state in State:
            if state in refused and any(state is each.states[0] for each in found):
                console.say(f"{state.value}: {_ADVICE[state.value]}")
    return 1 if wrong else 0


def _sum(wrong: int, every: int) -> str:
    """Return how many components there are, and how many of them need something."""
    components = counted(every, "component")
    return f"{wrong} of {components} {'needs' if wrong == 1 else 'need'} a change" if wrong else components


def as_data(standing: "Standing", lock: "ComponentsLock") -> dict[str, Any]:
    """Return how a component stands as JSON data."""
    entry, known = standing.entry, standing.known
    return {
        "name": str(entry.name),
        "version": str(entry.version),
        "state": standing.states[0].value,
        "states": [state.value for state in standing.states],
        "reasons": list(standing.remarks),
        "requested": entry.requested,
        "registry": entry.registry,
        "path": os.path.relpath(lock.copy_of(entry)),
        "allowed": str(known.allowed) if known and known.allowed else None,
        "newest": str(known.newest) if known and known.newest else None,
    }
