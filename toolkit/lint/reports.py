"""Findings as text with the line they are about, as JSON, and as GitHub workflow commands."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.findings import Finding, Severity
from toolkit.spec.document import LINE_BREAK

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_WIDEST, _BEFORE = 160, 60


def as_text(findings: Sequence[Finding], sources: Mapping[Path, str]) -> str:
    """Write `path:line:col: severity RULE message`, the line, a caret, and the advice."""
    # Split once: a contract may have as many findings as lines.
    lines = {path: LINE_BREAK.split(text) for path, text in sources.items()}
    return "\n".join(line for finding in findings for line in _text(finding, lines.get(finding.where.path, ())))


def as_json(findings: Sequence[Finding]) -> str:
    """Write a list of objects, one for each finding."""
    return json.dumps([_plain(finding) for finding in findings], indent=2)


def as_github(findings: Sequence[Finding]) -> str:
    """Write workflow commands that GitHub shows at the line (docs: "Workflow commands for GitHub Actions")."""
    lines = []
    for finding in findings:
        where = finding.where
        place = {
            "file": str(where.path),
            "line": where.line,
            "col": where.column,
            "endLine": where.end_line,
            "endColumn": where.end_column,
            "title": finding.rule,
        }
        properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in place.items() if value)
        message = _escaped(f"{finding.message}\n{finding.help}".strip())
        lines.append(f"::{_LEVELS[finding.severity]} {properties}::{message}")
    return "\n".join(lines)


def _escaped(text: str, more: str = "") -> str:
    for letter in f"%\r\n{more}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text


def _text(finding: Finding, source: Sequence[str]) -> list[str]:
    lines = [f"{finding.where}: {finding.severity} {finding.rule} {finding.message}"]
    line, column = finding.where.line, finding.where.column
    if line and column and line <= len(source):
        end = finding.where.end_column if finding.where.end_line == line else None
        lines += _snippet(source[line - 1], column - 1, max(1, (end or column + 1) - column))
    if finding.help:
        lines.append(f"    {finding.help}")
    return lines


def _snippet(line: str, start: int, length: int) -> list[str]:
    """Show the line, or the part of a long one around the place, with carets below the place."""
    first = max(0, start - _BEFORE) if len(line) > _WIDEST else 0
    shown = line[first : first + _WIDEST]
    # Tabs stay tabs, so that the caret stands below its column.
    blank = "".join("\t" if letter == "\t" else " " for letter in shown[: start - first])
    return [f"    {shown}".rstrip(), f"    {blank}{'^' * min(length, max(1, len(shown) - len(blank)))}"]


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
