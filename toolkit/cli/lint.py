"""`comp lint`: check contracts and settings."""

from collections.abc import Sequence
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.findings import Finding, FindingsError, Severity


@click.command
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings, too.")
@pass_console
def command(console: Console, *, paths: Sequence[Path], form: str, strict: bool) -> int:
    """Check component folders and contract files; without PATHS this folder.

    Findings go to stdout, with file, line and column. Exit code 1 when there is an error among them. A folder's
    settings are checked too, and that its contracts say what its code says.
    """
    from toolkit.lint.linter import lint_contract
    from toolkit.lint.reports import as_github, as_json, as_text

    findings: list[Finding] = []
    sources: dict[Path, str] = {}
    for path in paths or (Path(),):
        if path.is_dir():
            contracts, more = _folder(path)
            findings += more
        else:
            contracts = [path]
        for contract in contracts:
            found, sources[contract] = lint_contract(contract)
            findings += found
    if form == "json":
        console.data(as_json(findings))
    elif findings:
        console.data(as_text(findings, sources) if form == "text" else as_github(findings))
    counts = {severity: sum(one.severity is severity for one in findings) for severity in Severity}
    console.say(", ".join(f"{count} {severity}{'s' * (count != 1)}" for severity, count in counts.items()))
    return 1 if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]) else 0


def _folder(folder: Path) -> tuple[list[Path], list[Finding]]:
    """List a component's contracts, and say which of them are missing or stale (C099)."""
    from toolkit.config import read_project
    from toolkit.errors import Location
    from toolkit.scaffold.contract import stale_files

    project = read_project(folder)
    contracts = [_shown(entry.contract) for entry in project.entries]
    try:
        stale = stale_files(project)
    except FindingsError as error:
        return [path for path in contracts if path.is_file()], [
            one for one in error.findings if one.where.path.suffix != ".yaml"
        ]
    findings = []
    for path, entry in zip(contracts, project.entries, strict=True):
        if not path.is_file() or entry.contract in stale:
            problem = "the contract does not say what the code says" if path.is_file() else "there is no contract"
            advice = "`comp generate` writes it; `comp generate --check` shows the difference"
            where = Location(path=path)
            findings.append(Finding(rule="C099", severity=Severity.ERROR, message=problem, where=where, help=advice))
    return [path for path in contracts if path.is_file()], findings


def _shown(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
