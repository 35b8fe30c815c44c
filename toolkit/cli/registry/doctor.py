"""`comp registry doctor`: try what the place of a registry can do."""

import os
import textwrap
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.registry.ability import Ability

_WIDTH = 100


@click.command
@click.argument("place", metavar="[PLACE]", required=False)
@registry_option
@format_option
@pass_console
def command(console: Console, *, place: str | None, registry: str | None, form: str) -> int:
    """Try what PLACE can do for a registry, and say what each result means.

    A folder is tried with files that are removed again. A distribution server is tried in the repository
    comp-doctor/trial below the prefix, with a few artifacts that are deleted where the server permits it. A web server
    and a git repository are only read.

    Exit code 3 if publishing there fails, or is not safe.
    """
    from msgspec import to_builtins

    from toolkit.registry.doctor import examine
    from toolkit.registry.named import resolve_one

    where = resolve_one(place or registry, environ=os.environ).place
    abilities = list(examine(where, environ=os.environ))
    able = all(each.state == "yes" for each in abilities if each.needed)
    if form == "json":
        document = {"place": str(where), "ok": able, "abilities": to_builtins(abilities)}
        console.json(document)
    else:
        console.data(_table(abilities))
        if not able:
            console.warn("a registry does not work here: see the lines with no*")
    return 0 if able else 3


def _table(abilities: "Sequence[Ability]") -> str:
    """Return a line for each ability, with what it means below."""
    width = max(len(each.name) for each in abilities)
    lines = []
    for each in abilities:
        state = f"{each.state}*" if each.needed and each.state != "yes" else each.state
        lines.append(f"{state:<8} {each.name:<{width}}  {each.found}")
        indent = " " * (width + 11)
        lines += textwrap.wrap(each.meaning, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines)
