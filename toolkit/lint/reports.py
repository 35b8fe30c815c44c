"""Findings as text with their lines of the file, and as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.edits import Applicability, Fix
from toolkit.errors import Finding
from toolkit.spec.document import lines_of

_WIDEST, _BEFORE = 160, 60


def as_text(findings: Sequence[Finding], sources: Mapping[Path, str]) -> str:
    """Return `path:line:col: severity RULE message`, the line, a caret, and the advice, for each finding."""
    # Split once: a contract may have as many findings as lines.
    lines = {path: lines_of(text) for path, text in sources.items()}
    return "\n".join(line for finding in findings for line in _text(finding, lines.get(finding.where.path, ())))


def as_json(findings: Sequence[Finding]) -> str:
    """Return a JSON list with an object for each finding."""
    return json.dumps([_plain(finding) for finding in findings], indent=2)


def as_json_lines(findings: Sequence[Finding]) -> str:
    """Return an object a line, one for each finding."""
    return "\n".join(json.dumps(_plain(finding)) for finding in findings)


def _text(finding: Finding, source: Sequence[str]) -> list[str]:
    """Return the lines of one finding; those of the source only if its place is known and still there."""
    # As ruff does it: a star for what `--fix` alone would fix.
    star = "[*] " if finding.fix and finding.fix.applicability is Applicability.SAFE else ""
    lines = [f"{finding.where}: {finding.severity} {finding.rule} {star}{finding.message}"]
    line, column = finding.where.line, finding.where.column
    if line and column and line <= len(source):
        end = finding.where.end_column if finding.where.end_line == line else None
        lines += _snippet(source[line - 1], column - 1, max(1, (end or column + 1) - column))
    if finding.help:
        lines.append(f"    {finding.help}")
    return lines


def _snippet(line: str, start: int, length: int) -> list[str]:
    """Return the line, or the part of a long one around the place, and carets below the place."""
    first = max(0, start - _BEFORE) if len(line) > _WIDEST else 0
    shown = line[first : first + _WIDEST]
    # Tabs stay tabs, so that the caret is below its column.
    blank = "".join("\t" if letter == "\t" else " " for letter in shown[: start - first])
    return [f"    {shown}".rstrip(), f"    {blank}{'^' * min(length, max(1, len(shown) - len(blank)))}"]


def _plain(finding: Finding) -> dict[str, object]:
    """Return a finding as JSON data; the keys are part of the command's interface."""
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
        "fix": _fix(finding.fix) if finding.fix else None,
    }


def _fix(fix: Fix) -> dict[str, object]:
    """Return a fix as JSON data: the text of each change takes the place of what is between the two places."""
    return {
        "title": fix.title,
        "applicability": str(fix.applicability),
        "changes": [
            {
                "line": each.start.line,
                "column": each.start.column,
                "end_line": each.end.line,
                "end_column": each.end.column,
                "text": each.text,
            }
            for each in fix.changes
        ],
    }
