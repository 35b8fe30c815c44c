"""The entries that an export keeps: its own and those of earlier exports, within a budget."""

from msgspec.structs import replace

from toolkit.cache_export.contents import BLOB_KINDS, BlobEntry, Contents, Entry, RecordEntry
from toolkit.limits import CACHE_ENTRIES, RECORD_SIZE


def merged(own: Contents, others: Contents) -> Contents:
    """Return the entries of both; for a record of both, the own value and the later day."""
    found: dict[object, Entry] = {}
    # The own ones last, since they replace the others.
    for entry in (*others.entries, *own.entries):
        key = _key(entry)
        earlier = found.get(key)
        found[key] = _with_day(entry, max(entry.day, earlier.day)) if earlier else entry
    return Contents.of(found.values())


def within(contents: Contents, budget: int) -> Contents:
    """Return the entries that fit into `budget` bytes.

    Those of the last day of use come first, and among those of one day the ones that save the most time for their
    bytes: records, then blobs in the order of `BLOB_KINDS`, small ones first.
    """
    kept: list[Entry] = []
    left = budget
    counts = {BlobEntry: 0, RecordEntry: 0}
    # The table holds the records, and importers refuse one that is too large.
    left_for_records = RECORD_SIZE.value // 2
    for entry in sorted(contents.entries, key=_rank):
        # A later entry that is smaller may still fit.
        if entry.size > left or counts[type(entry)] == CACHE_ENTRIES.value:
            continue
        if isinstance(entry, RecordEntry):
            if entry.size > left_for_records:
                continue
            left_for_records -= entry.size
        counts[type(entry)] += 1
        left -= entry.size
        kept.append(entry)
    return Contents.of(kept)


def difference(contents: Contents, others: Contents) -> Contents:
    """Return the entries whose blob, or record with this value, the others lack."""
    known = {_with_day(entry, 0) for entry in others.entries}
    return Contents.of(entry for entry in contents.entries if _with_day(entry, 0) not in known)


def _rank(entry: Entry) -> tuple[int, int, int, str]:
    """Return the place of an entry in the order; the smallest is the best."""
    if isinstance(entry, RecordEntry):
        return -entry.day, -1, entry.size, entry.name.hex
    return -entry.day, BLOB_KINDS.index(entry.kind), entry.size, entry.digest.hex


def _key(entry: Entry) -> object:
    """Return what two entries for the same thing have in common."""
    return entry.digest if isinstance(entry, BlobEntry) else (entry.kind, entry.name)


def _with_day(entry: Entry, day: int) -> Entry:
    """Return the entry with another day of use."""
    return replace(entry, day=day)
