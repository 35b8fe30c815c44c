"""The record of a rule, and the table of all rules.

Ids and names never change; missing numbers are free for new rules.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from toolkit.errors import Finding, Location, Severity
from toolkit.spec.reader import ComponentDocument

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


class Remark(Struct, frozen=True):
    """One result of a check: the place, the problem, and advice; `severity` is None for the rule's own."""

    where: Location
    message: str
    help: str = ""
    severity: Severity | None = None


Check = Callable[[ComponentDocument], Iterator[Remark]]


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. `check` is None if a reader reports it. `bad` and `good` are fragments for `comp explain`."""

    id: str
    name: str
    severity: Severity
    summary: str
    bad: str
    good: str
    check: Check | None = None

    def acceptance(self) -> str:
        """Return how an author accepts a finding of this rule."""
        if self.check is None:
            return "It cannot be ignored."
        return f"To accept it at one place: # comp:ignore[{self.id}] with the reason, on the line or above it."


RULES: dict[str, Rule] = {}


def rule(id_: str, name: str, severity: Severity, summary: str, *, bad: str, good: str) -> Callable[[Check], Check]:
    """Register the decorated check as a rule."""

    def register(check: Check) -> Check:
        """Add the rule to the table, and return its check unchanged."""
        RULES[id_] = Rule(id=id_, name=name, severity=severity, summary=summary, bad=bad, good=good, check=check)
        return check

    return register


def findings_of(document: ComponentDocument) -> list[Finding]:
    """Apply every rule, and return the findings in the order of the document."""
    findings = [
        Finding(
            rule=each.id,
            severity=remark.severity or each.severity,
            message=remark.message,
            where=remark.where,
            help=remark.help,
        )
        for each in RULES.values()
        if each.check is not None
        for remark in each.check(document)
    ]
    # The id decides between findings at one place, so that equal contracts have equal reports.
    return sorted(findings, key=lambda finding: (finding.where.line or 0, finding.where.column or 0, finding.rule))
