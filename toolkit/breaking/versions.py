"""Version discipline: the bump that changes require, the bump between two versions, and findings about both."""

from collections.abc import Iterator

from toolkit.breaking.change import Bump
from toolkit.errors import Finding, Location, Severity
from toolkit.registry.semver import Version


def required_bump(raw: Bump, old: Version | None) -> Bump:
    """Return the bump that changes require of a version: below 1.0.0 each part counts for the next smaller one.

    Semantic Versioning 2.0.0, section 4; caret ranges take 0.2 for another major version than 0.1, as Cargo's do.
    """
    if old is None or old.major:
        return raw
    return {Bump.MAJOR: Bump.MINOR, Bump.MINOR: Bump.PATCH}.get(raw, raw)


def declared_bump(old: Version | None, new: Version | None) -> Bump | None:
    """Return the part that was raised between two versions; None if one is unknown, or the new one is lower.

    Between two prereleases of one version anything may change.
    """
    if old is None or new is None or new.precedence < old.precedence:
        return None
    if new.precedence == old.precedence:
        return Bump.NONE
    if new.core == old.core or new.major != old.major:
        return Bump.MAJOR
    return Bump.MINOR if new.minor != old.minor else Bump.PATCH


def lowest_version(old: Version, bump: Bump) -> Version:
    """Return the lowest version after `old` that has a bump."""
    match bump:
        case Bump.MAJOR:
            return Version(major=old.major + 1, minor=0, patch=0)
        case Bump.MINOR:
            return Version(major=old.major, minor=old.minor + 1, patch=0)
        case _:
            return old.next()


def version_findings(
    versions: tuple[Version | None, Version | None],
    required: Bump,
    declared: Bump | None,
    because: str,
    where: Location,
) -> Iterator[Finding]:
    """Yield what is wrong with the version of a component that changed."""
    old, new = versions
    if old is None or new is None:
        return
    if declared is None:
        yield Finding(
            rule="V603",
            severity=Severity.ERROR,
            message=f"the version goes down, from {old} to {new}",
            where=where,
            help=f"the next one is {lowest_version(old, required)}",
        )
    elif declared is Bump.NONE and required:
        yield Finding(
            rule="V601",
            severity=Severity.ERROR if required > Bump.PATCH else Severity.WARNING,
            message=f"the version stays {new}, and the changes require a {required} bump ({because})",
            where=where,
            help=f"make it {lowest_version(old, required)}",
        )
    elif declared < required:
        yield Finding(
            rule="V602",
            severity=Severity.ERROR,
            message=f"{old} -> {new} is a {declared} bump, and the changes require a {required} one ({because})",
            where=where,
            help=f"make it {lowest_version(old, required)}",
        )
