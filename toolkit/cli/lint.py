"""`comp lint`: check contracts and settings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.errors import InputError, Location
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
            for finding in map(_located, more):
                findings.append(finding)
                sources[finding.where.path] = _text_of(finding.where.path)
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
    """List a component's contracts; find wrong settings (S001), wrong code, missing and stale contracts (C099).

    Raises InputError when the folder is no component at all.
    """
    from toolkit.config import read_project
    from toolkit.scaffold.contract import entry_function, stale_files
    from toolkit.scaffold.missing import missing_imports

    try:
        project = read_project(folder)
    except InputError as error:
        return [path for path in [folder / "component.yaml"] if path.is_file()], [_of_settings(error)]
    contracts = {_shown(entry.contract): entry for entry in project.entries}
    present = [path for path in contracts if path.is_file()]
    findings = [
        Finding(
            rule="C099",
            severity=Severity.ERROR,
            message="there is no contract",
            where=Location(path=path),
            help="`comp generate` writes it" if entry.entrypoint else "write it: a program's contract is its author's",
        )
        for path, entry in contracts.items()
        if path not in present
    ]
    try:
        stale = stale_files(project)
    except FindingsError as error:
        # What is wrong with a contract is found again, and better, by its own check.
        return present, findings + [one for one in error.findings if one.where.path.suffix != ".yaml"]
    except InputError as error:
        return present, [*findings, _of_settings(error)]
    findings += missing_imports(project)
    for entry in project.entries:
        findings += entry_function(project, entry).remarks if entry.entrypoint else ()
    advice = "`comp generate` writes it; `comp generate --check` shows the difference"
    for path in present:
        if contracts[path].contract in stale:
            problem, where = "the contract does not say what the code says", Location(path=path)
            findings.append(Finding(rule="C099", severity=Severity.ERROR, message=problem, where=where, help=advice))
    return present, findings


def _of_settings(error: InputError) -> Finding:
    if error.where is None:
        raise error
    return Finding(
        rule="S001", severity=Severity.ERROR, message=error.message, where=error.where, help=error.hint or ""
    )


def _text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""


def _located(finding: Finding) -> Finding:
    return replace(finding, where=replace(finding.where, path=_shown(finding.where.path)))


def _shown(path: Path) -> Path:
    """Name a file from here, as editors and CI want it; elsewhere by its whole path."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
