"""Fetch wheels into the cache: by sha256 when they are there, else from where uv says they are."""

import os
from collections.abc import Callable, Sequence

from toolkit.cache import Cache, unreadable
from toolkit.errors import OutsideError
from toolkit.progress import Report
from toolkit.python.indexes import ANY, Indexes
from toolkit.python.pin import Pin
from toolkit.python.target import Target
from toolkit.python.wheels import Wheel
from toolkit.threads import at_once

_THREADS = 4


def fetch_wheels(
    pins: Sequence[Pin],
    target: Target,
    cache: Cache,
    report: Report,
    *,
    indexes: Indexes = ANY,
    arrived: Callable[[Wheel], None] = lambda _: None,
) -> tuple[Wheel, ...]:
    """Return the wheels in order, downloading what the cache lacks; every byte is verified by sha256.

    What was built here has to be in the cache. `arrived` hears of each wheel that was downloaded, from several threads.
    Raises OutsideError when a wheel cannot be had or is not what its pin says; then nothing of it is kept.
    """
    missing = [pin for pin in pins if not cache.has_blob(pin.sha256)]
    if missing:
        from toolkit.python.download import download, index_transport
        from toolkit.python.index_users import IndexUsers

        located, users = _located(missing, target, indexes), IndexUsers(indexes, os.environ)
        transport = index_transport(os.environ)

        def fetched(pin: Pin) -> None:
            download(pin, cache, report, users, transport)
            arrived(_wheel(pin, cache))

        at_once(fetched, located, most=_THREADS)
    return tuple(_wheel(pin, cache) for pin in pins)


def _wheel(pin: Pin, cache: Cache) -> Wheel:
    path = cache.blob_path(pin.sha256)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(f"{pin.filename} in the cache", error) from error
    return Wheel(filename=pin.filename, sha256=pin.sha256, path=path, size=size)


def _located(pins: Sequence[Pin], target: Target, indexes: Indexes) -> list[Pin]:
    """Give every pin its address: a fresh resolution has them, a lock does not."""
    if all(pin.url for pin in pins):
        return list(pins)
    from toolkit.python.resolve import locate

    offered = locate(pins, target, indexes=indexes)
    by_hash = {pin.sha256: pin for pin in offered}
    for pin in pins:
        if pin.sha256 not in by_hash:
            others = [f"{other.filename} with sha256 {other.sha256}" for other in offered if other.name == pin.name]
            raise OutsideError(
                f"the index has no {pin.filename} with sha256 {pin.sha256}"
                + (f"; it offers {', '.join(others)}" if others else ""),
                hint="it was removed or replaced, or is for another base; `comp lock --upgrade` chooses anew",
            )
    return [by_hash[pin.sha256] for pin in pins]
