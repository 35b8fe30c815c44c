"""What a rule is, and the list of all rules.

Ids and names never change; numbers that are missing are for rules to come.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from toolkit.errors import Location
from toolkit.findings import Finding, Severity
from toolkit.spec.reader import Document

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Remark:
    """What a check gives: the place, what is wrong, what to do; `severity` where it is not the rule's own."""

    where: Location
    message: str
    help: str = ""
    severity: Severity | None = None


Check = Callable[[Document], Iterator[Remark]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. `check` is None where a reader finds it. `bad` and `good` are fragments for `comp explain`."""

    id: str
    name: str
    severity: Severity
    summary: str
    bad: str
    good: str
    check: Check | None = None


RULES: dict[str, Rule] = {}


def rule(id_: str, name: str, severity: Severity, summary: str, *, bad: str, good: str) -> Callable[[Check], Check]:
    """Register the function below as a rule."""

    def register(check: Check) -> Check:
        RULES[id_] = Rule(id=id_, name=name, severity=severity, summary=summary, bad=bad, good=good, check=check)
        return check

    return register


def findings_of(document: Document) -> list[Finding]:
    """Apply every rule; findings come in the order of the document."""
    found = [
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
    return sorted(found, key=lambda finding: (finding.where.line or 0, finding.where.column or 0, finding.rule))
