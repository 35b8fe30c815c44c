"""Compare two versions of a contract: the changes, the bump that they require, and the bump that was declared."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from toolkit.breaking.change import Bump, Category, Change
from toolkit.breaking.inputs import input_changes
from toolkit.breaking.outputs import output_changes
from toolkit.breaking.rules import CHANGES
from toolkit.breaking.versions import declared_bump, required_bump, version_findings
from toolkit.breaking.whole import refused_by_kfp2, whole_changes
from toolkit.errors import Finding, InputError, Location, Severity
from toolkit.registry.semver import Version, parse_version
from toolkit.spec.reader import ComponentDocument
from toolkit.words import some_of


class Comparison(Struct, frozen=True, kw_only=True):
    """What changed between two versions of one component, by the measure of a category.

    `required` is the bump that the changes require, `declared` that between the two versions, None if one of them has
    none. `versions` are the old and the new one.
    """

    name: str
    category: Category
    changes: tuple[Change, ...]
    required: Bump
    declared: Bump | None
    versions: tuple[Version | None, Version | None]
    where: Location
    old: ComponentDocument
    new: ComponentDocument

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that break callers."""
        return tuple(
            change
            for change in self.changes
            if change.breaks_in(self.category) and change.severity_in(self.category) is not Severity.INFO
        )

    @property
    def is_allowed(self) -> bool:
        """Whether the versions allow every change."""
        return self.declared is not None and self.declared >= self.required

    def findings(self) -> list[Finding]:
        """Return a finding for each change, and those about the versions; what the versions allow is no error."""
        findings = []
        for change in self.changes:
            severity = change.severity_in(self.category)
            allowed = severity is Severity.ERROR and self.is_allowed
            findings.append(
                Finding(
                    rule=change.rule.id,
                    severity=Severity.WARNING if allowed else severity,
                    message=change.message,
                    where=change.where,
                    help=f"the version {self.versions[1]} allows it" if allowed else change.help,
                )
            )
        return findings + list(
            version_findings(self.versions, self.required, self.declared, self.because(), self.where)
        )

    def because(self) -> str:
        """Return the rules that require the bump, in the order of their ids."""
        largest = self._raw()
        ids = {change.rule.id for change in self.changes if change.bump_in(self.category) is largest}
        return some_of(sorted(ids))

    def _raw(self) -> Bump:
        """Return the largest bump of a change, before the versions below 1.0.0 have theirs."""
        return max((change.bump_in(self.category) for change in self.changes), default=Bump.NONE)

    def summary(self) -> str:
        """Return `train: requires a major bump (B101); 1.3.0 -> 1.4.0 is a minor one`."""
        if not self.changes:
            return f"{self.name}: nothing changed"
        old, new = self.versions
        if self.declared is None:
            declared = "the versions are unknown"
        elif self.declared is Bump.NONE:
            declared = f"the version stays {old}" if old == new else f"{old} -> {new} raises nothing"
        else:
            declared = f"{old} -> {new} is a {self.declared} one"
        required = "no bump" if self.required is Bump.NONE else f"a {self.required} bump"
        return f"{self.name}: requires {required} ({self.because()}); {declared}"


def compare(
    old: ComponentDocument,
    new: ComponentDocument,
    *,
    category: Category = Category.PIPELINE,
    versions: tuple[Version | None, Version | None] | None = None,
    more: Sequence[Change] = (),
) -> Comparison:
    """Compare the contract `old` with `new`, its later version; `versions` are those of the contracts if not given.

    `more` are changes that the contracts do not show.
    """
    changes = (*_changes(old, new), *more)
    versions = versions or (version_of(old), version_of(new))
    raw = max((change.bump_in(category) for change in changes), default=Bump.NONE)
    return Comparison(
        name=new.spec.name,
        category=category,
        changes=changes,
        required=required_bump(raw, versions[0]),
        declared=declared_bump(*versions),
        versions=versions,
        where=version_place(new),
        old=old,
        new=new,
    )


def compiling(changes: Sequence[Change], line: str) -> bool:
    """Return whether every pipeline that compiled with the old version still compiles in a line of KFP."""
    return not any(line in change.lines for change in changes)


def version_of(document: ComponentDocument) -> Version | None:
    """Return the version that a contract names; None without one, or if it is not a semantic version."""
    text = document.spec.annotations.get("version")
    try:
        return parse_version(text) if text else None
    except InputError:
        return None


def version_place(document: ComponentDocument) -> Location:
    """Return the place of a contract's version, or the contract as a whole."""
    return document.places.get(("annotations", "version")) or Location(path=document.path)


def _changes(old: ComponentDocument, new: ComponentDocument) -> Iterator[Change]:
    """Yield all changes: of the whole, of inputs, of outputs, of the text alone."""
    found = (*whole_changes(old, new), *input_changes(old, new), *output_changes(old, new))
    refused = bool(found) and refused_by_kfp2(old.spec)
    for change in found:
        yield _without_kfp2(change) if refused else change
    if not found and _text(old) != _text(new) and version_of(old) == version_of(new):
        yield Change(
            rule=CHANGES["N504"],
            message="the text changed, and nothing that callers notice",
            where=Location(path=new.path),
        )


def _without_kfp2(change: Change) -> Change:
    """Return a change of a contract that KFP 2 refused before: no pipeline of its own stops compiling there."""
    return Change(
        rule=change.rule,
        message=change.message,
        where=change.where,
        before=change.before,
        help=change.help,
        lines=change.lines - {"2"},
    )


def _text(document: ComponentDocument) -> str:
    """Return a contract's text with the line ends of its digest."""
    return document.text.replace("\r\n", "\n")
