"""`comp registry verify`: check a registry's files against each other."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option

if TYPE_CHECKING:
    from toolkit.registry.fault import Checked, Fault


@click.command
@registry_option
@format_option
@pass_console
def command(console: Console, *, registry: str | None, form: str) -> int:
    """Check every record, file and mark, and all that is derived from them, against each other.

    Prints each fault with the path of its file and what to do. Nothing is changed. A server is asked again for all that
    it shows, whatever the cache has, and a git repository is read as its last commit has it. Exit code 1 if there is a
    fault.
    """
    from toolkit.errors import UsageError
    from toolkit.registry.fault import Checked
    from toolkit.registry.named import resolve_one
    from toolkit.registry.opening import open_registry
    from toolkit.registry.protocol import Verifiable

    place = resolve_one(registry, environ=os.environ)
    opened = open_registry(place.place, environ=os.environ)
    if not isinstance(opened, Verifiable):
        raise UsageError(f"{place} cannot be verified from here", hint="verify the folder that it is made of")
    checked = Checked()
    if form == "json":
        faults = list(opened.faults(checked))
        console.json({"faults": [_plain(fault) for fault in faults], "checked": _counts(checked)})
    else:
        faults = _printed(console, opened.faults(checked))
    _sum_up(console, len(faults), checked)
    return 1 if faults else 0


def _printed(console: Console, faults: Iterable["Fault"]) -> list["Fault"]:
    """Print faults as they are found, and return them."""
    found = []
    for fault in faults:
        console.data(f"{fault}\n    {fault.help}")
        found.append(fault)
    return found


def _sum_up(console: Console, faults: int, checked: "Checked") -> None:
    """Say how much was checked, and what can go."""
    from toolkit.words import counted

    seen = f"{counted(checked.components, 'component')}, {counted(checked.releases, 'release')}"
    console.say(f"{seen}: {counted(faults, 'fault') if faults else 'no faults'}")
    if checked.scope:
        console.say(f"({checked.scope})")
    if checked.unused:
        console.say(f"{counted(checked.unused, 'file')} of no release: `comp registry gc` removes what is old")


def _plain(fault: "Fault") -> dict[str, object]:
    """Return a fault as JSON data; the keys are part of the command's interface."""
    return {"path": fault.path, "message": fault.message, "help": fault.help, "derived": fault.derived}


def _counts(checked: "Checked") -> dict[str, int | str]:
    """Return what was checked as JSON data."""
    return {
        "components": checked.components,
        "releases": checked.releases,
        "files": checked.files,
        "unused": checked.unused,
        **({"scope": checked.scope} if checked.scope else {}),
    }
