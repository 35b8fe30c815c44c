"""Lint a contract: read it, apply the rules, and drop the findings that its comments ignore."""

import re
from collections.abc import Sequence
from pathlib import Path

from toolkit.errors import Finding, FindingsError
from toolkit.lint.rules import findings_of
from toolkit.lint.schema import against_schema
from toolkit.lint.selection import EVERY_RULE, Selection
from toolkit.spec.document import LINE_BREAK, read_text
from toolkit.spec.model import Graph
from toolkit.spec.reader import parse_document

_IGNORE = re.compile(r"#\s*comp:ignore\[([A-Z0-9, ]+)\]")


def lint_contract(path: Path, selection: Selection = EVERY_RULE) -> tuple[list[Finding], str]:
    """Return the findings about a contract, and its text. Raises InputError if it cannot be opened."""
    try:
        text = read_text(path)
    except FindingsError as error:
        return list(error.findings), ""
    return lint_text(text, path, selection), text


def lint_text(text: str, path: Path, selection: Selection = EVERY_RULE) -> list[Finding]:
    """Return the findings about a contract's text, which name `path`."""
    try:
        document = parse_document(text, path)
    except FindingsError as error:
        # A comment cannot make an unreadable contract acceptable, so none is obeyed.
        return [*error.findings, *against_schema(text, path, error.findings)]
    lines = LINE_BREAK.split(text)
    chosen = selection.at(path)
    findings = chosen.applied(
        finding for finding in findings_of(document, chosen.off) if not _is_ignored(finding, lines)
    )
    if isinstance(document.spec.implementation, Graph):
        # The reader takes a graph as data; the schema knows its form.
        findings += against_schema(text, path, ())
    return findings


def _is_ignored(finding: Finding, lines: Sequence[str]) -> bool:
    """Return whether the finding's line, or the comment line above it, has `# comp:ignore[RULE] reason`."""
    if finding.where.line is None:
        return False
    near = [*lines[finding.where.line - 1 : finding.where.line]]
    above = finding.where.line - 2
    # The line above counts only if it is a comment: one behind other code is about that line.
    if 0 <= above < len(lines) and lines[above].lstrip().startswith("#"):
        near.append(lines[above])
    ids = {name.strip() for line in near for match in _IGNORE.finditer(line) for name in match[1].split(",")}
    return finding.rule in ids
