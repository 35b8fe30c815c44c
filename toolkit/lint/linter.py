"""Lint a contract: read it, apply the rules, and drop the findings that its comments ignore."""

from collections.abc import Sequence
from pathlib import Path

from toolkit.errors import MOST_FINDINGS, Finding, FindingsError, Severity
from toolkit.lint.ignores import without_ignored
from toolkit.lint.registries import REGISTRY_RULE, registry_findings
from toolkit.lint.rule import in_order
from toolkit.lint.rules import findings_of
from toolkit.lint.schema import against_schema
from toolkit.lint.selection import EVERY_RULE, Selection
from toolkit.spec.document import read_text
from toolkit.spec.model import Graph
from toolkit.spec.reader import parse_document


def lint_contract(path: Path, selection: Selection = EVERY_RULE) -> tuple[list[Finding], str]:
    """Return the first findings about a contract, and its text. Raises InputError if it cannot be opened."""
    try:
        text = read_text(path)
    except FindingsError as error:
        return list(error.findings), ""
    return first_findings(lint_text(text, path, selection, most=MOST_FINDINGS)), text


def first_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Return the first 1,000 findings about a contract in their order, errors before all others."""
    if len(findings) <= MOST_FINDINGS:
        return list(findings)
    # An error makes the command fail, and so it must not be left out behind a thousand remarks.
    order = list(Severity)
    worst = sorted(range(len(findings)), key=lambda at: order.index(findings[at].severity))
    return [findings[at] for at in sorted(worst[:MOST_FINDINGS])]


def lint_text(text: str, path: Path, selection: Selection = EVERY_RULE, most: int | None = None) -> list[Finding]:
    """Return the findings about a contract's text, which name `path`, and at most `most` of each rule."""
    try:
        document = parse_document(text, path)
    except FindingsError as error:
        # A comment cannot make an unreadable contract acceptable, so none is obeyed.
        return [*error.findings, *against_schema(text, path, error.findings)]
    chosen = selection.at(path)
    found = findings_of(document, chosen.off, most)
    if chosen.is_on(REGISTRY_RULE):
        found += registry_findings(document, chosen.registries)
    kept = without_ignored(found, text, path, off=chosen.off)
    findings = in_order(chosen.applied(kept))
    if isinstance(document.spec.implementation, Graph):
        # The reader takes a graph as data; the schema knows its form.
        findings += against_schema(text, path, ())
    return findings
