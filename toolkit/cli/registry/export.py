"""`comp registry export`: write a copy of a registry for a web server."""

import os
from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option


@click.command
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@registry_option
@format_option
@pass_console
def command(console: Console, *, folder: Path, registry: str | None, form: str) -> int:
    """Write a copy of a registry to FOLDER, for any web server.

    comp reads it by its address, and KFP loads components from it without comp:
    load_component_from_url(".../c/NAMESPACE/NAME/versions/tags/VERSION"). The next export adds what is new.
    Damaged releases are left out with a warning, and the exit code is then 1. Prints the folder.
    """
    from toolkit.errors import UsageError
    from toolkit.registry.folder.export import Exportable, export_registry
    from toolkit.registry.named import resolve_one
    from toolkit.registry.opening import open_registry
    from toolkit.words import counted

    place = resolve_one(registry, environ=os.environ)
    opened = open_registry(place.place, environ=os.environ)
    if not isinstance(opened, Exportable):
        raise UsageError(
            f"{place} has no files", hint=f"`comp mirror` copies its releases: comp mirror {place} {folder}"
        )
    exported = export_registry(opened, folder)
    left_out = f", left out {counted(len(exported.left_out), 'damaged part')}" if exported.left_out else ""
    console.say(f"exported {counted(exported.releases, 'release')}{left_out}")
    document = {
        "folder": str(folder),
        "releases": exported.releases,
        "left_out": [str(each) for each in exported.left_out],
    }
    console.result(form, str(folder), document)
    return 1 if exported.left_out else 0
