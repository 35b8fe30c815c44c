"""Reports on migrated contracts, as text and as data."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import Comparison
from toolkit.errors import Location
from toolkit.migration.together import Outcome


def as_lines(outcome: Outcome) -> Iterator[str]:
    """Yield the lines about one contract: each change with its reason, then what is left, then its callers."""
    migrated = outcome.migrated
    for made in migrated.made if migrated else ():
        yield f"{made.where}: {made.why}{_shown(made.rule)}"
        yield f"    written: {made.written}"
    yield from remaining_lines(outcome)
    if migrated and migrated.comparison:
        for change in migrated.comparison.breaking:
            yield f"{outcome.path}: callers: {change.message} [{change.rule.id}]"


def remaining_lines(outcome: Outcome) -> Iterator[str]:
    """Yield the lines about what a person has to do: why the file cannot be read, or what is left in it."""
    for finding in outcome.findings:
        yield f"{finding.where}: cannot be read: {finding.message} [{finding.rule}]"
        if finding.help:
            yield f"    do: {finding.help}"
    for left in outcome.migrated.left if outcome.migrated else ():
        yield f"{left.where}: by hand: {left.why}{_shown(left.rule)}"
        yield f"    do: {left.advice}"


def summary(outcome: Outcome) -> str:
    """Return `component.yaml: 3 changes, 1 to do by hand; Train: requires a major bump (B201); …`."""
    migrated = outcome.migrated
    if migrated is None:
        return f"{outcome.path}: cannot be read"
    parts = []
    if migrated.made:
        parts.append(f"{len(migrated.made)} change{'s' * (len(migrated.made) != 1)}")
    if migrated.left:
        parts.append(f"{len(migrated.left)} to do by hand")
    if not parts:
        return f"{outcome.path}: nothing to do"
    text = f"{outcome.path}: {', '.join(parts)}"
    return f"{text}; {migrated.comparison.summary()}" if migrated.comparison else text


def diff(outcome: Outcome) -> str:
    """Return the change of one contract as a unified diff; empty without one."""
    if outcome.migrated is None:
        return ""
    old, new = (document.text.splitlines(keepends=True) for document in (outcome.migrated.old, outcome.migrated.new))
    lines = unified_diff(old, new, f"a/{outcome.path}", f"b/{outcome.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def as_data(outcome: Outcome, *, written: bool) -> dict[str, Any]:
    """Return the outcome as JSON data; the keys are part of the command's interface."""
    migrated = outcome.migrated
    return {
        "path": str(outcome.path),
        "changed": outcome.is_changed,
        "written": written,
        "changes": [
            {
                "kind": made.kind,
                **_place(made.where),
                "why": made.why,
                "written": made.written,
                "rule": made.rule or None,
            }
            for made in (migrated.made if migrated else ())
        ],
        "by_hand": [
            {"kind": left.kind, **_place(left.where), "why": left.why, "do": left.advice, "rule": left.rule or None}
            for left in (migrated.left if migrated else ())
        ],
        "callers": _callers(migrated.comparison) if migrated and migrated.comparison else None,
        "findings": [
            {"rule": finding.rule, **_place(finding.where), "message": finding.message, "help": finding.help}
            for finding in outcome.findings
        ],
    }


def _callers(comparison: Comparison) -> dict[str, Any]:
    """Return what callers notice, by the strict measure."""
    return {
        "category": str(Category.STRICT),
        "required_bump": str(comparison.required),
        "breaking": [{"rule": change.rule.id, "message": change.message} for change in comparison.breaking],
    }


def _place(where: Location) -> dict[str, Any]:
    """Return a place as data."""
    return {"line": where.line, "column": where.column}


def _shown(rule: str) -> str:
    """Return the mark of a rule that `comp explain` explains."""
    return f" [{rule}]" if rule else ""
