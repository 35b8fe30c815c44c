"""`comp base update`: what newer bases bring, and taking them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, many
from toolkit.cli.base.differences import NO_SCAN, in_words, standing_data, standing_lines
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.failures import print_failure
from toolkit.errors import CompError, InputError

if TYPE_CHECKING:
    from toolkit.bases.standing import Standing
    from toolkit.bases.used import UsedBase
    from toolkit.job.context import BuildContext


@click.command
@click.argument("names", nargs=-1, metavar="[FOLDER|BASE]...")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if there is something newer.")
@format_option
@pass_console
def command(console: Console, *, names: Sequence[str], check: bool, form: str) -> int:
    """Take the newest bases for the components at and below FOLDER, by default the current one.

    Prints what each newer base changes: Python, size, and the packages of its system, with a mark and CVEs for those
    of Debian's security archive. The digest of the new base is written into the lock; the component's own packages
    stay as they are where they fit.

    BASE is layout:DIR or a name of `comp base list`: a base that `comp base create` made, and that is made anew from
    the packages that Debian has now.
    """
    from toolkit.bases.standing import standings
    from toolkit.job.context import BuildContext

    with bars.reporting(console) as report:
        context = BuildContext(report=report)
        found = standings(_used(names, context), context, most_fetched=None)
    newer = [each for each in found if each.is_newer]
    for each in newer if form == "text" else ():
        console.data("\n".join(standing_lines(each)))
    code = _print_problems(console, found, context)
    if newer and not check:
        code = max(code, _take(console, newer, context), _remake(console, newer, context))
    if form == "json":
        console.json([standing_data(each) for each in found])
    _sum_up(console, found, check=check)
    return max(code, 1 if check and newer else 0)


def _used(names: Sequence[str], context: "BuildContext") -> "list[UsedBase]":
    """Return the bases that are meant: those of components below folders, and those on this disk."""
    from toolkit.bases.opening import full_name
    from toolkit.bases.remaking import base_on_disk
    from toolkit.collection.members_bases import bases_below
    from toolkit.config.project import is_on_disk

    folders, bases = [], []
    for name in names or (".",):
        place = name if Path(name).is_dir() else full_name(name, context)
        if is_on_disk(place):
            bases.append(base_on_disk(place))
        elif Path(name).is_dir():
            folders.append(Path(name))
        else:
            raise InputError(
                f"{name} is neither a folder nor a base on this disk",
                hint="name the folder of the components that stand on it, or layout:DIR",
            )
    return [*(bases_below(folders, os.environ) if folders else ()), *bases]


def _print_problems(console: Console, found: "Sequence[Standing]", context: "BuildContext") -> int:
    """Print why bases are unknown or cannot be taken, and return the exit code."""
    code = 0
    for each in found:
        if each.state == "newer packages" and each.recipe and each.base.reference:
            platforms = context.remote().platforms(each.base.reference, context.cache) or (each.base.platform,)
            console.warn(
                f"{each.base.name} has to be made anew: `{each.recipe.command} --platform "
                f"{','.join(map(str, platforms))} --push {each.base.name}`, and then `comp base update` takes it"
            )
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


def _remake(console: Console, newer: "Sequence[Standing]", context: "BuildContext") -> int:
    """Make bases on this disk anew, and return the exit code."""
    from toolkit.bases.remaking import remake

    code = 0
    for each in newer:
        if each.recipe and each.base.held == "disk":
            try:
                built = remake(each.base.name, each.recipe, context)
            except CompError as error:
                code = max(code, print_failure(error))
            else:
                console.say(f"made {built.digest}")
    return code


def _sum_up(console: Console, found: "Sequence[Standing]", *, check: bool) -> None:
    """Print how many bases have newer ones."""
    newer = any(each.is_newer for each in found)
    if any(change for each in found if each.found for change in each.found.security):
        console.say(NO_SCAN)
    if newer and not check:
        return
    console.say(in_words(found) + ("; `comp base update` takes them" if check and newer else ""))
