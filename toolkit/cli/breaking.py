"""`comp breaking`: what changed in contracts, whom it breaks, and the version that it requires."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, findings, many
from toolkit.cli.console import Console, pass_console
from toolkit.cli.registry_options import registry_option
from toolkit.errors import InputError, Severity, UsageError
from toolkit.system.paths import real

if TYPE_CHECKING:
    from toolkit.breaking.change import Category
    from toolkit.breaking.images import InImage
    from toolkit.breaking.survey import Survey


@click.command
@click.argument("paths", nargs=-1, metavar="[FOLDER|FILE]...", type=click.Path(path_type=Path))
@click.option(
    "--against",
    required=True,
    metavar="REF",
    help="The earlier version: a commit, a file, a folder, NAME@VERSION of a registry, or an image.",
)
@many.every_option
@click.option(
    "--category",
    type=click.Choice(["strict", "pipeline", "compile"]),
    default="pipeline",
    show_default=True,
    help="What must stay: names and order too; compiling and meaning; compiling.",
)
@click.option("--even-with-bump", is_flag=True, help="Exit with 1 on breaking changes that the version allows, too.")
@registry_option
@click.option(
    "--consumers",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Pipelines, graphs, locks, or a folder of them: print which of them break, and where. May be repeated.",
)
@click.option(
    "--write-changelog",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add the changes to a changelog, under the new version.",
)
@findings.format_option
@pass_console
def command(
    console: Console,
    /,
    *,
    paths: Sequence[Path],
    against: str,
    every: bool,
    category: str,
    even_with_bump: bool,
    registry: str | None,
    consumers: tuple[Path, ...],
    write_changelog: Path | None,
    form: str,
) -> int:
    """Compare contracts with their earlier versions; by default those of the current folder.

    REF is a branch, a tag or a commit (the merge base with HEAD counts, `REF..` is the commit itself), an earlier
    contract or folder, a release such as ml/train@^1, or an image that comp built. Prints what breaks callers, and
    with -v every change; on stderr the version bump that is required. Exit code 1 if the version does not allow the
    changes, or is unknown and something breaks. With --consumers: 1 if a consumer breaks, whatever the version.
    """
    from toolkit.breaking.change import Category
    from toolkit.breaking.earlier import open_earlier
    from toolkit.breaking.survey import as_data, survey

    paths = paths or (Path(),)
    contracts, nothing_left = _contracts(paths, every=every)
    around = paths[0] if paths[0].is_dir() else paths[0].parent
    earlier, notices = open_earlier(
        against, environ=os.environ, folder=around, registry=registry, open_image=partial(_image, console)
    )
    for notice in notices:
        console.warn(notice)
    folders = [path for path in paths if every and path.is_dir()]
    found = survey(contracts, earlier, category=Category(category), folders=folders)
    if nothing_left and not found.findings:
        raise nothing_left
    if write_changelog:
        _write(console, found, write_changelog)
    if consumers:
        return _of_consumers(console, found, consumers, Category(category), form)
    if form == "json":
        console.json(as_data(found))
    else:
        _print(console, found, form)
    return 1 if _fails(found, even_with_bump=even_with_bump) else 0


def _image(console: Console, name: str) -> "InImage":
    """Open an image as the earlier version of what it runs."""
    from toolkit.breaking.images import InImage
    from toolkit.inspection import inspect_image, open_image
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import host_platform

    with bars.reporting(console) as report:
        opened = open_image(name, host_platform(), BuildContext(report=report))
        facts = inspect_image(opened, packages=False)
    version = facts.labels.get("org.opencontainers.image.version", "")
    platforms = facts.platforms or (facts.platform,)
    return InImage(image=name, components=facts.components, available=platforms, version=version)


def _of_consumers(console: Console, found: "Survey", paths: Sequence[Path], category: "Category", form: str) -> int:
    """Print which consumers break, and return the exit code."""
    from toolkit.consumers.changed import changed_components
    from toolkit.consumers.check import as_data, check_consumers

    checked = check_consumers(paths, changed_components(found, os.environ), category=category, environ=os.environ)
    if form == "json":
        console.json(as_data(checked))
    elif text := findings.written(form, checked.findings, checked.sources()):
        console.data(text)
    for unknown in checked.unknown:
        console.warn(f"{unknown.where}: {unknown.message}")
    for line in found.summaries():
        console.say(line)
    console.say(checked.summary())
    return 1 if any(finding.severity is Severity.ERROR for finding in checked.findings) else 0


def _contracts(paths: Sequence[Path], *, every: bool) -> tuple[list[Path], InputError | None]:
    """Return the contracts that are meant, in order, each once; and the error for a collection that has none now."""
    from toolkit.collection.contracts import contracts_of_collections, contracts_of_components

    contracts, nothing_left = (
        contracts_of_collections(paths, os.environ) if every else (contracts_of_components(paths), None)
    )
    return list(dict.fromkeys(map(_shown, contracts))), nothing_left


def _shown(path: Path) -> Path:
    """Name a file from the current folder, as editors and CI want it; elsewhere by its whole path."""
    resolved = real(path)
    return resolved.relative_to(Path.cwd()) if resolved.is_relative_to(Path.cwd()) else path


def _print(console: Console, found: "Survey", form: str) -> None:
    """Print findings on stdout, and on stderr what each component requires."""
    least = Severity.INFO if console.verbosity > 0 else Severity.WARNING
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    shown = [each for each in found.all_findings() if order.index(each.severity) <= order.index(least)]
    if text := findings.written(form, shown, found.sources):
        console.data(text)
    for path, reason in found.unreadable:
        console.warn(f"{path} is not compared: its earlier version cannot be read: {reason}")
    for path in found.added:
        console.say(f"{path} is new")
    for line in found.summaries():
        console.say(line)
    if not (found.comparisons or found.added or found.unreadable or found.findings):
        console.say("nothing changed")


def _fails(found: "Survey", *, even_with_bump: bool) -> bool:
    """Return whether the changes are refused."""
    if even_with_bump and found.is_breaking:
        return True
    return any(finding.severity is Severity.ERROR for finding in found.all_findings())


def _write(console: Console, found: "Survey", path: Path) -> None:
    """Add the changes of the one component that changed to a changelog."""
    from datetime import UTC, datetime

    from toolkit.breaking.changelog import write_changelog

    if len(found.comparisons) > 1:
        raise UsageError(
            f"--write-changelog is for one component, and {len(found.comparisons)} changed",
            hint="name the folder of one",
        )
    for each in found.comparisons:
        if each.declared is not None and not each.is_allowed:
            console.say(f"{path} stays as it is: the version {each.versions[1]} does not allow the changes")
            continue
        new = write_changelog(path, each, datetime.now(UTC).date())
        console.say(f"wrote {path}" if new else f"{path} has the version {each.versions[1]} already")
