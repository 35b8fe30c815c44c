"""`comp add`: take a component from a registry into this project."""

import os
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.cli.publish import registry_option


@click.command
@click.argument("name")
@registry_option
@click.option("--into", metavar="DIRECTORY", default="components", show_default=True, help="The folder for the copies.")
@click.option("--force", is_flag=True, help="Overwrite a copy that was edited.")
@pass_console
def command(console: Console, *, name: str, registry: str, into: str, force: bool) -> None:
    """Copy the component NAME[@VERSION] into this project, and lock it.

    The contract is copied unchanged to components/<namespace>/<name>/component.yaml, and components.lock in the
    current folder records version, digest and image. Prints the copy's path.
    """
    from toolkit.registry.finding import find
    from toolkit.registry.names import parse_request
    from toolkit.registry.opening import open_registry
    from toolkit.registry.place import parse_place
    from toolkit.registry.release import CONTRACT
    from toolkit.registry.vendored import add_component, check_names

    opened = open_registry(parse_place(registry), environ=os.environ)
    request = parse_request(name)
    release = find(opened, request)
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
