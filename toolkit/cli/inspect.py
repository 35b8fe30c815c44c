"""`comp inspect`: look into an image that is already there."""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, columns, pass_console
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from toolkit.inspection import ImageFacts

log = logging.getLogger(__name__)

# What is said to be from then has a fixed time and no age.
_BEGINNING = 1980


@click.command
@click.argument("image", metavar="IMAGE|FOLDER", default=".")
@click.option("--platform", default="linux/amd64", show_default=True, help="Which image of an index.")
@click.option("--packages", is_flag=True, help="Also what each installed package weighs and needs; reads the layers.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@pass_console
def command(console: Console, *, image: str, platform: str, packages: bool, form: str) -> None:
    """Print what IMAGE is: its layers, its base and age, what refers to it, and what the launcher will run.

    IMAGE is a reference, layout:DIR, archive:FILE, or the folder or contract of a component whose image is pinned.
    """
    from toolkit.inspection import inspect_image, open_image
    from toolkit.oci.descriptor import Platform
    from toolkit.tools import Tools

    with bars.reporting(console) as report:
        opened = open_image(image, Platform.parse(platform), Tools(report=report))
        facts = inspect_image(opened, packages=packages)
    if form == "json":
        console.data(json.dumps(asdict(facts) | {"warnings": facts.warnings}, indent=2))
    else:
        console.data("\n".join(_lines(facts)))
    for warning in facts.warnings:
        log.warning("%s", warning)


def _lines(facts: "ImageFacts") -> Iterator[str]:
    total = sum(layer.size for layer in facts.layers)
    for label, value in (
        ("digest", facts.digest),
        ("platform", facts.platform + (f" of {', '.join(facts.platforms)}" if len(facts.platforms) > 1 else "")),
        ("created", facts.created + _age(facts.created)),
        ("base", facts.base),
        ("user", facts.user),
        ("command", " ".join(facts.command)),
        ("libc", _floor(facts)),
        ("size", f"{in_bytes(total)} in {len(facts.layers)} layers"),
    ):
        if value:
            yield f"{label.ljust(9)} {value}"
    yield ""
    yield from columns([(layer.digest[:19], in_bytes(layer.size), layer.made_by) for layer in facts.layers])
    if facts.referrers:
        yield ""
        yield from columns([(one.digest[:19], in_bytes(one.size), one.artifact_type) for one in facts.referrers])
    for name, component in facts.components.items():
        yield ""
        yield f"{name}: {component.get('function') or 'a program'}"
        ports = [("input", port) for port in component["inputs"]] + [("output", port) for port in component["outputs"]]
        yield from columns([("  " + what, port["name"], port["type"], port["kind"]) for what, port in ports])
    if facts.packages is not None:
        yield ""
        yield from columns([(f"{one.name} {one.version}", in_bytes(one.size)) for one in facts.packages])


def _floor(facts: "ImageFacts") -> str:
    """Say what C library there is, and the package that asks for the newest."""
    from toolkit.python.floors import level

    library = (facts.libc or "").partition(" ")[0]
    asking = [one for one in facts.packages or () if library in one.needs]
    if not asking:
        return facts.libc or ""
    newest = max(asking, key=lambda one: level(one.needs[library]))
    return f"{facts.libc}; the packages need {newest.needs[library]} ({newest.name} {newest.version})"


def _age(created: str) -> str:
    """Say how long ago a time is, in days; nothing for what is no time, or the beginning of all times."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return ""
    if moment.tzinfo is None or moment.year <= _BEGINNING:
        return ""
    days = (datetime.now(tz=UTC) - moment).days
    return f" ({days} day{'' if days == 1 else 's'} ago)"
