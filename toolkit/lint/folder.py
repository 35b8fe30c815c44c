"""Rules about a component's folder: its settings (S001, S002), and contracts that are missing or stale (C099)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.project import Project, read_project
from toolkit.declared.reading import secret_hint
from toolkit.errors import Finding, FindingsError, InputError, Location, Severity
from toolkit.generation import entry_function, stale_files
from toolkit.lint.program_defaults import program_defaults
from toolkit.lint.selection import of_settings
from toolkit.lint.versions import differing_versions
from toolkit.redaction import named_as_secret
from toolkit.spec.reader import parse_component, read_component, read_document


class LintedFolder(Struct, frozen=True, kw_only=True):
    """The contracts that a folder has, and the findings about everything else in it.

    `project` is None if the settings or the code cannot be read.
    """

    contracts: tuple[Path, ...]
    findings: tuple[Finding, ...]
    project: Project | None = None


def lint_folder(folder: Path, *, environ: Mapping[str, str]) -> LintedFolder:
    """Return the folder's contracts, which are not linted here, and the findings about its settings and code.

    Raises InputError for a folder that is not a component's.
    """
    try:
        # An error in the settings becomes a finding, so that the JSON and GitHub reports have it too.
        project = read_project(folder, environ=environ)
    except InputError as error:
        contract = folder / "component.yaml"
        return LintedFolder(contracts=(contract,) if contract.is_file() else (), findings=of_settings(error))
    contracts = tuple(entry.contract for entry in project.entries if entry.contract.is_file())
    missing = tuple(
        _contract_finding(
            entry.contract,
            "the contract is missing",
            "`comp generate` writes it" if entry.entrypoint else "write it: a program's contract is its author's",
        )
        for entry in project.entries
        if entry.contract not in contracts
    )
    try:
        if project.dockerfile:
            project.dockerfile.check()
        stale = stale_files(project, environ)
    except FindingsError as error:
        # The contract's own check reports its problems again, and better.
        unreadable = tuple(finding for finding in error.findings if finding.where.path.suffix != ".yaml")
        return LintedFolder(contracts=contracts, findings=(*missing, *unreadable))
    except InputError as error:
        return LintedFolder(contracts=contracts, findings=(*missing, *of_settings(error)))
    remarks = (entry_function(project, entry, environ).remarks for entry in project.entries if entry.entrypoint)
    advice = "`comp generate` writes it; `comp generate --check` shows the difference"
    return LintedFolder(
        contracts=contracts,
        findings=(
            *missing,
            *_named_as_secrets(project),
            *(finding for each in remarks for finding in each),
            *differing_defaults(project, environ),
            *differing_versions(project),
            *(
                _contract_finding(path, "the contract differs from the code or the settings", advice)
                for path in contracts
                if path in stale and _differs_beyond_version(path, stale[path])
            ),
        ),
        project=project,
    )


def differing_defaults(project: Project, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return the findings about defaults of programs that differ between contract and code, if both are readable."""
    findings: list[Finding] = []
    for entry in project.entries:
        if entry.command and entry.contract.is_file():
            try:
                document = read_document(entry.contract)
            except FindingsError:
                continue
            findings += program_defaults(document, project.source_folder, environ)
    return tuple(findings)


def _differs_beyond_version(path: Path, expected: str) -> bool:
    """Return whether a stale contract differs in more than the version, which is a finding of its own (V605)."""
    now, meant = read_component(path), parse_component(expected, path)
    if "version" not in now.annotations or "version" not in meant.annotations:
        return True
    return replace(now, annotations={**now.annotations, "version": meant.annotations["version"]}) != meant


def _contract_finding(path: Path, message: str, advice: str) -> Finding:
    """Return a C099 about a whole contract."""
    return Finding(rule="C099", severity=Severity.ERROR, message=message, where=Location(path=path), help=advice)


def _named_as_secrets(project: Project) -> Iterator[Finding]:
    """Yield an S002 for each constant whose name is that of a secret; the value may be a harmless one."""
    for entry in project.entries:
        for name in entry.declared.constants:
            if named_as_secret(name):
                yield Finding(
                    rule="S002",
                    severity=Severity.WARNING,
                    message=f"the constant {name} has the name of a secret",
                    where=project.where_declared(entry, "env", name),
                    help=secret_hint(name),
                )
