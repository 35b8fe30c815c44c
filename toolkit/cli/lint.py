"""`comp lint`: check contracts and settings."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from toolkit.cli import findings as reports
from toolkit.cli import lint_baseline, lint_fixes, lint_options, many
from toolkit.cli.console import Console, pass_console
from toolkit.cli.failures import print_failure
from toolkit.errors import Severity

if TYPE_CHECKING:
    from toolkit.collection.linting import Linted
    from toolkit.lint.selection import Overrides


@click.command
@click.argument("paths", nargs=-1, metavar="[FOLDER|FILE|GLOB]...", type=click.Path(path_type=Path))
@reports.format_option
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@lint_fixes.fix_option
@lint_fixes.unsafe_option
@lint_fixes.diff_option
@lint_options.select_option
@lint_options.ignore_option
@lint_baseline.baseline_option
@lint_baseline.write_option
@many.every_option
@many.since_option
@many.jobs_option
@pass_console
def command(
    console: Console,
    /,
    *,
    paths: tuple[Path, ...],
    form: str,
    strict: bool,
    fix: bool,
    unsafe: bool,
    diff: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    write_baseline: Path | None,
    every: bool,
    since: str | None,
    jobs: int | None,
) -> int:
    """Check component folders and contract files; by default the current folder.

    Findings go to stdout, with file, line, column and rule; `comp explain RULE` says more. Exit code 1 if one is an
    error. Of a component's folder, the settings are checked too, and whether its contracts are fresh. In any other
    folder, every contract and component below it is checked, except hidden files and those that git ignores. A GLOB
    in quotes may have `**`.
    """
    asked = many.Asked(folders=paths, every=every, since=since, jobs=jobs)
    asked.check()
    overrides = lint_options.overrides(select, ignore)
    fixing = lint_fixes.Fixing(fix=fix, unsafe=unsafe, diff=diff, form=form)
    printed = reports.Report(console, form)
    known = lint_baseline.Baseline(baseline, write_baseline, overrides, diff=diff)
    work = _members if every else _paths
    return work(console, asked, printed, _Chosen(overrides=overrides, known=known, fixing=fixing, strict=strict))


class _Chosen(Struct, frozen=True, kw_only=True):
    """What counts: the rules that the command line chooses, the findings that are known; with `strict`, warnings."""

    overrides: "Overrides"
    known: lint_baseline.Baseline
    fixing: lint_fixes.Fixing
    strict: bool


def _members(console: Console, asked: many.Asked, printed: reports.Report, chosen: _Chosen) -> int:
    """Check the components of a collection, and print a table of them."""
    from toolkit.api.contracts import lint_each
    from toolkit.collection.targets import Target
    from toolkit.collection.work import Done
    from toolkit.collection.work import Outcome as MemberOutcome

    # Unreadable settings are findings here.
    members = [replace(member, problem=None) for member in asked.members()]
    report = many.Report(console, "comp lint", members, asked)
    targets = (Target(path=member.folder, is_folder=True) for member in members)
    linted_all = lint_each(targets, chosen.overrides, jobs=asked.at_once, fixes=chosen.fixing.asked)
    outcomes = chosen.known.new(linted_all)
    for member, each in zip(members, outcomes, strict=True):
        linted = each.linted
        done = None
        if linted:
            result, code = _printed(console, printed, linted, chosen)
            done = Done(result=result, code=code)
        seconds = linted.seconds if linted else 0
        report.add(MemberOutcome(member=member, seconds=seconds, done=done, failure=each.failure))
    _end(console, printed, chosen)
    return report.end()


def _paths(console: Console, asked: many.Asked, printed: reports.Report, chosen: _Chosen) -> int:
    """Check what the paths stand for. A path that stands for nothing is an error, and the others are checked."""
    from toolkit.api.contracts import lint_each
    from toolkit.collection.targets import Targets, no_contract

    paths = tuple(dict.fromkeys(asked.folders or (Path(),)))
    code, empty = 0, set(range(len(paths)))
    targets = Targets(paths, os.environ)
    linted_all = lint_each(targets, chosen.overrides, jobs=asked.at_once, fixes=chosen.fixing.asked)
    for each in chosen.known.new(linted_all):
        if each.failure:
            empty.discard(each.target.asked)
            code = max(code, print_failure(each.failure))
        elif each.linted and each.linted.sources:
            empty.discard(each.target.asked)
            code = max(code, _printed(console, printed, each.linted, chosen)[1])
    for number in sorted(empty - targets.repeated):
        code = max(code, print_failure(no_contract(paths[number])))
    _end(console, printed, chosen)
    return code


def _printed(console: Console, printed: reports.Report, linted: "Linted", chosen: _Chosen) -> tuple[str, int]:
    """Print the findings at one place, or what fixes would change there; return what that means, and the exit code."""
    changes = chosen.fixing.add(linted, console)
    if chosen.fixing.only_shows:
        return "to be fixed" if changes else "clean", int(changes)
    printed.add(linted.findings, linted.sources, linted.faults, linted.contracts)
    result, code = _meaning(linted, strict=chosen.strict)
    if failed := chosen.fixing.failed(linted):
        return "not fixed", max(code, failed)
    return result, code


def _end(console: Console, printed: reports.Report, chosen: _Chosen) -> None:
    """Print what waits for the end, and the sums."""
    chosen.fixing.end(console)
    if not chosen.fixing.only_shows:
        printed.end()
        for line in filter(None, (printed.sums(), printed.fixable())):
            console.say(line)
        chosen.known.end(console)


def _meaning(linted: "Linted", *, strict: bool) -> tuple[str, int]:
    """Return what findings mean for a report on many, and the exit code."""
    severities = {finding.severity for finding in (*linted.faults, *linted.findings)}
    wrong = Severity.ERROR in severities or (strict and Severity.WARNING in severities)
    result = "clean"
    for severity in (Severity.WARNING, Severity.ERROR):
        if severity in severities:
            result = f"with {severity}s"
    return result, int(wrong)
