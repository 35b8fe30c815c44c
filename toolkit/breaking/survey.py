"""Compare many contracts with their earlier versions, and give the result as data."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import Comparison, compare, version_of, version_place
from toolkit.breaking.earlier import Earlier, Released
from toolkit.breaking.platforms import platform_changes, platforms_on_disk
from toolkit.breaking.rules import CHANGES
from toolkit.errors import Finding, FindingsError, Location, Severity
from toolkit.spec.document import read_text
from toolkit.spec.reader import ComponentDocument, parse_document


class Survey(Struct, frozen=True, kw_only=True):
    """The comparisons of contracts that changed, and of the others how many there are.

    `added` are contracts without an earlier version. `unreadable` are contracts whose earlier version cannot be read,
    with the reason. `findings` are those about contracts that cannot be read now, or are gone.
    """

    comparisons: tuple[Comparison, ...]
    unchanged: int
    added: tuple[Path, ...]
    unreadable: tuple[tuple[Path, str], ...]
    findings: tuple[Finding, ...]
    sources: dict[Path, str]

    def all_findings(self) -> list[Finding]:
        """Return every finding, in the order of the contracts."""
        return [*(finding for each in self.comparisons for finding in each.findings()), *self.findings]

    def summaries(self) -> list[str]:
        """Return a line for each component that changed; the path comes first where a name is that of several."""
        names = Counter(each.name for each in self.comparisons)
        return [
            f"{each.where.path}: {each.summary()}" if names[each.name] > 1 else each.summary()
            for each in self.comparisons
        ]

    @property
    def is_breaking(self) -> bool:
        """Whether a change breaks callers, the versions aside."""
        return any(each.breaking for each in self.comparisons) or any(
            finding.rule == "B305" for finding in self.findings
        )


def survey(contracts: Sequence[Path], earlier: Earlier, *, category: Category, folders: Sequence[Path] = ()) -> Survey:
    """Compare contracts with their earlier versions; below `folders` also report the ones that are gone."""
    comparisons: list[Comparison] = []
    added: list[Path] = []
    unreadable: list[tuple[Path, str]] = []
    findings: list[Finding] = []
    sources: dict[Path, str] = {}
    changed = [contract for contract in contracts if not earlier.unchanged(contract)]
    unchanged, moved = len(contracts) - len(changed), set()
    earlier.prepare(changed)
    for contract in changed:
        try:
            sources[contract] = read_text(contract)
            new = parse_document(sources[contract], contract)
        except FindingsError as error:
            findings += error.findings
            continue
        try:
            old = earlier.of(contract)
        except FindingsError as error:
            unreadable.append((contract, f"{error.where}: {error.message}"))
            continue
        if old is None:
            added.append(contract)
            continue
        moved.add(old.path)
        platforms = earlier.platforms(contract)
        more = platform_changes(contract, platforms, platforms_on_disk(contract)) if platforms else ()
        found = compare(old, new, category=category, more=tuple(more))
        findings += taken_versions(earlier, new)
        if found.changes:
            comparisons.append(found)
        else:
            unchanged += 1
    findings += [_gone(folder, path) for folder in folders for path in earlier.removed(folder, moved)]
    return Survey(
        comparisons=tuple(comparisons),
        unchanged=unchanged,
        added=tuple(added),
        unreadable=tuple(unreadable),
        findings=tuple(findings),
        sources=sources,
    )


def taken_versions(earlier: Earlier, new: ComponentDocument) -> Iterator[Finding]:
    """Yield a finding if a release has the new version already, with another content."""
    version = version_of(new)
    release = earlier.taken(new, version) if isinstance(earlier, Released) and version else None
    if release:
        yield Finding(
            rule="V604",
            severity=Severity.ERROR,
            message=f"{release} is published already with other content: {release.digest}",
            where=version_place(new),
            help="releases never change; raise the version",
        )


def _gone(folder: Path, path: str) -> Finding:
    """Return the finding about a contract that is gone."""
    rule = CHANGES["B305"]
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        message="the contract is gone",
        where=Location(path=folder / path),
        help="those who use it keep their release; a moved component keeps its name",
    )


def as_data(found: Survey) -> dict[str, Any]:
    """Return the result as JSON data; the keys are part of the command's interface."""
    return {
        "components": [_comparison_as_data(each) for each in found.comparisons],
        "added": [str(path) for path in found.added],
        "unchanged": found.unchanged,
        "unreadable": [{"path": str(path), "reason": reason} for path, reason in found.unreadable],
        "findings": [
            {
                "rule": finding.rule,
                "severity": str(finding.severity),
                "message": finding.message,
                "path": str(finding.where.path),
                "line": finding.where.line,
            }
            for finding in found.findings
        ],
    }


def _comparison_as_data(found: Comparison) -> dict[str, Any]:
    """Return one comparison as JSON data."""
    old, new = (str(version) if version else None for version in found.versions)
    return {
        "name": found.name,
        "path": str(found.where.path),
        "category": str(found.category),
        "old_version": old,
        "new_version": new,
        "required_bump": str(found.required),
        "declared_bump": None if found.declared is None else str(found.declared),
        "allowed": found.is_allowed,
        "changes": list(_changes_as_data(found)),
    }


def _changes_as_data(found: Comparison) -> Iterator[dict[str, Any]]:
    """Yield the changes of one comparison as JSON data."""
    for change in found.changes:
        yield {
            "rule": change.rule.id,
            "name": change.rule.name,
            "breaking": change.breaks_in(found.category),
            "severity": str(change.severity_in(found.category)),
            "bump": str(change.bump_in(found.category)),
            "breaks_compiling_in": sorted(change.lines),
            "message": change.message,
            "new": _place(change.where),
            "old": _place(change.before) if change.before else None,
        }


def _place(where: Location) -> dict[str, Any]:
    """Return a place as JSON data."""
    return {"path": str(where.path), "line": where.line, "column": where.column}
