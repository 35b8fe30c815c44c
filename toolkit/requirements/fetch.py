"""Fetching wheels into the cache: those that it lacks come from the addresses that uv resolves."""

from collections.abc import Callable, Sequence

from toolkit.cache.failures import unreadable
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.progress import Report
from toolkit.python.target import Target
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin
from toolkit.system.threads import at_once
from toolkit.wheels.wheel import Wheel

_THREADS = 4


def fetch_wheels(
    pins: Sequence[Pin],
    target: Target,
    cache: Cache,
    report: Report,
    *,
    indexes: Indexes,
    arrived: Callable[[Wheel], None] = lambda _: None,
) -> tuple[Wheel, ...]:
    """Return the wheels in order, downloading what the cache lacks; every byte is verified by sha256.

    Wheels that were built here have to be in the cache. `arrived` is called with each downloaded wheel, from several
    threads. Raises OutsideError if a wheel cannot be downloaded or has another digest; nothing of it is kept then.
    """
    if missing := _missing(pins, cache):
        # Components with the same wheels ask the index once where they lie.
        with cache.turn("wheels", frozenset(pin.digest for pin in missing)):
            _fetch(_missing(missing, cache), target, cache, report, indexes=indexes, arrived=arrived)
    return tuple(_wheel(pin, cache) for pin in pins)


def _missing(pins: Sequence[Pin], cache: Cache) -> list[Pin]:
    """List the pins whose wheels the cache lacks."""
    here = {pin.digest: cache.has_blob(pin.digest) for pin in pins}
    for digest, hit in here.items():
        cache.tally.note("wheels", digest, hit=hit)
    return [pin for pin in pins if not here[pin.digest]]


def _fetch(
    pins: Sequence[Pin],
    target: Target,
    cache: Cache,
    report: Report,
    *,
    indexes: Indexes,
    arrived: Callable[[Wheel], None],
) -> None:
    """Download the wheels of pins."""
    if not pins:
        return
    # Imported here, since most builds find all wheels in the cache.
    from toolkit.requirements.download import download, index_transport
    from toolkit.requirements.index_users import IndexUsers

    located, users = _located(pins, target, cache, indexes), IndexUsers(indexes, cache)
    transport = index_transport(indexes.environ)

    def fetch(pin: Pin) -> None:
        """Download one wheel, unless another component has done so meanwhile, and report its arrival."""
        with cache.turn("wheel", pin.digest):
            if not cache.has_blob(pin.digest):
                download(pin, cache, report, users, transport)
        arrived(_wheel(pin, cache))

    at_once(fetch, located, most=_THREADS)


def _wheel(pin: Pin, cache: Cache) -> Wheel:
    """Return the wheel of a pin, which is in the cache."""
    path = cache.blob_path(pin.digest)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(f"{pin.filename} in the cache", error) from error
    return Wheel(filename=pin.filename, digest=pin.digest, path=path, size=size)


def _located(pins: Sequence[Pin], target: Target, cache: Cache, indexes: Indexes) -> list[Pin]:
    """Return the pins with addresses, which a fresh resolution has and a lock has not.

    Raises OutsideError for a wheel that the index does not have.
    """
    if all(pin.url for pin in pins):
        return list(pins)
    from toolkit.requirements.resolve import locate

    offered = locate(pins, target, cache, indexes)
    by_digest = {pin.digest: pin for pin in offered}
    for pin in pins:
        if pin.digest not in by_digest:
            others = [f"{other.filename} with sha256 {other.digest.hex}" for other in offered if other.name == pin.name]
            raise OutsideError(
                f"the index has no {pin.filename} with sha256 {pin.digest.hex}"
                + (f"; it offers {', '.join(others)}" if others else ""),
                hint="it was removed or replaced, or is for another base; `comp lock --upgrade` chooses anew",
            )
    return [by_digest[pin.digest] for pin in pins]
