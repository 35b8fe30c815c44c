"""How the components of a lock stand: their copies, and what their registries say about them now."""

import enum
from collections.abc import Iterator, Sequence

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.registry.consuming.asking import asked
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.consuming.lock import ComponentsLock, LockedRelease
from toolkit.registry.consuming.vendored import CopyState, copy_state
from toolkit.registry.entry import newest_version
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.protocol import Registry
from toolkit.registry.semver import Version


class State(enum.Enum):
    """How a component of a lock is; the worst comes first."""

    MISSING = "MISSING"
    CORRUPTED = "CORRUPTED"
    MODIFIED = "MODIFIED"
    YANKED = "YANKED"
    DEPRECATED = "DEPRECATED"
    OUTDATED = "OUTDATED"
    OK = "OK"


# States that others who build from this lock would stumble over; the rest may wait.
WRONG = frozenset({State.MISSING, State.CORRUPTED, State.MODIFIED, State.YANKED})


class Known(Struct, frozen=True, kw_only=True):
    """What a registry knows of a locked component: `newest` of all, and the newest one that the request `allowed`.

    `damage` is why the locked release is not the registry's, empty if it is.
    """

    newest: Version | None
    allowed: Version | None
    yank: Yank | None
    deprecated: Deprecation | None
    damage: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """One component of a lock: its copy, and what its registry knows, None if that was not asked."""

    entry: LockedRelease
    copy: CopyState
    reason: str
    known: Known | None

    @property
    def newer(self) -> Version | None:
        """The newest version of all, if it is newer than the locked one."""
        newest = self.known.newest if self.known else None
        return newest if newest and newest.precedence > self.entry.version.precedence else None

    @property
    def update(self) -> Version | None:
        """The version that an update takes: the newest that the request allows; a lower one only if this is yanked."""
        allowed = self.known.allowed if self.known else None
        if self.known is None or allowed is None or allowed == self.entry.version:
            return None
        is_newer = allowed.precedence > self.entry.version.precedence
        return allowed if is_newer or self.known.yank else None

    @property
    def is_stuck(self) -> bool:
        """Whether the locked version is yanked, and the request allows no other."""
        return self.known is not None and self.known.yank is not None and self.update is None

    @property
    def states(self) -> tuple[State, ...]:
        """Every state that the component is in, the worst first."""
        return tuple(dict.fromkeys(state for state, _ in self._remarks())) or (State.OK,)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The reasons of the states, in words."""
        return tuple(reason for _, reason in self._remarks())

    def _remarks(self) -> Iterator[tuple[State, str]]:
        """Yield each state with its reason, the worst first."""
        if self.copy is CopyState.MISSING:
            yield State.MISSING, self.reason
        known = self.known
        if self.copy is CopyState.CORRUPTED:
            yield State.CORRUPTED, self.reason
        if known and known.damage:
            yield State.CORRUPTED, known.damage
        if self.copy is CopyState.MODIFIED:
            yield State.MODIFIED, self.reason
        if known and known.yank:
            yield State.YANKED, str(known.yank)
        if known and known.deprecated:
            yield State.DEPRECATED, str(known.deprecated)
        if newer := self.newer:
            within = "" if self.update == newer else f", which {self.entry.requested} does not allow"
            yield State.OUTDATED, f"{newer} is newer{within}"


def standings(lock: ComponentsLock, entries: list[LockedRelease], registries: Registries | None) -> Iterator[Standing]:
    """Yield how components of a lock stand; without `registries` their copies alone are looked at.

    Raises OutsideError for a registry that cannot be reached.
    """
    known: Sequence[Known | None] = _known(lock, entries, registries) if registries else [None] * len(entries)
    for entry, each in zip(entries, known, strict=True):
        copy, reason = copy_state(lock, entry)
        yield Standing(entry=entry, copy=copy, reason=reason, known=each)


def _known(lock: ComponentsLock, entries: list[LockedRelease], registries: Registries) -> list[Known]:
    """Return what the registries of components know; servers are asked side by side."""
    bound = lock.bindings()
    places = [registries.registry_of(entry.name, bound) for entry in entries]
    # Each is opened once, before many threads need it.
    distinct = [*{place.identity: place for place in places}.values()]
    opened = dict(zip((place.identity for place in distinct), registries.ask(registries.open, distinct), strict=True))
    return asked(
        lambda pair: known_of(pair[0], opened[pair[1].identity]),
        [*zip(entries, places, strict=True)],
        [place.place for place in places],
    )


def known_of(entry: LockedRelease, registry: Registry) -> Known:
    """Return what a registry knows of a locked component."""
    versions = registry.versions(entry.name)
    marks = registry.marks(entry.name)
    return Known(
        newest=newest_version(versions, marks),
        allowed=_allowed(entry, versions, marks),
        yank=marks.yanked.get(entry.version),
        deprecated=marks.deprecated,
        damage=_damage(entry, registry, versions),
    )


def _allowed(entry: LockedRelease, versions: list[Version], marks: Marks) -> Version | None:
    """Return the newest version that the request of a lock allows and that is not yanked; None without one."""
    allowed = entry.request.allowed
    # A digest, and an exact version, is one release for ever.
    if isinstance(allowed, Digest) or allowed.exact:
        return entry.version
    offered = [version for version in versions if version not in marks.yanked and version in allowed]
    return newest_version(offered, marks)


def _damage(entry: LockedRelease, registry: Registry, versions: list[Version]) -> str:
    """Return why a locked release is not the registry's; empty if it is."""
    if entry.version not in versions:
        return f"{registry.place} has no {entry}"
    digest = registry.release(entry.name, entry.version).digest
    return "" if digest == entry.digest else f"the lock has another digest than {registry.place}, which has {digest}"
