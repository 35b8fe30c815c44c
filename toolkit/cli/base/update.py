"""`comp base update`: what newer bases bring, and taking them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, many
from toolkit.cli.base.differences import NO_SCAN, in_words, standing_data, standing_lines
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.failures import print_failure

if TYPE_CHECKING:
    from toolkit.bases.standing import Standing
    from toolkit.job.context import BuildContext


@click.command
@click.argument("folders", nargs=-1, metavar="[FOLDER]...", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if there is a newer base.")
@format_option
@pass_console
def command(console: Console, *, folders: Sequence[Path], check: bool, form: str) -> int:
    """Take the newest bases for the components at and below FOLDER, by default the current one.

    Prints what each newer base changes: Python, size, and the packages of its system with their versions. The digest
    of the new base is written into the lock; the component's own packages stay as they are where they fit.
    """
    from toolkit.bases.standing import standings
    from toolkit.collection.members_bases import bases_below
    from toolkit.job.context import BuildContext

    with bars.reporting(console) as report:
        context = BuildContext(report=report)
        found = standings(bases_below(folders or (Path(),), os.environ), context, most_fetched=None)
    newer = [each for each in found if each.is_newer]
    for each in newer if form == "text" else ():
        console.data("\n".join(standing_lines(each)))
    code = _print_problems(console, found)
    if newer and not check:
        code = max(code, _take(console, newer, context))
    if form == "json":
        console.data(json.dumps([standing_data(each) for each in found], indent=2))
    _sum_up(console, found, check=check)
    return max(code, 1 if check and newer else 0)


def _print_problems(console: Console, found: "Sequence[Standing]") -> int:
    """Print why bases are unknown or cannot be taken, and return the exit code."""
    code = 0
    for each in found:
        if each.state == "unknown" and each.problem:
            code = max(code, print_failure(each.problem))
        if each.is_newer and each.now and each.base.held == "settings":
            console.warn(
                f"{', '.join(each.base.names)}: the settings name {each.base.name} by digest; "
                f"write {each.base.name}@{each.now.digest} there to take the newer one"
            )
    return code


def _take(console: Console, newer: "Sequence[Standing]", context: "BuildContext") -> int:
    """Write the digests into the locks, and return the exit code."""
    from toolkit.collection.base_updates import take_newest_bases

    projects = [project for each in newer if each.base.held == "lock" for project in each.base.components]
    failures = take_newest_bases(projects, context)
    code = 0
    for project in projects:
        with many.about(project):
            if failure := failures[project.folder]:
                code = max(code, print_failure(failure))
            else:
                console.say(f"locked the newest base in {project.lock_file.name}")
    return code


def _sum_up(console: Console, found: "Sequence[Standing]", *, check: bool) -> None:
    """Print how many bases have newer ones."""
    newer = any(each.is_newer for each in found)
    if any(change for each in found if each.found for change in each.found.security):
        console.say(NO_SCAN)
    console.say(in_words(found) + ("; `comp base update` takes them" if check and newer else ""))
