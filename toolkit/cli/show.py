"""`comp show`: show one component of a registry."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, pass_console
from toolkit.cli.publish import registry_option

if TYPE_CHECKING:
    from toolkit.interface.model import Interface
    from toolkit.registry.release import Release


@click.command
@click.argument("name")
@registry_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@pass_console
def command(console: Console, *, name: str, registry: Path, form: str) -> None:
    """Show NAME, such as ml/train-model or ml/train-model@^1: interface, image, versions."""
    from toolkit.registry.directory import Directory
    from toolkit.registry.names import parse_request

    directory = Directory.open(registry)
    release = directory.find(parse_request(name))
    directory.contract(release)
    versions = [str(version) for version in reversed(directory.versions(release.name))]
    if form == "json":
        console.data(json.dumps(release.to_dict() | {"versions": versions}, indent=2))
        return
    console.data("\n".join(_text(release, versions, registry)))


def _text(release: "Release", versions: list[str], registry: Path) -> list[str]:
    lines = [f"{release}: {release.title}"]
    if release.description:
        lines += ["", *release.description.splitlines()]
    lines += ["", *_interface(release.interface)]
    return [
        *lines,
        f"image:     {release.image}",
        f"digest:    {release.digest}",
        f"published: {release.published}" + (f" by {release.by}" if release.by else ""),
        f"versions:  {', '.join(versions)}",
        "",
        f"take it:   comp add {release.name}@^{release.version} --registry {registry}",
    ]


def _interface(interface: "Interface") -> list[str]:
    lines = []
    for what, ports in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        rows = []
        for port in ports:
            default = getattr(port, "default", None)
            note = f"default {default}" if default is not None else ""
            note = note or ("optional" if getattr(port, "optional", False) else "")
            rows.append((port.name, port.type, note, port.description))
        if rows:
            widths = [max(len(row[column]) for row in rows) for column in range(3)]
            lines.append(f"{what}:")
            lines += [
                f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip()
                for row in rows
            ]
            lines.append("")
    return lines
