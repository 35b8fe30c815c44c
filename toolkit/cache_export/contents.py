"""The table of contents of an export: its blobs and records, and when each was last used.

Everything in it comes from a file or a server, so `parse_contents` checks each entry, and leaves invalid ones out.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.limits import CACHE_ENTRIES, CACHE_EXPORT_SIZE
from toolkit.oci.document import parse_document

# Raise it with any change that an older program would misread.
_VERSION = 1
# The order in which they are worth their bytes (docs/decisions/0031-cache-exports.md).
BLOB_KINDS = ("base", "recipe", "bytecode", "wheel")
# Blobs that are used by their digests alone, so that a false one cannot be taken for another.
VERIFIABLE = frozenset({"base", "wheel"})
# The records that hold on every machine. The blobs that they name have the kind beside them.
RECORD_KINDS: Mapping[str, str] = {
    "base-facts": "",
    "built": "wheel",
    "bytecode": "bytecode",
    "collisions": "",
    "estargz-layer": "recipe",
    "installed-places": "",
    "interpreter": "",
    "layer": "recipe",
    "needs": "",
    "verified": "",
}
_AGAIN = "export again"
_E = TypeVar("_E")


class BlobEntry(Struct, frozen=True, kw_only=True):
    """A blob: one of `BLOB_KINDS`, its digest and size in bytes, and the day of its last use, counted from 1970."""

    kind: str
    digest: Digest
    size: int
    day: int


class RecordEntry(Struct, frozen=True, kw_only=True):
    """A record: its kind, the 64 hex digits that are its name, its JSON, and the day of its last use."""

    kind: str
    name: Digest
    value: bytes
    day: int

    @property
    def size(self) -> int:
        """The bytes of its JSON."""
        return len(self.value)


Entry = BlobEntry | RecordEntry


class DamagedTableError(InputError):
    """A table of contents is not what an export writes, so that the export is as good as missing."""


class Contents(Struct, frozen=True, kw_only=True):
    """What an export holds. `invalid` counts the entries of a table that could not be used."""

    blobs: tuple[BlobEntry, ...] = ()
    records: tuple[RecordEntry, ...] = ()
    invalid: int = 0

    @property
    def size(self) -> int:
        """The bytes of all entries."""
        return sum(entry.size for entry in self.entries)

    @property
    def entries(self) -> Iterator[Entry]:
        """All blobs, then all records."""
        yield from self.blobs
        yield from self.records

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Contents":
        """Return the contents with these entries, in an order of their own, so that equal contents have equal bytes."""
        listed = list(entries)
        blobs = (entry for entry in listed if isinstance(entry, BlobEntry))
        records = (entry for entry in listed if isinstance(entry, RecordEntry))
        return cls(
            blobs=tuple(sorted(blobs, key=lambda entry: entry.digest)),
            records=tuple(sorted(records, key=lambda entry: (entry.kind, entry.name))),
        )

    def to_json(self) -> bytes:
        """Return the table as JSON."""
        blobs = [[entry.kind, entry.digest.hex, entry.size, entry.day] for entry in self.blobs]
        records = [[entry.kind, entry.name.hex, entry.day, json.loads(entry.value)] for entry in self.records]
        return canonical_json({"version": _VERSION, "blobs": blobs, "records": records}, ascii_only=True)


def parse_contents(data: bytes) -> Contents:
    """Read a table. Raises DamagedTableError if it is not one, InputError if its sizes exceed the limit."""
    try:
        document = parse_document(data)
    except InputError as error:
        raise DamagedTableError(f"its table is {error.message}", hint=_AGAIN) from error
    if document.get("version") != _VERSION:
        version = str(document.get("version"))[:20]
        raise DamagedTableError(f"its table has the version {version}, expected {_VERSION}", hint=_AGAIN)
    blobs, false_blobs = _read(document, "blobs", _blob)
    records, false_records = _read(document, "records", _record)
    contents = Contents(blobs=blobs, records=records, invalid=false_blobs + false_records)
    CACHE_EXPORT_SIZE.check(contents.size, "the sum of its sizes")
    return contents


def _read(document: dict[str, Any], key: str, read: Callable[[list[Any]], _E]) -> tuple[tuple[_E, ...], int]:
    """Return the valid entries of a list, and how many are invalid."""
    listed = document.get(key)
    if not isinstance(listed, list):
        raise DamagedTableError(f"its table has no list of {key}", hint=_AGAIN)
    CACHE_ENTRIES.check(len(listed), f"the list of {key}")
    found = []
    for item in listed:
        try:
            found.append(read(item))
        except (InputError, TypeError, ValueError):
            continue
    return tuple(found), len(listed) - len(found)


def _blob(item: list[Any]) -> BlobEntry:
    """Read a blob's entry. Raises InputError, TypeError or ValueError."""
    kind, digits, size, day = item
    if kind not in BLOB_KINDS:
        raise ValueError(kind)
    return BlobEntry(kind=kind, digest=Digest.parse_hex(digits), size=_count(size), day=_count(day))


def _record(item: list[Any]) -> RecordEntry:
    """Read a record's entry. Raises InputError, TypeError or ValueError."""
    kind, digits, day, value = item
    if kind not in RECORD_KINDS or not isinstance(value, dict):
        raise ValueError(kind)
    return RecordEntry(
        kind=kind, name=Digest.parse_hex(digits), value=canonical_json(value, ascii_only=True), day=_count(day)
    )


def _count(value: object) -> int:
    """Return a whole number that is not negative. Raises TypeError or ValueError."""
    # `isinstance` would take true for an int.
    if type(value) is not int:
        raise TypeError(value)
    if value < 0:
        raise ValueError(value)
    return value
