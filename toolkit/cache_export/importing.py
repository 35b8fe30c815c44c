"""From an export to this machine's cache: only what is missing here, each blob verified by its digest."""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from toolkit.cache.pruning import list_entries
from toolkit.cache.store import Cache
from toolkit.cache_export.contents import VERIFIABLE, BlobEntry, Contents, DamagedTableError, Entry, parse_contents
from toolkit.cache_export.gathering import SECONDS_A_DAY
from toolkit.cache_export.place import Place
from toolkit.errors import CompError, InputError, MachineError, OutsideError, RemoteError
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)

_NOT_FOUND = 404
_THREADS = 4


class Imported(Struct, frozen=True, kw_only=True):
    """The entries that an import brought, and how many were here before, were left out, or were damaged.

    `exists` is false if the place has no export yet.
    """

    added: Contents = field(default_factory=Contents)
    present: int = 0
    untrusted: int = 0
    damaged: int = 0
    exists: bool = True


def import_cache(cache: Cache, place: Place, *, trust_records: bool) -> Imported:
    """Bring the entries of an export that this cache lacks.

    Without `trust_records` only blobs that are used by their digests alone: wheels, and documents of bases. Records
    say which blob is the result of which inputs, and nothing shows that they are right. What is damaged is left out
    with a warning. Raises InputError if the place holds something else, OutsideError if it cannot be read, or the
    cache cannot be written.
    """
    try:
        data = place.read()
        contents = Contents() if data is None else parse_contents(data)
    except DamagedTableError as error:
        log.warning("nothing is imported from %s, which is damaged: %s", place.name, error.message)
        return Imported(damaged=1)
    if contents.invalid:
        log.warning("%s: %d invalid entries are left out", place.name, contents.invalid)
    wanted = [entry for entry in contents.entries if trust_records or _is_verifiable(entry)]
    here = {entry.path.relative_to(cache.root) for entry in list_entries(cache.root) if not entry.leftover}
    missing = [entry for entry in wanted if _path(entry) not in here]
    arrived = at_once(lambda entry: _bring(cache, place, entry), missing, most=_THREADS)
    added = [entry for entry, came in zip(missing, arrived, strict=True) if came]
    return Imported(
        added=Contents.of(added),
        present=len(wanted) - len(missing),
        untrusted=sum(1 for _ in contents.entries) - len(wanted),
        damaged=contents.invalid + len(missing) - len(added),
        exists=data is not None,
    )


def _is_verifiable(entry: Entry) -> bool:
    """Return whether an entry's digest is all that its users rely on."""
    return isinstance(entry, BlobEntry) and entry.kind in VERIFIABLE


def _path(entry: Entry) -> Path:
    """Return where an entry lies, from the cache's root."""
    if isinstance(entry, BlobEntry):
        return Path("blobs", "sha256", entry.digest.hex[:2], entry.digest.hex)
    return Path("records", entry.kind, entry.name.hex[:2], f"{entry.name.hex}.json")


def _bring(cache: Cache, place: Place, entry: Entry) -> bool:
    """Put one entry into the cache, with the time of its last use. Return False, with a warning, if it is damaged."""
    path = cache.root / _path(entry)
    if isinstance(entry, BlobEntry):
        blob = entry
        try:
            cache.fill(blob.digest, lambda start: place.arriving(blob, start), what=f"{blob.digest} of {place.name}")
        except (InputError, OutsideError) as error:
            if _ends_all(error):
                raise
            log.warning("left out, since it is damaged: %s", error.message)
            return False
    else:
        cache.adopt(path, entry.value)
    # So that what is not used any more is pruned here, and left out of the next export. A day in the future is false.
    used = min(entry.day * SECONDS_A_DAY, time.time())
    with suppress(OSError):
        os.utime(path, (used, used))
    return True


def _ends_all(error: CompError) -> bool:
    """Return whether an error would meet all other entries as well: the disk, or a server that fails."""
    return isinstance(error, MachineError) or (isinstance(error, RemoteError) and error.status != _NOT_FOUND)
