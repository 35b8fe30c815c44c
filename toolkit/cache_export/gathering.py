"""The entries of this machine's cache that other machines can use."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.cache.pruning import CacheEntry, list_entries
from toolkit.cache_export.contents import RECORD_KINDS, BlobEntry, Contents, Entry, RecordEntry
from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.oci.document import LARGEST_DOCUMENT, parse_document

SECONDS_A_DAY = 86_400
# A record of this size is not one of ours.
_LARGEST_RECORD = 1 << 20


def gather(root: Path) -> tuple[Contents, Mapping[Digest, Path]]:
    """Return the blobs and records of a cache that hold on every machine, and where the blobs lie.

    Layers and bases are left out, since they come from servers or can be made again; so are artifacts of pipelines,
    and facts about this machine.
    """
    entries = [entry for entry in list_entries(root) if not entry.leftover]
    records = [record for entry in entries if entry.kind == "records" and (record := _record(entry))]
    named = dict(_named_blobs(records))
    files = {entry.path.name: entry for entry in entries if entry.kind == "blobs"}
    documents = {name: found for name, entry in files.items() if name not in named and (found := _document(entry))}
    named |= {name: "base" for name in _base_documents(documents) if name in files}
    blobs: list[Entry] = []
    for name, entry in files.items():
        kind = named.get(name) or ("wheel" if _is_wheel(entry.path) else None)
        if kind:
            blobs.append(BlobEntry(kind=kind, digest=Digest(name), size=entry.size, day=_day(entry)))
    return Contents.of([*blobs, *records]), {Digest(name): entry.path for name, entry in files.items()}


def _record(entry: CacheEntry) -> RecordEntry | None:
    """Return a record that may be exported, else None."""
    kind = entry.path.parent.parent.name
    if kind not in RECORD_KINDS or entry.size > _LARGEST_RECORD:
        return None
    try:
        value = parse_document(entry.path.read_bytes())
    except (OSError, InputError):
        return None  # Another process removed it, or it is damaged.
    name = Digest(entry.path.stem)
    return RecordEntry(kind=kind, name=name, value=canonical_json(value, ascii_only=True), day=_day(entry))


def _named_blobs(records: list[RecordEntry]) -> Iterator[tuple[str, str]]:
    """Yield the hex digits of each digest in a record whose kind names blobs, and the kind of those blobs."""
    for record in records:
        if kind := RECORD_KINDS[record.kind]:
            for text in _texts(json.loads(record.value)):
                algorithm, _, digits = text.partition(":")
                if algorithm == "sha256":
                    yield digits, kind


def _texts(value: object) -> Iterator[str]:
    """Yield all texts in a JSON value, without the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _document(entry: CacheEntry) -> dict[str, Any] | None:
    """Return the manifest or index that a blob is, else None."""
    if entry.size > LARGEST_DOCUMENT:
        return None
    try:
        with entry.path.open("rb") as stream:
            if stream.read(1) != b"{":
                return None
        parsed = parse_document(entry.path.read_bytes())
    except (OSError, InputError):
        return None
    # Values of pipelines are JSON as well, and are the user's own.
    return parsed if parsed.get("schemaVersion") == 2 and ("layers" in parsed or "manifests" in parsed) else None  # noqa: PLR2004 (the image specification)


def _base_documents(documents: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the hex digits of manifests and indexes, and of the configs that they name."""
    for name, parsed in documents.items():
        yield name
        config = parsed.get("config")
        if isinstance(config, dict):
            yield str(config.get("digest")).removeprefix("sha256:")


def _is_wheel(path: Path) -> bool:
    """Return whether a blob is a wheel."""
    try:
        with path.open("rb") as stream:
            if stream.read(2) != b"PK":
                return False
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".dist-info/WHEEL") and name.count("/") == 1 for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def _day(entry: CacheEntry) -> int:
    """Return the day of the last use."""
    # Days, so that an export of the same entries on the same day has the same digest.
    return max(0, int(entry.used // SECONDS_A_DAY))
