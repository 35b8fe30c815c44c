"""`comp base list`: the bases that were made here, and those that components use."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.ages import age
from toolkit.cli.base.differences import SHOWN
from toolkit.cli.console import Console, columns, format_option, pass_console
from toolkit.words import in_bytes, some_of

if TYPE_CHECKING:
    from toolkit.bases.listing import ListedBase

_HEADER = ("name", "digest", "python", "suite", "size", "packages", "age", "used by")


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@format_option
@pass_console
def command(console: Console, *, folder: Path, form: str) -> None:
    """List the bases of the components at and below FOLDER, and those that `comp base create` made into the cache.

    No server is asked, and nothing is fetched: of a base that was never pulled here only the digest is known, and
    `comp base show` reads the rest.
    """
    from toolkit.bases.listing import listed_bases
    from toolkit.bases.used import used_bases
    from toolkit.collection.workspace import NoComponentError, read_workspace
    from toolkit.job.context import BuildContext

    try:
        members = read_workspace(folder, os.environ).members
    except NoComponentError:
        members = ()
    used = used_bases([member.project for member in members if member.project])
    found = list(listed_bases(used, BuildContext()))
    if form == "json":
        console.json([_as_data(base) for base in found])
    elif found:
        console.data("\n".join(columns([_HEADER, *map(_row, found)])))
    for base in found:
        if base.problem:
            console.warn(f"{base.name}: {base.problem}")
    if not found:
        console.say("no base was made here, and no component uses one; `comp base create` makes one")


def _row(base: "ListedBase") -> tuple[str, ...]:
    """Return a base as columns."""
    facts = base.facts
    return (
        base.name,
        base.digest[:SHOWN] or "-",
        (facts.python or "none") if facts else "-",
        (facts.suite or "-") if facts else "-",
        in_bytes(facts.size) if facts else "-",
        str(len(facts.packages)) if facts else "-",
        (age(facts.created) or "-") if facts else "-",
        some_of(base.components) or "-",
    )


def _as_data(base: "ListedBase") -> dict[str, Any]:
    """Return a base as JSON data; what is not known is null."""
    facts = base.facts
    return {
        "name": base.name,
        "held_by": base.held,
        "digest": base.digest or None,
        "platforms": list(base.platforms),
        "python": facts.python if facts else None,
        "libc": facts.libc if facts else None,
        "suite": facts.suite if facts else None,
        "size": facts.size if facts else None,
        "packages": len(facts.packages) if facts else None,
        "created": facts.created if facts else None,
        "components": list(base.components),
        "problem": base.problem or None,
    }
