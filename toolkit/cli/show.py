"""`comp show`: show one component of a registry."""

import json
import os
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console, printable
from toolkit.cli.registry_options import registry_option
from toolkit.interface.model import Input, Interface

if TYPE_CHECKING:
    from toolkit.registry.release import Release


@click.command
@click.argument("name")
@registry_option
@format_option
@pass_console
def command(console: Console, *, name: str, registry: str | None, form: str) -> None:
    """Show the component NAME, such as ml/train-model or ml/train-model@^1: its interface, image and versions."""
    from toolkit.registry.choosing import Registries
    from toolkit.registry.names import parse_request
    from toolkit.registry.release import CONTRACT

    found = Registries.of(registry, environ=os.environ, required=":" not in name).find(parse_request(name))
    opened, release = found.registry, found.release
    # Only verified: a damaged release is an error here already, and not first at `comp add`.
    opened.content(release, CONTRACT)
    versions = [str(version) for version in reversed(opened.versions(release.name))]
    if form == "json":
        console.data(json.dumps(release.to_dict() | {"versions": versions}, indent=2))
        return
    console.data("\n".join(_text(release, versions, found.place.short)))


def _text(release: "Release", versions: list[str], registry: str) -> list[str]:
    """Return a release as lines for people."""
    lines = [f"{release}: {printable(release.title, lines=1)}"]
    if release.description:
        lines += ["", printable(release.description)]
    lines += ["", *_interface(release.interface)]
    return [
        *lines,
        f"image:     {printable(release.image, lines=1)}",
        f"digest:    {release.digest}",
        f"published: {printable(release.published, lines=1)}"
        + (f" by {printable(release.by, lines=1)}" if release.by else ""),
        f"versions:  {', '.join(versions)}",
        "",
        f"take it:   comp add {release.name}@^{release.version} --registry {registry}",
    ]


def _interface(interface: Interface) -> list[str]:
    """Write a table of the inputs and one of the outputs, each with an empty line after it."""
    lines = []
    for what, ports in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        rows = []
        for port in ports:
            note = ""
            if isinstance(port, Input):
                note = f"default {port.default}" if port.default is not None else "optional" if port.optional else ""
            row = (port.name, port.type, note, port.description)
            rows.append([" ".join(printable(cell).split()) for cell in row])
        if rows:
            widths = [max(len(row[column]) for row in rows) for column in range(3)]
            lines.append(f"{what}:")
            lines += [
                f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip()
                for row in rows
            ]
            lines.append("")
    return lines
