"""Lint contracts: read, apply the rules, leave out what the file itself says to ignore."""

import re
from collections.abc import Sequence
from pathlib import Path

from toolkit.findings import Finding, FindingsError
from toolkit.lint.rules import findings_of
from toolkit.lint.schema import against_schema
from toolkit.spec.document import LINE_BREAK, read_text
from toolkit.spec.reader import parse_document

_IGNORE = re.compile(r"#\s*comp:ignore\[([A-Z0-9, ]+)\]")


def lint_contract(path: Path) -> tuple[list[Finding], str]:
    """Give the findings about a contract, and its text. Raises InputError when it cannot even be opened."""
    try:
        text = read_text(path)
    except FindingsError as error:
        return list(error.findings), ""
    try:
        found = findings_of(parse_document(text, path))
    except FindingsError as error:
        # What cannot be read cannot be accepted either: no ignoring here.
        return [*error.findings, *against_schema(text, path, error.findings)], text
    lines = LINE_BREAK.split(text)
    return [finding for finding in found if not _ignored(finding, lines)], text


def _ignored(finding: Finding, lines: Sequence[str]) -> bool:
    """Tell whether the finding's line, or the comment line above it, says `# comp:ignore[RULE] reason`."""
    if finding.where.line is None:
        return False
    near = [*lines[finding.where.line - 1 : finding.where.line]]
    above = finding.where.line - 2
    if 0 <= above < len(lines) and lines[above].lstrip().startswith("#"):
        near.append(lines[above])
    ids = {name.strip() for line in near for match in _IGNORE.finditer(line) for name in match[1].split(",")}
    return finding.rule in ids
