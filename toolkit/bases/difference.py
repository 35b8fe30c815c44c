"""What changes from one base to a newer one: packages by version, Python with its own, the C library, the size."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from toolkit.bases.description import BaseDescription, InstalledPackage
from toolkit.words import counted, in_bytes


class PackageChange(Struct, frozen=True, kw_only=True):
    """A package that is added (`before` is None), removed (`after` is None) or has another version.

    `security` says whether the new version comes from Debian's security archive, None if that is not known. `cves` are
    the numbers that the package's changelog names for the versions between.
    """

    name: str
    before: str | None
    after: str | None
    security: bool | None = None
    cves: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


class BaseDifference(Struct, frozen=True, kw_only=True):
    """Two bases for one platform, and how the packages of the second differ from those of the first, by name.

    `distributions` are those of Python, such as pip, and `packages` all others.
    """

    before: BaseDescription
    after: BaseDescription
    packages: tuple[PackageChange, ...]
    distributions: tuple[PackageChange, ...] = ()

    @property
    def facts(self) -> Mapping[str, tuple[str, str]]:
        """What else changed, by name: the system, Python, the C library, the user."""
        names = ("system", "python", "libc", "user")
        pairs = {name: (getattr(self.before, name), getattr(self.after, name)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    @property
    def grown(self) -> int:
        """How many compressed bytes the second has more."""
        return self.after.size - self.before.size

    @property
    def security(self) -> tuple[PackageChange, ...]:
        """The changes that come from the security archive."""
        return tuple(change for change in self.packages if change.security)

    @property
    def summary(self) -> str:
        """The difference in a line."""
        kinds = [change.kind for change in self.packages]
        parts = [f"{kinds.count(kind)} {kind}" for kind in ("changed", "added", "removed") if kind in kinds]
        words = [f"{counted(len(kinds), 'package')} ({', '.join(parts)})" if parts else "the same packages"]
        if fixes := len(self.security):
            words.append(f"{fixes} from the security archive")
        if cves := {number for change in self.packages for number in change.cves}:
            words.append(counted(len(cves), "CVE"))
        if self.distributions:
            words.append(counted(len(self.distributions), "Python package"))
        words += [f"{name} {before or '-'} -> {after or '-'}" for name, (before, after) in self.facts.items()]
        if self.grown:
            words.append(f"{'+' if self.grown > 0 else '-'}{in_bytes(abs(self.grown))}")
        return ", ".join(words)


def difference(before: BaseDescription, after: BaseDescription) -> BaseDifference:
    """Compare two bases."""
    return BaseDifference(
        before=before,
        after=after,
        packages=_changes(before.packages, after.packages),
        distributions=_changes(before.distributions, after.distributions),
    )


def _changes(before: Sequence[InstalledPackage], after: Sequence[InstalledPackage]) -> tuple[PackageChange, ...]:
    """Return what differs, in order of name."""
    old, new = _versions(before), _versions(after)
    return tuple(
        PackageChange(name=name, before=old.get(name), after=new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def _versions(packages: Sequence[InstalledPackage]) -> Mapping[str, str]:
    """Return the versions of the packages by name; several where a name is installed for two architectures."""
    versions: dict[str, list[str]] = {}
    for package in packages:
        versions.setdefault(package.name, []).append(package.version)
    return {name: ", ".join(sorted(set(found))) for name, found in versions.items()}
