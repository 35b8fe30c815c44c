"""The versions of a component in a registry, each compared with the one before it."""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct, structs

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import Comparison, compare
from toolkit.errors import InputError
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version
from toolkit.spec.reader import ComponentDocument, parse_document


class Step(Struct, frozen=True, kw_only=True):
    """One version: `found` is what changed since the one before, None for the first, and if one cannot be read."""

    release: Release
    yank: Yank | None
    first: bool
    found: Comparison | None

    @property
    def breaks(self) -> bool:
        """Whether callers of the version before break."""
        return self.found is not None and bool(self.found.breaking)


def history(registry: Registry, name: Name, *, newest: int) -> tuple[Step, ...]:
    """Return the `newest` versions of a component, the latest first."""
    versions = registry.versions(name)
    marks = registry.marks(name)
    # One more, to compare the last one with.
    releases = [registry.release(name, version) for version in versions[-newest - 1 :]]
    documents = [contract_of(registry, release) for release in releases]
    steps = [
        Step(
            release=release,
            yank=marks.yanked.get(release.version),
            first=release.version == versions[0],
            found=_compared(releases[at - 1 : at + 1], documents[at - 1 : at + 1]) if at else None,
        )
        for at, release in enumerate(releases)
    ]
    return tuple(reversed(steps[-newest:]))


def between(registry: Registry, name: Name, versions: tuple[Version, Version]) -> Comparison:
    """Compare two versions of a component. Raises InputError for a version that is missing, or cannot be read."""
    existing = registry.versions(name)
    for version in versions:
        if version not in existing:
            listed = ", ".join(map(str, existing[-10:]))
            raise InputError(f"{registry.place} has no {name}@{version}", hint=f"its newest versions: {listed}")
    old, new = (parsed(registry, registry.release(name, version)) for version in versions)
    return compare(old, new, category=Category.PIPELINE, versions=versions)


def parsed(registry: Registry, release: Release) -> ComponentDocument:
    """Return the contract of a release, with the version of the release. Raises InputError if it cannot be read."""
    return with_version(registry.content(release, CONTRACT), Path(str(release)), release.version)


def with_version(contract: bytes, path: Path, version: Version) -> ComponentDocument:
    """Parse a release's contract and give it the release's version, which a program's contract may not name."""
    try:
        document = parse_document(contract.decode(), path)
    except UnicodeDecodeError:
        raise InputError(f"the contract of {path} is no text in UTF-8") from None
    annotations = {**document.spec.annotations, "version": str(version)}
    return structs.replace(document, spec=structs.replace(document.spec, annotations=MappingProxyType(annotations)))


def contract_of(registry: Registry, release: Release) -> ComponentDocument | None:
    """Return the contract of a release; None if it cannot be read, as some were published by other programs."""
    try:
        return parsed(registry, release)
    except InputError:
        return None


def _compared(releases: Sequence[Release], documents: Sequence[ComponentDocument | None]) -> Comparison | None:
    """Compare two neighbours; None if one of them cannot be read."""
    (old, new), (before, after) = documents, releases
    if old is None or new is None:
        return None
    return compare(old, new, category=Category.PIPELINE, versions=(before.version, after.version))
