"""The index that search reads: one artifact, whose layers are parts of the catalogue, sixteen of them.

It is derived from the releases, and its tag is the only one that is set anew. Writers merge their change into what is
there, set the tag, look whether it stayed, and try again if it did not. A change can still be lost, to a writer that
read before and wrote after; then the component's next release, or `comp registry reindex`, brings it back.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.limits import RECORD_SIZE
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.document import parse_document
from toolkit.oci.image import Layer
from toolkit.oci.reference import Reference
from toolkit.registry.entry import Entry
from toolkit.registry.folder.catalogue import catalogue_bytes, catalogue_text, matching
from toolkit.registry.folder.layout import shard
from toolkit.registry.names import Name, parse_name
from toolkit.registry.oci.artifact import TITLE, artifact, blob, check_type
from toolkit.registry.oci.blobs import Blobs
from toolkit.registry.oci.contest import Clock
from toolkit.registry.oci.seen import Seen
from toolkit.remote.client import Remote
from toolkit.remote.manifests import Manifest
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)

INDEX_TYPE = "application/vnd.comp.component.index.v1+json"
_PART_TYPE = "application/vnd.comp.component.index.part.v1.jsonl+gzip"
_CONFIG = b'{"api":1}\n'
# Few enough that the first search asks for few, and a publish sends a small one.
_PARTS = 16
_ATTEMPTS = 8
# Seconds.
_STEP = 0.02


class _Index(Struct, frozen=True, kw_only=True):
    """An index as the server has it: the part of each number."""

    parts: Mapping[int, Descriptor]


class SearchIndex:
    """The index under a tag."""

    def __init__(self, tag: Reference, remote: Remote, seen: Seen, cache: Cache, clock: Clock) -> None:
        self._tag = tag
        self._remote = remote
        self._seen = seen
        self._cache = cache
        self._blobs = Blobs(seen, cache)
        self._clock = clock
        # The lines of the parts that were read.
        self._texts: dict[Digest, bytes] = {}

    def read(self, words: Sequence[str] = ()) -> list[Entry] | None:
        """Return the entries with all words, in the order of names.

        None if there is no index, or, with a warning, a damaged one.
        """
        try:
            index = self._fetch(fresh=False)
            if index is None:
                return None
            texts = at_once(self._text, [*index.parts.values()])
            return matching(b"".join(texts), words)
        except InputError as error:
            log.warning("the index %s is damaged: %s", self._tag, error)
            return None

    def update(self, entry: Entry) -> None:
        """Put one component's entry in place of the one that it has. Raises OutsideError if others do so all the time.

        An index that is damaged is left for `replace`.
        """
        number = _part_of(parse_name(entry.name))
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                index = self._fetch(fresh=True)
                before = self._read_part(index.parts[number]) if index and number in index.parts else []
            except InputError as error:
                raise OutsideError(f"the index {self._tag} is damaged: {error.message}") from error
            if entry in before:
                return
            merged = [*(each for each in before if each.name != entry.name), entry]
            written = self._write(index, {number: catalogue_bytes(merged)})
            if self._remote.tagged(self._tag) == written:
                return
            # Different for each writer, so that they do not keep step.
            self._clock.pause(_STEP * attempt * (1 + int(written.hex[0], 16)))
        raise OutsideError(f"the index {self._tag} is changed by too many at once", hint="try again")

    def replace(self, entries: Iterable[Entry]) -> None:
        """Make the index anew of these entries."""
        parts: dict[int, list[Entry]] = {}
        for entry in entries:
            parts.setdefault(_part_of(parse_name(entry.name)), []).append(entry)
        self._write(None, {number: catalogue_bytes(some) for number, some in parts.items()})

    def _fetch(self, *, fresh: bool) -> _Index | None:
        """Return the index that the tag names, `fresh` or as it was seen. Raises InputError for anything else."""
        found = self._seen.manifest(self._tag, fresh=fresh)
        return _read_index(found) if found else None

    def _text(self, described: Descriptor) -> bytes:
        """Return the lines of one part. Raises InputError if it is damaged."""
        if described.digest not in self._texts:
            data = self._blobs.read(self._tag, described, RECORD_SIZE)
            self._texts[described.digest] = catalogue_text(data)
        return self._texts[described.digest]

    def _read_part(self, described: Descriptor) -> list[Entry]:
        """Return the entries of one part. Raises InputError if it is damaged."""
        return matching(self._text(described), ())

    def _write(self, index: _Index | None, changed: Mapping[int, bytes]) -> Digest:
        """Set the tag to the index with some parts changed, and return its manifest's digest."""
        kept = {number: part for number, part in index.parts.items() if number not in changed} if index else {}
        layers = {number: self._kept(part) for number, part in kept.items()}
        layers |= {number: blob(data, _PART_TYPE, title=_title(number)) for number, data in changed.items()}
        made = artifact(INDEX_TYPE, _CONFIG, INDEX_TYPE, [layers[number] for number in sorted(layers)])
        there = {part.digest for part in kept.values()} | ({Digest.of(_CONFIG)} if index else set())
        digest = self._remote.push(made, self._tag, present=frozenset(there))
        # What was just written is not read again.
        for data in changed.values():
            self._cache.store_verified(iter((data,)), Digest.of(data), what=f"the index {self._tag}")
        self._seen.note(self._tag, Manifest(digest=digest, data=made.manifest))
        return digest

    def _kept(self, part: Descriptor) -> Layer:
        """Return a part that stays as it is; it is read only if the server has lost it."""
        return Layer(
            descriptor=part,
            diff_id=part.digest,
            chunks=lambda: iter((self._blobs.read(self._tag, part, RECORD_SIZE),)),
        )


def _read_index(manifest: Manifest) -> _Index:
    """Read the manifest of an index. Raises InputError for anything else."""
    document = parse_document(manifest.data)
    check_type(document, INDEX_TYPE)
    layers = document.get("layers")
    described = [Descriptor.from_dict(layer) for layer in layers] if isinstance(layers, list) else []
    titles = {_title(number): number for number in range(_PARTS)}
    # Without a component there is a layer for servers alone.
    parts = [part for part in described if part.media_type != INDEX_TYPE]
    if any(part.annotations.get(TITLE) not in titles for part in parts):
        raise InputError("it has parts of another form", hint="a newer comp may have written it")
    return _Index(parts={titles[part.annotations[TITLE]]: part for part in parts})


def _part_of(name: Name) -> int:
    """Return the number of the part that has a component."""
    return shard(name) % _PARTS


def _title(number: int) -> str:
    """Return the title of a part, by which tools write it to a file."""
    return f"catalog-{number:02}.jsonl.gz"
