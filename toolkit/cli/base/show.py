"""`comp base show`: what is in a base."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from toolkit.cli import bars
from toolkit.cli.ages import age
from toolkit.cli.console import Console, columns, format_option, pass_console, printable
from toolkit.words import counted, in_bytes

if TYPE_CHECKING:
    from toolkit.bases.description import BaseDescription
    from toolkit.bases.opening import OpenedBase


@click.command
@click.argument("base", metavar="[BASE|FOLDER]", default=".")
@click.option(
    "--platform", metavar="NAME", help="Which image of several, such as linux/arm64.  [default: this machine's]"
)
@format_option
@pass_console
def command(console: Console, *, base: str, platform: str | None, form: str) -> None:
    """Show what is in a base: its system, Python, C library, user, size, labels and packages.

    BASE is a reference, layout:DIR, archive:FILE, or a name of `comp base list`. FOLDER is a component's, whose base
    is shown as its lock has it; without either it is the current folder. The layers are read, and fetched if they are
    not in the cache.
    """
    from toolkit.bases.description import describe
    from toolkit.bases.opening import full_name, open_base
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform

    with bars.reporting(console) as report:
        context = BuildContext(report=report)
        opened = open_base(full_name(base, context), Platform.parse(platform) if platform else None, context)
        facts = describe(opened.image, context.cache)
    if form == "json":
        document = {"name": opened.name, "platforms": opened.platforms, **to_builtins(facts)}
        console.json(document | {"digest": str(facts.digest)})
        return
    console.data("\n".join(_lines(opened, facts)))
    if facts.lacks:
        console.warn(f"no component in Python runs on it: {facts.lacks}")


def _lines(opened: "OpenedBase", facts: "BaseDescription") -> Iterator[str]:
    """Yield the facts as lines for people."""
    from toolkit.bases.recipe import Recipe

    recipe = Recipe.of_labels(facts.labels)
    days = age(facts.created)
    others = f" of {', '.join(opened.platforms)}" if len(opened.platforms) > 1 else ""
    for label, value in (
        ("name", opened.name),
        ("digest", str(facts.digest)),
        ("platform", f"{facts.platform}{others}"),
        ("created", f"{facts.created} ({days} ago)" if days else facts.created),
        ("system", facts.system),
        ("python", facts.python or "none"),
        ("libc", facts.libc),
        ("user", facts.user or "root"),
        ("size", f"{in_bytes(facts.size)} in {counted(len(opened.image.layers), 'layer')}"),
        ("made by", recipe.command if recipe else ""),
        *(("label", f"{name}={value}") for name, value in sorted(facts.labels.items()) if recipe is None),
    ):
        if value:
            yield f"{label.ljust(9)} {printable(value, lines=1)}"
    yield ""
    yield counted(len(facts.packages), "package")
    yield from columns([(f"  {package.name}", package.version, package.source) for package in facts.packages])
    if facts.distributions:
        yield ""
        yield counted(len(facts.distributions), "Python package")
        yield from columns([(f"  {package.name}", package.version) for package in facts.distributions])
