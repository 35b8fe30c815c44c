"""Updates of components taken from registries: what changes between the locked release and a newer one, for whom."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import Comparison, compare
from toolkit.breaking.history import with_version
from toolkit.consumers.changed import Changed
from toolkit.consumers.check import check_consumers
from toolkit.errors import InputError
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.consuming.lock import ComponentsLock, LockedRelease
from toolkit.registry.consuming.standing import Standing
from toolkit.registry.named import NamedPlace
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Range, Version

log = logging.getLogger(__name__)

# `^1`, `~1.2`, `^1.2.3`: a sign and the numbers that count.
_RANGE = re.compile(r"([\^~])([0-9]+(?:\.[0-9]+){0,2})")


class Update(Struct, frozen=True, kw_only=True):
    """A newer release for a component of a lock.

    `requested` is what the lock will say was asked for. `found` is what changes, None if one of the contracts cannot
    be read. `image` is the copy of the image that a mirror has.
    """

    entry: LockedRelease
    release: Release
    contract: bytes
    place: NamedPlace
    requested: str
    found: Comparison | None
    image: str | None = None

    @property
    def breaks(self) -> bool:
        """Whether callers break."""
        return self.found is not None and bool(self.found.breaking)

    def changed(self, copy: Path) -> Changed:
        """Return the update as a change of the contract at a path."""
        name, found = self.entry.name, self.found
        return Changed(
            contract=copy,
            title=self.release.title,
            old=found.old if found else None,
            new=found.new if found else None,
            found=found,
            namespace=name.namespace,
            name=name.name,
        )


class Broken(Struct, frozen=True, kw_only=True):
    """A place in a pipeline that an update breaks."""

    where: str
    rule: str
    message: str


def updates(
    lock: ComponentsLock, standing: Sequence[Standing], registries: Registries, *, latest: bool = False
) -> Iterator[Update]:
    """Yield the update of each component that has one: to the newest release that its request allows, or of all."""
    bound = lock.bindings()
    for each in standing:
        version = each.newer if latest else each.update
        if version is not None:
            place = registries.registry_of(each.entry.name, bound)
            yield update_to(lock, each.entry, version, place, registries.open(place))


def update_to(
    lock: ComponentsLock, entry: LockedRelease, version: Version, place: NamedPlace, registry: Registry
) -> Update:
    """Return the update of a component to a version, which its registry has."""
    release = registry.release(entry.name, version)
    contract = registry.content(release, CONTRACT)
    # What the lock asks for stays if it allows the version: then it is no decision of this update.
    allowed = entry.request.allowed
    kept = isinstance(allowed, Range) and version in allowed
    return Update(
        entry=entry,
        release=release,
        contract=contract,
        place=place,
        requested=entry.requested if kept else _request_for(entry.requested, release),
        found=_compared(lock, entry, registry, release, contract),
        image=registry.marks(entry.name).images.get(release.image),
    )


def broken_by(lock: ComponentsLock, planned: Sequence[Update], environ: Mapping[str, str]) -> list[Broken]:
    """Return the places in the project's pipelines that updates break."""
    changes = [each.changed(lock.copy_of(each.entry)) for each in planned if each.breaks]
    if not changes:
        return []
    checked = check_consumers([lock.folder], changes, category=Category.PIPELINE, environ=environ)
    return [
        Broken(where=str(finding.where), rule=finding.rule, message=finding.message)
        for finding, step in zip(checked.findings, checked.steps, strict=True)
        # The lock itself is what is updated.
        if step is not None
    ]


def _request_for(requested: str, release: Release) -> str:
    """Return a request in the form of an earlier one that allows a release: `^2` for `^1`."""
    version = release.version
    written = _RANGE.fullmatch(requested)
    if written and not version.prerelease:
        count = written[2].count(".") + 1
        # Of 0.2.0 the first number alone would allow every 0.x.
        numbers = version.core[: count if version.major else max(count, 2)]
        return written[1] + ".".join(map(str, numbers))
    if requested.startswith("sha256:"):
        return str(release.digest)
    exact = requested[:1].isdigit()
    digest = f"#{release.digest}" if "#" in requested else ""
    return f"{version}{digest}" if exact else f"^{version}"


def _compared(
    lock: ComponentsLock, entry: LockedRelease, registry: Registry, release: Release, contract: bytes
) -> Comparison | None:
    """Return what changes between the locked release and a newer one; None, with a warning, if it cannot be read."""
    path = lock.copy_of(entry)
    if entry.version not in registry.versions(entry.name):
        log.warning("%s is not compared with %s: %s has no %s", entry, release.version, registry.place, entry)
        return None
    try:
        # The release and not the copy, which may have been edited.
        locked = registry.release(entry.name, entry.version)
        old = with_version(registry.content(locked, CONTRACT), path, entry.version)
        new = with_version(contract, path, release.version)
    except InputError as error:
        log.warning("%s is not compared with %s: %s", entry, release.version, error)
        return None
    return compare(old, new, category=Category.PIPELINE, versions=(entry.version, release.version))
