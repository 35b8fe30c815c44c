"""`comp migrate`: rewrite contracts that only KFP 1.8 takes, so that KFP 2 takes them too."""

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.failures import print_failure
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.words import counted

if TYPE_CHECKING:
    from toolkit.migration.together import Outcome


@click.command
@click.argument("paths", nargs=-1, required=True, metavar="FOLDER|FILE|GLOB...", type=click.Path(path_type=Path))
@click.option("--diff", "as_diff", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if something would change.")
@click.option(
    "--copy-file-outputs",
    is_flag=True,
    help="Put a shell around programs that write outputs to fixed paths; it copies the files.",
)
@format_option
@pass_console
def command(
    console: Console, /, *, paths: tuple[Path, ...], as_diff: bool, check: bool, copy_file_outputs: bool, form: str
) -> int:
    """Rewrite contracts of KFP 1.8 in place, so that KFP 2 takes them too.

    Only what KFP 2 refuses changes; comments, order and quotes stay. Each change is printed with its reason, with what
    it means for callers, and with what is left to do by hand. Give a whole collection at once: the types of its ports
    change together. In a folder, the contracts below it are meant. A module of Python, FILE.py, is rewritten too:
    functions that KFP 1.8 makes components of. Exit code 1 if something is left to do by hand.
    """
    if as_diff and form == "json":
        raise UsageError("--diff is a form of its own", hint="leave out --diff or --format")
    from toolkit.collection.contracts import contracts_below
    from toolkit.migration.reports import as_data, summary
    from toolkit.migration.together import migrate_together, write

    writes = not (as_diff or check)
    code, data = 0, []
    states: Counter[str] = Counter()
    for outcome in migrate_together(
        contracts_below(paths, os.environ), os.environ, copy_file_outputs=copy_file_outputs
    ):
        written = False
        if writes and outcome.is_changed:
            try:
                write(outcome)
                written = True
            except (InputError, OutsideError) as error:
                code = max(code, print_failure(error))
        states[_state(outcome, written=written, writes=writes)] += 1
        code = max(code, int(not outcome.is_done or (outcome.is_changed and not writes)))
        data.append(as_data(outcome, written=written))
        if form == "text":
            _print(console, outcome, as_diff=as_diff)
        if outcome.is_changed or not outcome.is_done:
            console.say(summary(outcome))
    if form == "json":
        console.json({"files": data})
    console.say(_sum(states))
    return code


def _print(console: Console, outcome: "Outcome", *, as_diff: bool) -> None:
    """Print the changes of one contract with their reasons; or as a diff on stdout, and what is left on stderr."""
    from toolkit.migration.reports import as_lines, diff, remaining_lines

    if as_diff:
        if text := diff(outcome):
            console.document(text)
        for line in remaining_lines(outcome):
            console.say(line)
    elif lines := list(as_lines(outcome)):
        console.data("\n".join(lines))


def _state(outcome: "Outcome", *, written: bool, writes: bool) -> str:
    """Return what became of one file; empty if there was nothing to change."""
    if outcome.migrated is None:
        return "cannot be read"
    if not outcome.is_changed:
        return ""
    if not writes:
        return "would be rewritten"
    return "rewritten" if written else "not written"


def _sum(states: Counter[str]) -> str:
    """Return the last line of the report."""
    parts = [f"{count} {state}" for state, count in sorted(states.items(), reverse=True) if state]
    return f"{counted(states.total(), 'file')}: {', '.join(parts) or 'nothing to change'}"
