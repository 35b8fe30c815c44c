"""`comp lint`: check contracts and settings."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from toolkit.cli import findings as reports
from toolkit.cli import lint_options, many
from toolkit.cli.console import Console, pass_console
from toolkit.errors import Finding, Location, Severity

if TYPE_CHECKING:
    from toolkit.collection.work import Done
    from toolkit.collection.workspace import Member
    from toolkit.lint.selection import Overrides


@click.command
@click.argument("paths", nargs=-1, metavar="[FOLDER|FILE]...", type=click.Path(path_type=Path))
@reports.format_option
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@lint_options.select_option
@lint_options.ignore_option
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
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    every: bool,
    since: str | None,
    jobs: int | None,
) -> int:
    """Check component folders and contract files; by default the current folder.

    Findings go to stdout, with file, line and column. Exit code 1 if one is an error. Of a folder, the settings are
    checked too, and whether its contracts are fresh.
    """
    linted: dict[Path, _Linted] = {}
    report = None
    asked = many.Asked(folders=paths, every=every, since=since, jobs=jobs)
    asked.check()
    overrides = lint_options.overrides(select, ignore)
    if every:

        def work(member: "Member") -> "Done":
            """Lint one component, and keep its findings: they are printed in the order of the components."""
            linted[member.folder] = _linted(member.folder, overrides)
            return linted[member.folder].done(strict=strict)

        # Unreadable settings are findings here.
        members = [replace(member, problem=None) for member in asked.members()]
        paths = tuple(member.folder for member in members)
        report = many.Report(console, "comp lint", members, asked)
        report.add_all(members, work)
    else:
        paths = tuple(dict.fromkeys(paths or (Path(),)))
        linted = {path: _linted(path, overrides) for path in paths}
    whole = [linted[path] for path in paths if path in linted]
    # Several folders may have the same faulty settings above them.
    findings = [*dict.fromkeys(finding for each in whole for finding in each.findings)]
    if text := reports.written(form, findings, {path: text for each in whole for path, text in each.sources.items()}):
        console.data(text)
    counts = {severity: sum(finding.severity is severity for finding in findings) for severity in Severity}
    console.say(", ".join(f"{count} {severity}{'s' * (count != 1)}" for severity, count in counts.items()))
    return report.end() if report else max(each.done(strict=strict).code for each in whole)


class _Linted(Struct, frozen=True, kw_only=True):
    """What the linter finds at one path, and the texts of the files that it has read there."""

    findings: tuple[Finding, ...]
    sources: Mapping[Path, str]

    def done(self, *, strict: bool) -> "Done":
        """Return what that means for the exit code, and for a report on many."""
        from toolkit.collection.work import Done

        severities = {finding.severity for finding in self.findings}
        wrong = Severity.ERROR in severities or (strict and Severity.WARNING in severities)
        result = "clean"
        for severity in (Severity.WARNING, Severity.ERROR):
            if severity in severities:
                result = f"with {severity}s"
        return Done(result=result, code=int(wrong))


def _linted(path: Path, overrides: "Overrides") -> _Linted:
    """Lint a component's folder, or a contract."""
    from toolkit.lint.folder import selection_and_faults
    from toolkit.lint.linter import lint_contract

    selection, faults = selection_and_faults(path if path.is_dir() else path.parent, overrides)
    findings = [replace(finding, where=_shown(finding.where)) for finding in faults]
    sources = {finding.where.path: _text_of(finding.where.path) for finding in findings}
    contracts: Sequence[Path] = [path]
    if path.is_dir():
        contracts, more = _folder(path)
        findings += selection.applied(finding for finding in more if finding not in findings)
        sources |= {finding.where.path: _text_of(finding.where.path) for finding in more}
    for contract in contracts:
        more, sources[contract] = lint_contract(contract, selection)
        findings += more
    return _Linted(findings=tuple(findings), sources=sources)


def _folder(folder: Path) -> tuple[list[Path], list[Finding]]:
    """Return a component's contracts and the findings about its settings and code, named from the current folder."""
    from toolkit.lint.folder import lint_folder
    from toolkit.scaffold.missing_imports import missing_imports

    linted = lint_folder(folder, environ=os.environ)
    # Here and not in `lint_folder`: lint is below scaffold on the ladder and must not import it.
    findings = [*linted.findings, *(missing_imports(linted.project, os.environ) if linted.project else ())]
    return [_named(path) for path in linted.contracts], [
        replace(finding, where=_shown(finding.where)) for finding in findings
    ]


def _text_of(path: Path) -> str:
    """Return the text of a file that has findings; empty if it is missing, which may be the finding."""
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""


def _shown(where: Location) -> Location:
    """Return a place whose file is named from the current folder."""
    return replace(where, path=_named(where.path))


def _named(path: Path) -> Path:
    """Name a file from the current folder, as editors and CI want it; elsewhere by its whole path."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
