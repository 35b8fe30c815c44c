"""From this machine's cache to an export, which may hold entries of other machines already."""

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.cache.failures import damaged, unreadable
from toolkit.cache.store import Cache
from toolkit.cache_export.choosing import difference, merged, within
from toolkit.cache_export.contents import Contents, DamagedTableError, RecordEntry, parse_contents
from toolkit.cache_export.gathering import SECONDS_A_DAY, gather
from toolkit.cache_export.place import Place
from toolkit.digest import Digest
from toolkit.errors import OutsideError

log = logging.getLogger(__name__)

# Two exporters at once need two; more than this many come from a server that gives old answers.
_TRIES = 8
_CHUNK = 1 << 20


class Exported(Struct, frozen=True, kw_only=True):
    """The entries that a place holds after an export, and those that the export added."""

    contents: Contents
    added: Contents


def export(cache: Cache, place: Place, *, budget: int) -> Exported:
    """Add this machine's entries to those of the place, and keep what fits into `budget` bytes.

    Blobs that the place has are not sent again. Damaged ones are left out with a warning. Raises InputError if the
    place holds something else, OutsideError if it cannot be read or written.
    """
    own, paths = gather(cache.root)
    with place.held():
        for _ in range(_TRIES):
            there = _there(place)
            own = _whole(own, paths, there)
            kept = within(merged(own, there), budget)
            if place.write(kept, lambda digest: _chunks(paths, digest)):
                break
            log.info("another export to %s came in between; merging again", place.name)
        else:
            log.warning("exports to %s keep coming in between; entries of this one may be missing", place.name)
    return Exported(contents=kept, added=difference(kept, there))


def _there(place: Place) -> Contents:
    """Return the entries that the place holds and still has; none if its table is damaged."""
    try:
        data = place.read()
        contents = Contents() if data is None else parse_contents(data)
    except DamagedTableError as error:
        log.warning("the damaged export %s is replaced: %s", place.name, error.message)
        return Contents()
    present = place.present(contents.blobs)
    today = int(time.time() // SECONDS_A_DAY)
    return Contents.of(
        # A day in the future would keep an entry for ever.
        replace(entry, day=min(entry.day, today))
        for entry in contents.entries
        if isinstance(entry, RecordEntry) or entry.digest in present
    )


def _whole(own: Contents, paths: Mapping[Digest, Path], there: Contents) -> Contents:
    """Return the own entries without new blobs that are damaged or gone."""
    known = {blob.digest for blob in there.blobs}
    whole = []
    for blob in own.blobs:
        if blob.digest not in known:
            try:
                for _ in _chunks(paths, blob.digest):
                    pass
            except OutsideError as error:
                log.warning("left out: %s", error.message)
                continue
        whole.append(blob)
    return Contents.of([*whole, *own.records])


def _chunks(paths: Mapping[Digest, Path], digest: Digest) -> Iterator[bytes]:
    """Yield the bytes of a blob without counting it as used. Raises OutsideError for one that is damaged or gone."""
    path, hasher = paths[digest], hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                hasher.update(chunk)
                yield chunk
    except OSError as error:
        raise unreadable(path, error) from error
    if hasher.hexdigest() != digest.hex:
        raise damaged(path, Digest(hasher.hexdigest()))
