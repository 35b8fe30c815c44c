"""`comp generate`: write component.yaml from the code, or check that it is fresh."""

import os
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from toolkit.cli import many
from toolkit.cli.console import Console, pass_console
from toolkit.progress import SUBJECT

if TYPE_CHECKING:
    from toolkit.api.contracts import Generated
    from toolkit.collection.work import Done


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
    from toolkit.api.contracts import generate
    from toolkit.collection.work import Done

    done = generate(folder, environ=os.environ)
    _warn(console, done, top)
    for path in done.texts:
        console.say(f"wrote {_shown(path, top)}")
    if done.is_fresh and not SUBJECT.get():
        console.say("everything is fresh")
    return Done(result="written" if done.texts else "fresh")


def _check(console: Console, folder: Path, top: Path) -> "Done":
    """Print what `_generate` would change."""
    from toolkit.api.contracts import generate
    from toolkit.collection.work import Done

    checked = generate(folder, check=True, environ=os.environ)
    _warn(console, checked, top)
    for path, text in checked.texts.items():
        shown = _shown(path, top)
        # Not `read_text`, which would hide a difference in line ends.
        old = path.read_bytes().decode().splitlines(keepends=True) if path.exists() else []
        console.document("".join(unified_diff(old, text.splitlines(keepends=True), f"a/{shown}", f"b/{shown}")))
    if not SUBJECT.get() and (checked.texts or checked.is_fresh):
        console.say("stale: run `comp generate`" if checked.texts else "everything is fresh")
    result = "stale" if checked.texts else "fresh" if checked.is_fresh else "differs"
    return Done(result=result, code=0 if checked.is_fresh else 1)


def _warn(console: Console, generated: "Generated", top: Path) -> None:
    """Report the defaults that differ from a program's own: its author writes its contract."""
    for finding in generated.findings:
        where = replace(finding.where, path=Path(_shown(finding.where.path, top)))
        console.warn(f"{where}: {finding.message}; {finding.help} [{finding.rule}]")


def _shown(path: Path, top: Path) -> str:
    """Return the path from a folder on."""
    return os.path.relpath(path, os.path.realpath(top))
