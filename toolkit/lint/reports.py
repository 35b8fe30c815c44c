"""Findings as text with the line they are about, as JSON, and as GitHub workflow commands."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.findings import Finding, Severity


def as_text(findings: Sequence[Finding], sources: Mapping[Path, str]) -> str:
    """Write `path:line:col: severity RULE message`, the line, a caret, and the advice."""
    return "\n".join(line for finding in findings for line in _text(finding, sources))


def as_json(findings: Sequence[Finding]) -> str:
    """Write a list of objects, one for each finding."""
    return json.dumps([_plain(finding) for finding in findings], indent=2)


def as_github(findings: Sequence[Finding]) -> str:
    """Write workflow commands that GitHub shows at the line (docs: "Workflow commands for GitHub Actions")."""
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    lines = []
    for finding in findings:
        where = finding.where
        place = [f"file={where.path}"]
        place += [f"line={where.line}"] if where.line else []
        place += [f"col={where.column}"] if where.column else []
        message = finding.message.replace("%", "%25").replace("\n", "%0A")
        lines.append(f"::{levels[finding.severity]} {','.join(place)},title={finding.rule}::{message}")
    return "\n".join(lines)


def _text(finding: Finding, sources: Mapping[Path, str]) -> list[str]:
    lines = [f"{finding.where}: {finding.severity} {finding.rule} {finding.message}"]
    source = sources.get(finding.where.path, "").splitlines()
    line, column = finding.where.line, finding.where.column
    if line and column and line <= len(source):
        # Tabs stay tabs, so that the caret stands below its column.
        blank = "".join("\t" if letter == "\t" else " " for letter in source[line - 1][: column - 1])
        end = finding.where.end_column if finding.where.end_line == line else None
        carets = "^" * max(1, (end or column + 1) - column)
        lines += [f"    {source[line - 1]}", f"    {blank}{carets}"]
    if finding.help:
        lines.append(f"    {finding.help}")
    return lines


def _plain(finding: Finding) -> dict[str, object]:
    where = finding.where
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "path": str(where.path),
        "line": where.line,
        "column": where.column,
        "end_line": where.end_line,
        "end_column": where.end_column,
        "message": finding.message,
        "help": finding.help,
    }
