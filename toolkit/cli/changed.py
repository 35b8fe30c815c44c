"""`comp changed`: which components changed since a commit."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.ci_reports import output_file_option, write_outputs, write_summary
from toolkit.cli.console import Console, pass_console

if TYPE_CHECKING:
    from toolkit.collection.changes import Changes


@click.command
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--since", "reference", metavar="REF", required=True, help="A branch, tag or commit to compare with.")
@click.option("--bases", is_flag=True, help="Also ask servers whether the tags of bases moved.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github-matrix", "gitlab"]),
    default="text",
    show_default=True,
    help="text is a path a line; gitlab is a child pipeline.",
)
@click.option("--include", metavar="FILE", help="With gitlab: the file that defines the job .component.")
@output_file_option
@pass_console
def command(
    console: Console,
    *,
    folder: Path,
    reference: str,
    bases: bool,
    form: str,
    include: str | None,
    output_file: Path | None,
) -> None:
    """List the components at and below FOLDER that changed since REF, by content.

    The files on the disk, committed or not, are compared with the merge base of REF and HEAD, so that what others
    changed on REF does not count; REF.. compares with REF itself. A component changed if its code, contract, settings,
    lock or tests did, or settings above it, or a local dependency; -v says which. Nothing is checked out or fetched.

    Outputs for --output-file: any (true or false), count, and matrix.
    """
    from toolkit.collection.change_reports import as_gitlab, as_json, as_matrix, as_paths, reasons_of
    from toolkit.collection.changes import read_changes
    from toolkit.errors import UsageError

    if include and form != "gitlab":
        raise UsageError("--include is for --format gitlab", hint="leave it out")
    changes = read_changes(folder, reference, os.environ, bases=bases)
    here = Path.cwd()
    for notice in changes.start.notices:
        console.warn(notice)
    if form == "json":
        console.data(as_json(changes, reference, here))
    elif form == "gitlab":
        console.data(as_gitlab(changes, here, include))
    elif form == "github-matrix":
        console.data(as_matrix(changes, here))
    elif changes.changed:
        console.data(as_paths(changes, here))
    for change in changes.changed:
        console.detail(f"{change.name}: {reasons_of(change)}")
    for gone in changes.removed:
        console.say(f"removed: {gone.name} ({os.path.relpath(gone.folder)})")
    console.say(_summed_up(changes, reference))
    write_outputs(
        output_file,
        {
            "any": "true" if changes.changed else "false",
            "count": str(len(changes.changed)),
            "matrix": as_matrix(changes, here),
        },
    )
    rows = [(change.name, reasons_of(change)) for change in changes.changed]
    write_summary(f"Changed since {reference}", ("Component", "Changed"), rows)


def _summed_up(changes: "Changes", reference: str) -> str:
    """Return how many components changed, and since which commit."""
    start = changes.start
    if not reference.strip("0 "):
        since = "the beginning"
    elif start.tree.startswith(reference.strip()):
        since = reference.strip()
    else:
        since = f"{reference} ({start.tree[:9]})"
    return f"{len(changes.changed)} of {changes.members} component{'s' * (changes.members != 1)} changed since {since}"
