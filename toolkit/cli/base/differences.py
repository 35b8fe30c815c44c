"""How newer bases are printed: as lines, as JSON data, as Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.cli.ages import age
from toolkit.cli.ci_reports import summary
from toolkit.cli.console import columns, printable
from toolkit.words import counted, in_bytes, some_of

if TYPE_CHECKING:
    from toolkit.bases.difference import BaseDifference, PackageChange
    from toolkit.bases.standing import Standing
    from toolkit.bases.system_packages import NewerPackage

# Characters of a digest for people: `sha256:` and 12 digits.
SHOWN = 19
# A package's changelog may name dozens; JSON lists them all.
_MOST_CVES = 3
_WORDS = {
    "newer": "with a newer image",
    "newer packages": "with newer packages",
    "current": "up to date",
    "fixed": "without a tag that could move",
    "not locked": "not locked yet",
    "unknown": "not known",
}
NO_SCAN = (
    "security marks a version of the security archive, with the CVEs that its changelog names; "
    "it is no scan for vulnerabilities"
)
PACKAGES = "System packages"
PACKAGE_TITLES = ("Package", "Pinned", "Newest", "Components", "Base")
TITLES = ("Base", "Components", "State", "Changes")


def standing_lines(standing: "Standing") -> Iterator[str]:
    """Yield a base with what a newer one changes, for people."""
    base, found = standing.base, standing.found
    yield f"{base.name}{f' ({base.platform})' if found else ''}"
    if base.components:
        yield f"  used by   {', '.join(base.names)}"
    if standing.now and base.reference:
        before, after = (str(reference.digest)[:SHOWN] for reference in (base.reference, standing.now))
        days = age(found.after.created) if found else ""
        yield f"  digest    {before} -> {after}{f', {days} old' if days else ''}"
    if found:
        yield from (f"  {line}" for line in difference_lines(found))
    elif standing.problem:
        yield f"  not compared: {printable(standing.problem.message, lines=1)}"


def difference_lines(found: "BaseDifference") -> Iterator[str]:
    """Yield what differs between two bases: facts first, then the packages that changed, came and went."""
    for name, (before, after) in found.facts.items():
        yield f"{name.ljust(9)} {before or '-'} -> {after or '-'}"
    if found.before.size != found.after.size:
        sign = "+" if found.grown > 0 else "-"
        sizes = " -> ".join(in_bytes(each.size) for each in (found.before, found.after))
        yield f"size      {sizes} ({sign}{in_bytes(abs(found.grown))})"
    if not found.packages:
        yield "packages  the same"
    yield from columns([_row(change) for change in _all_packages(found)])


def standing_data(standing: "Standing") -> dict[str, Any]:
    """Return a base as JSON data; `changes` is null for bases that were not compared."""
    base = standing.base
    return {
        "base": base.name,
        "held_by": str(base.held),
        "state": str(standing.state),
        "components": list(base.names),
        "digest": str(base.reference.digest) if base.reference else None,
        "new_digest": str(standing.now.digest) if standing.now else None,
        "changes": difference_data(standing.found) if standing.found else None,
        "problem": standing.problem.message if standing.problem else None,
    }


def difference_data(found: "BaseDifference") -> dict[str, Any]:
    """Return a difference as JSON data."""
    return {
        "platform": found.after.platform,
        "summary": found.summary,
        "created": {"before": found.before.created, "after": found.after.created},
        "size": {"before": found.before.size, "after": found.after.size},
        "facts": {name: {"before": before, "after": after} for name, (before, after) in found.facts.items()},
        "packages": [
            {
                "name": change.name,
                "change": change.kind,
                "before": change.before,
                "after": change.after,
                "security": change.security,
                "cves": list(change.cves),
            }
            for change in found.packages
        ],
        "python_packages": [
            {"name": change.name, "change": change.kind, "before": change.before, "after": change.after}
            for change in found.distributions
        ],
    }


def as_markdown(found: "Sequence[Standing]") -> str:
    """Return a table of bases, and one of packages for each that was compared, in Markdown."""
    tables = [summary("Bases", TITLES, [markdown_row(each) for each in found])]
    for each in found:
        if each.found and (each.found.packages or each.found.distributions):
            rows = [_cells(change) for change in _all_packages(each.found)]
            tables.append(summary(each.base.name, ("Package", "Change", "Before", "After", "Security", "CVEs"), rows))
    return "\n".join(table.strip("\n") + "\n" for table in tables)


def markdown_row(standing: "Standing") -> tuple[str, str, str, str]:
    """Return the row of a base, as in the header of `as_markdown`."""
    return standing.base.name, ", ".join(standing.base.names), str(standing.state), sum_up(standing)


def package_data(package: "NewerPackage") -> dict[str, Any]:
    """Return a newer system package as JSON data."""
    return {
        "name": package.name,
        "pinned": package.pinned,
        "newest": package.newest,
        "components": list(package.components),
    }


def packages_table(packages: "Sequence[NewerPackage]") -> str:
    """Return newer system packages as a table in Markdown."""
    return summary(PACKAGES, PACKAGE_TITLES, package_rows(packages)).strip("\n") + "\n"


def package_rows(packages: "Sequence[NewerPackage]") -> list[tuple[str, ...]]:
    """Return the rows of newer system packages, as in PACKAGE_TITLES."""
    return [(each.name, each.pinned, each.newest, ", ".join(each.components), each.base.name) for each in packages]


def sum_up(standing: "Standing") -> str:
    """Return what a newer base changes in a line, or why that is not known."""
    if standing.found:
        return standing.found.summary
    return printable(standing.problem.message, lines=1) if standing.problem else ""


def _all_packages(found: "BaseDifference") -> "Iterator[PackageChange]":
    """Yield the changes of packages for people: names of Python's may be those of others too."""
    from msgspec.structs import replace

    yield from found.packages
    yield from (replace(change, name=f"{change.name} (Python)") for change in found.distributions)


def _row(change: "PackageChange") -> tuple[str, ...]:
    """Return a change of a package as columns for people."""
    versions = {"added": f"added {change.after}", "removed": f"removed {change.before}"}
    version = versions.get(change.kind, f"{change.before} -> {change.after}")
    cves = f"{', '.join(change.cves[:_MOST_CVES])}"
    more = len(change.cves) - _MOST_CVES
    return change.name, version, "security" if change.security else "", cves + (f" and {more} more" if more > 0 else "")


def _cells(change: "PackageChange") -> tuple[str, ...]:
    """Return a change of a package as the cells of a table."""
    security = {True: "yes", False: "no", None: ""}[change.security]
    return change.name, change.kind, change.before or "", change.after or "", security, some_of(change.cves)


def in_words(found: "Sequence[Standing]") -> str:
    """Return how many bases are in which state."""
    counts = Counter(str(each.state) for each in found)
    parts = [f"{counts[state]} {words}" for state, words in _WORDS.items() if counts[state]]
    return f"{counted(len(found), 'base')}: {', '.join(parts)}"
