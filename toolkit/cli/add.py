"""`comp add`: take a component from a registry into this project."""

import os
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.cli.registry_options import registry_option


@click.command
@click.argument("name")
@registry_option
@click.option("--into", metavar="DIRECTORY", default="components", show_default=True, help="The folder for the copies.")
@click.option("--force", is_flag=True, help="Overwrite a copy that was edited.")
@pass_console
def command(console: Console, *, name: str, registry: str | None, into: str, force: bool) -> None:
    """Copy the component NAME[@VERSION] into this project, and lock it.

    The contract is copied unchanged to components/<namespace>/<name>/component.yaml, and components.lock in the
    current folder records version, digest and image. Prints the copy's path.
    """
    from toolkit.registry.choosing import Registries
    from toolkit.registry.names import parse_request
    from toolkit.registry.place import parse_place
    from toolkit.registry.release import CONTRACT
    from toolkit.registry.vendored import LOCK_NAME, add_component, check_names, read_components_lock

    request = parse_request(name)
    lock = read_components_lock(Path(LOCK_NAME))
    bound = {each: parse_place(str(entry["registry"])) for each, entry in lock.items() if "registry" in entry}
    found = Registries.of(registry, environ=os.environ, required=":" not in name).find(request, bound)
    opened, release = found.registry, found.release
    contract = opened.content(release, CONTRACT)
    # Before anything is written, since the registry is another's.
    check_names(release, contract)
    added = add_component(
        release,
        contract,
        requested=request.selector,
        registry=str(opened.place),
        folder=Path.cwd(),
        into=into,
        force=force,
    )
    console.say(f"added {release}" if added.changed else f"{release} is there already")
    console.data(os.path.relpath(added.path))
