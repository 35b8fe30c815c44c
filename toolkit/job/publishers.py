"""The publishers of locked files: looked up when a lock is resolved, and compared with those of the lock before.

The first publisher of a package is trusted. Another one, or none where there was one, needs the user's consent: whoever
takes over an account on an index can upload a release, and seldom publishes from the project's own repository.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.project import Project
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.job.context import BuildContext
from toolkit.job.resolve import indexes_of
from toolkit.python.target import Base
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin
from toolkit.requirements.publishers.index_provenance import Found, find_publishers
from toolkit.requirements.publishers.publisher import Publisher

log = logging.getLogger(__name__)

EVERY = ":all:"
_MOST_SHOWN = 10


class _Change(Struct, frozen=True, kw_only=True):
    """A package whose new file is not by a publisher of its old files; None for files without a publisher."""

    pin: Pin
    old: Publisher
    new: Publisher | None

    def __str__(self) -> str:
        """Return both in words."""
        now = f"by {self.new.shown}" if self.new else "without a publisher"
        return f"{self.pin.filename} is published {now}, and {self.pin.name} was by {self.old.shown}"


def with_publishers(
    project: Project, lock: Lock, before: Iterable[Lock], bases: Sequence[Base], context: BuildContext
) -> Lock:
    """Return a lock that was just resolved, with the publishers that the indexes attest.

    Raises InputError for a publisher that changed since the locks `before` and is not accepted, OutsideError if the
    index cannot be asked about a package that had a publisher.
    """
    old = list(before)
    known = {digest: publisher for each in old for digest, publisher in each.publishers.items()}
    targets = {base.target.platform: base.target for base in bases}
    locked = [(targets[platform], pins) for platform, pins in lock.pins.items() if platform in targets]
    # Components that lock at once mostly have the same packages: who comes later finds what is in the cache.
    with context.cache.turn("publishers"):
        found = find_publishers(locked, known, indexes_of(project, context.environ), context.cache)
    fresh = {pin.published: pin for _, pins in locked for pin in pins if pin.published}
    _compare(project, list(fresh.values()), old, found, context)
    return replace(lock, publishers=dict(sorted(found.publishers.items())))


def _compare(project: Project, pins: Sequence[Pin], old: Sequence[Lock], found: Found, context: BuildContext) -> None:
    """Report publishers that are new, and refuse those that changed."""
    before = _by_package(old)
    changes = list(_changes(pins, before, found))
    refused = [change for change in changes if not {change.pin.name, EVERY} & context.accepted_publishers]
    for change in changes:
        if change not in refused:
            log.info("accepted: %s", change)
    if refused:
        raise _refusal(project, refused)


def _by_package(locks: Iterable[Lock]) -> Mapping[str, Mapping[Digest, Publisher | None]]:
    """Return what was known of the files of each package; None for a file without a publisher."""
    known: dict[str, dict[Digest, Publisher | None]] = {}
    for lock in locks:
        for pin in (pin for pins in lock.pins.values() for pin in pins if pin.published):
            if pin.published:
                known.setdefault(pin.name, {})[pin.published[1]] = lock.publisher(pin)
    return known


def _changes(
    pins: Sequence[Pin], before: Mapping[str, Mapping[Digest, Publisher | None]], found: Found
) -> Iterator[_Change]:
    """Yield the files whose publisher is another one than those of the package before; report what is new."""
    for pin in pins:
        digest = pin.published[1] if pin.published else None
        files = before.get(pin.name, {})
        if digest is None:
            continue
        new = found.publishers.get(digest)
        if digest in files:
            # The same file keeps its publisher, also if the claim is verified only now.
            if (same := files[digest]) and new and new.owner != same.owner:
                yield _Change(pin=pin, old=same, new=new)
        elif new is None and digest in found.unknown:
            _miss(pin, found.unknown[digest], [publisher for publisher in files.values() if publisher])
        elif change := _change(pin, new, list(files.values())):
            yield change


def _change(pin: Pin, new: Publisher | None, before: Sequence[Publisher | None]) -> _Change | None:
    """Compare the publisher of a new file with those of the package's old ones; report one that is only new."""
    named = [publisher for publisher in before if publisher]
    # Without any publisher before, there is nothing to compare with.
    if not named:
        if before and new:
            log.info("%s is published by %s; before, its publisher was not known", pin.filename, new.shown)
        return None
    if new is None:
        # A package that was uploaded by hand in part, may be so again.
        return _Change(pin=pin, old=named[0], new=None) if len(named) == len(before) else None
    if new.owner not in {publisher.owner for publisher in named}:
        return _Change(pin=pin, old=named[0], new=new)
    if new.claims not in {publisher.claims for publisher in named}:
        log.info("%s is published by %s, and %s was by %s", pin.filename, new.shown, pin.name, named[0].shown)
    return None


def _miss(pin: Pin, reason: str, named: Sequence[Publisher]) -> None:
    """Raise OutsideError for a package whose publisher was known and cannot be compared; else warn."""
    if named:
        raise OutsideError(
            f"cannot look up who published {pin.filename}, and {pin.name} was by {named[0].shown}: {reason}",
            hint="try again when the index answers",
        )
    log.warning("cannot look up who published %s: %s", pin.filename, reason)


def _refusal(project: Project, changes: Sequence[_Change]) -> InputError:
    """Return the error for publishers that changed."""
    shown = "; ".join(map(str, changes[:_MOST_SHOWN]))
    more = f"; and {len(changes) - _MOST_SHOWN} more" if len(changes) > _MOST_SHOWN else ""
    names = list(dict.fromkeys(change.pin.name for change in changes))
    options = " ".join(f"--accept-publisher {name}" for name in (names if len(names) <= _MOST_SHOWN else [EVERY]))
    command = "comp lock --all" if project.shared_lock else "comp lock"
    return InputError(
        f"the publisher changed: {shown}{more}",
        where=Location(path=project.lock_file),
        hint=f"ask the project whether it moved; then `{command} {options}` takes the new one. "
        f"Nothing was locked; to stay with the old files, require their versions",
    )
