"""`comp add`: take components from registries into this project."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import nothing_locked, offline_option, registry_option
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.registry.consuming.adding import Added


@click.command
@click.argument("names", nargs=-1, metavar="NAME[@VERSION]...")
@registry_option
@offline_option
@click.option("--into", metavar="FOLDER", help="The folder for the copies.  [default: components]")
@click.option("--force", is_flag=True, help="Replace a copy that was edited; it is kept as component.yaml.orig.")
@click.option("--locked", is_flag=True, help="Write the copies that components.lock has; by default all of them.")
@click.option("--dry-run", is_flag=True, help="Print what would be added; change nothing.")
@format_option
@pass_console
def command(
    console: Console,
    *,
    names: Sequence[str],
    registry: str | None,
    into: str | None,
    force: bool,
    locked: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Copy components into this project, and lock them.

    VERSION is 1.2.3, a range such as ^1 or ~1.2, a digest sha256:…, or 1.2.3#sha256:…; without it, the newest one and
    those that are compatible with it. The contract is copied unchanged to components/<namespace>/<name>/component.yaml,
    and components.lock records version, digest, image and registry: the nearest one above, or a new one beside the
    project's pyproject.toml. Prints the copies' paths. An edited copy is never replaced unless --force is given.
    """
    from toolkit.api.registries import add
    from toolkit.registry.consuming.lock import find_lock, read_lock

    if not names and not locked:
        raise UsageError("no component is named", hint="comp add NAME, or comp add --locked for all of components.lock")

    def announce(added: "Added") -> None:
        """Say what was added as it is: a later one may fail."""
        done = "would add" if dry_run else "added"
        console.say(f"{done} {added.release}" if added.changed else f"{added.release} is there already")
        if added.kept:
            console.say(f"the edited copy is kept as {os.path.relpath(added.kept)}")

    every = add(
        *names,
        registry=registry,
        into=into,
        force=force,
        locked=locked,
        dry_run=dry_run,
        environ=os.environ,
        remark=console.warn,
        announce=announce,
    )
    if form == "json":
        console.json([_as_data(added) for added in every])
    elif not every:
        console.say(nothing_locked(read_lock(find_lock(Path()))))
    else:
        console.data("\n".join(os.path.relpath(added.path) for added in every))


def _as_data(added: "Added") -> dict[str, Any]:
    """Return a component that was added as JSON data."""
    return {
        "name": str(added.release.name),
        "version": str(added.release.version),
        "digest": str(added.release.digest),
        "image": added.release.image,
        "requested": added.requested,
        "registry": added.registry,
        "path": os.path.relpath(added.path),
        "previous": str(added.previous) if added.previous else None,
        "changed": added.changed,
    }
