"""`comp inspect`: look into an existing image."""

import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from toolkit.cli import bars
from toolkit.cli.ages import age
from toolkit.cli.console import Console, columns, format_option, pass_console
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from toolkit.inspection import ImageFacts

log = logging.getLogger(__name__)

# A layer of a million files may have as many problems; JSON lists them all.
_MOST_PROBLEMS = 100


@click.command
@click.argument("image", metavar="[IMAGE|FOLDER]", default=".")
@click.option(
    "--platform", metavar="NAME", help="Which image of an index, such as linux/arm64.  [default: this machine's]"
)
@click.option("--packages", is_flag=True, help="Also print what each package weighs and needs; reads the layers.")
@click.option("--check", is_flag=True, help="Also verify every digest, size and path; exit with 1 on problems.")
@format_option
@pass_console
def command(console: Console, *, image: str, platform: str | None, packages: bool, check: bool, form: str) -> int:
    """Show an image: its layers, base and age, what refers to it, and what the launcher will run.

    IMAGE is a reference, layout:DIR or archive:FILE. FOLDER is a component's folder or contract, whose image is
    pinned; without either it is the current folder. The contents of an image with problems are not shown.

    With --check, the interface of the image is compared with that of the folder's contracts too: a contract that was
    changed and not built again passes what the image does not know.
    """
    from toolkit.api.images import inspect

    with bars.reporting(console) as report:
        facts = inspect(image, platform=platform, packages=packages, check=check, environ=os.environ, progress=report)
    if form == "json":
        console.json(to_builtins(facts) | {"warnings": facts.warnings})
    else:
        console.data("\n".join(_lines(facts)))
    for warning in facts.warnings:
        log.warning("%s", warning)
    if facts.problems is None:
        return 0
    console.say(f"{len(facts.problems)} problem{'s' * (len(facts.problems) != 1)}")
    return 1 if facts.problems else 0


def _lines(facts: "ImageFacts") -> Iterator[str]:
    """Yield the facts as lines for people."""
    total = sum(layer.size for layer in facts.layers)
    for label, value in (
        ("digest", facts.digest),
        ("platform", facts.platform + (f" of {', '.join(facts.platforms)}" if len(facts.platforms) > 1 else "")),
        ("created", _with_age(facts.created)),
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
        yield from columns([(item.digest[:19], in_bytes(item.size), item.artifact_type) for item in facts.referrers])
    for name, component in facts.components.items():
        yield ""
        yield f"{name}: {component.get('function') or 'a program'}"
        ports = [("input", port) for port in component["inputs"]] + [("output", port) for port in component["outputs"]]
        yield from columns([("  " + what, port["name"], port["type"], port["kind"]) for what, port in ports])
    if facts.packages is not None:
        yield ""
        yield from columns([(f"{item.name} {item.version}", in_bytes(item.size)) for item in facts.packages])
    if facts.problems:
        yield ""
        yield from (f"problem: {problem}" for problem in facts.problems[:_MOST_PROBLEMS])
        if len(facts.problems) > _MOST_PROBLEMS:
            yield f"and {len(facts.problems) - _MOST_PROBLEMS} more"


def _floor(facts: "ImageFacts") -> str:
    """Return the C library, and the package that needs the newest one."""
    from toolkit.python.libc_floor import level

    library = (facts.libc or "").partition(" ")[0]
    needing = [package for package in facts.packages or () if library in package.needs]
    if not needing:
        return facts.libc or ""
    newest = max(needing, key=lambda package: level(package.needs[library]))
    return f"{facts.libc}; the packages need {newest.needs[library]} ({newest.name} {newest.version})"


def _with_age(created: str) -> str:
    """Return a time with how long ago it is."""
    days = age(created)
    return f"{created} ({days} ago)" if days else created
