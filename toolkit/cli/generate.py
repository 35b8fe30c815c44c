"""`comp generate`: write component.yaml from the code, or check that it is fresh."""

import os
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from toolkit.cli import many
from toolkit.cli.console import Console, pass_console
from toolkit.errors import Severity
from toolkit.progress import SUBJECT

if TYPE_CHECKING:
    from toolkit.collection.work import Done
    from toolkit.config.project import Project


@click.command
@many.options
@click.option("--check", is_flag=True, help="Change nothing; print a diff and exit with 1 if a file is stale.")
@pass_console
def command(console: Console, /, *, asked: many.Asked, check: bool) -> int:
    """Write the contracts of the functions in FOLDER, and the interface tables of its README.

    The code and pyproject.toml decide everything but the image and others' annotations. Comments stay until the
    contract changes. A program's contract is its author's; a default that differs from the program's own is reported,
    and makes --check exit with 1.
    """
    work = _check if check else _generate
    if asked.alone:
        return work(console, asked.alone, asked.alone).code
    return many.report_on(console, "comp generate", asked, lambda member: work(console, member.folder, Path()))


def _generate(console: Console, folder: Path, top: Path) -> "Done":
    """Write what is not fresh; paths are shown from `top`."""
    from toolkit.collection.work import Done
    from toolkit.generation import generate

    project, differs = _read(console, folder, top)
    written = generate(project, os.environ)
    for path in written:
        console.say(f"wrote {_shown(path, top)}")
    if not written and not differs and not SUBJECT.get():
        console.say("everything is fresh")
    return Done(result="written" if written else "fresh")


def _check(console: Console, folder: Path, top: Path) -> "Done":
    """Print what `_generate` would change."""
    from toolkit.collection.work import Done
    from toolkit.generation import stale_files

    project, differs = _read(console, folder, top)
    stale = stale_files(project, os.environ)
    for path, text in stale.items():
        shown = _shown(path, top)
        # Not `read_text`, which would hide a difference in line ends.
        old = path.read_bytes().decode().splitlines(keepends=True) if path.exists() else []
        console.document("".join(unified_diff(old, text.splitlines(keepends=True), f"a/{shown}", f"b/{shown}")))
    if not SUBJECT.get() and (stale or not differs):
        console.say("stale: run `comp generate`" if stale else "everything is fresh")
    result = "stale" if stale else "differs" if differs else "fresh"
    return Done(result=result, code=1 if stale or differs else 0)


def _read(console: Console, folder: Path, top: Path) -> "tuple[Project, bool]":
    """Read the settings, and report defaults that differ from a program's own: return whether one is an error."""
    from toolkit.config.project import read_project
    from toolkit.lint.folder import differing_defaults
    from toolkit.lint.selection import selection_of

    project = read_project(folder, environ=os.environ)
    differing = selection_of(project.folder).applied(differing_defaults(project, os.environ))
    for finding in differing:
        # Its author writes a program's contract, so nothing is changed in it.
        where = replace(finding.where, path=Path(_shown(finding.where.path, top)))
        console.warn(f"{where}: {finding.message}; {finding.help} [{finding.rule}]")
    return project, any(finding.severity is Severity.ERROR for finding in differing)


def _shown(path: Path, top: Path) -> str:
    """Return the path from a folder on."""
    return os.path.relpath(path, os.path.realpath(top))
