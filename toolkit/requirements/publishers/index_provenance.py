"""Ask package indexes who published files: the `provenance` of the simple repository API in JSON (PEP 691, PEP 740).

One page for each package, and one provenance object for each file that has one. An index that serves none is asked
for a few pages once a day, and else for nothing.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import ClassVar
from urllib.parse import urlsplit

from msgspec import Struct

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import CompError, InputError, OutsideError, RemoteError
from toolkit.http.answers import join_url, reading
from toolkit.python.target import Target
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin
from toolkit.requirements.publishers.attestations import can_verify, publisher_of
from toolkit.requirements.publishers.index_client import IndexClient
from toolkit.requirements.publishers.provenance import read_provenance
from toolkit.requirements.publishers.publisher import Publisher
from toolkit.requirements.uv_compile import index_addresses
from toolkit.requirements.uv_settings import settings_digest
from toolkit.system.threads import at_once

_PAGE = "application/vnd.pypi.simple.v1+json"
_OBJECT = "application/vnd.pypi.integrity.v1+json"
# Packages of an index that are looked at before it counts as one without provenance: a file may have none.
_PROBES = 3
_THREADS = 8
# Seconds for which an index without provenance, or a file without a publisher, is not asked again.
_DAY = 24 * 60 * 60


class Found(Struct, frozen=True, kw_only=True):
    """The publishers of files, by digest; for the files in `unknown` the index could not be asked, with the reason."""

    publishers: Mapping[Digest, Publisher]
    unknown: Mapping[Digest, str]


class _Remembered(Record, frozen=True, kw_only=True):
    """What an index attested of a file, in the cache by index and digest; `kind` is empty for no publisher."""

    KIND: ClassVar[str] = "publisher"

    kind: str
    claims: tuple[tuple[str, str], ...]
    verified: bool
    at: int


class _Silent(Record, frozen=True, kw_only=True):
    """A mark in the cache: an index, or all indexes of some settings, served no provenance."""

    KIND: ClassVar[str] = "no-provenance"

    at: int


class _File(Struct, frozen=True, kw_only=True):
    """A file on an index."""

    package: str
    filename: str
    digest: Digest


def find_publishers(
    locked: Sequence[tuple[Target, Sequence[Pin]]],
    known: Mapping[Digest, Publisher],
    indexes: Indexes,
    cache: Cache,
    *,
    clock: Callable[[], float] = time.time,
) -> Found:
    """Return the publishers of the pins of each target; those that are `known` are not asked for again.

    Raises OutsideError for provenance that cannot be right: of another file, or with a wrong signature.
    """
    search = _Search(indexes, cache, int(clock()))
    publishers: dict[Digest, Publisher] = {}
    asked: dict[Digest, tuple[Target, Pin]] = {}
    for target, pins in locked:
        for pin in pins:
            if pin.published is None:
                continue
            digest = pin.published[1]
            if digest in known:
                publishers[digest] = known[digest]
            # What was a claim can be verified as soon as the extra is there.
            if digest not in known or (can_verify() and not known[digest].verified):
                asked[digest] = (target, pin)
    if not asked or search.is_silent(settings_digest(indexes).hex):
        return Found(publishers=publishers, unknown={})
    if _is_offline(indexes.environ):
        reason = "uv is offline"
        return Found(publishers=publishers, unknown={digest: reason for digest in asked if digest not in publishers})
    found = search.find(list(asked.values()))
    publishers |= found.publishers
    unknown = {digest: reason for digest, reason in found.unknown.items() if digest not in publishers}
    return Found(publishers=publishers, unknown=unknown)


def _is_offline(environ: Mapping[str, str]) -> bool:
    """Return whether uv may use no network (its variables of yes or no, as its documentation has them)."""
    return environ.get("UV_OFFLINE", "").lower() in {"1", "true", "t", "yes", "y", "on"}


class _Search:
    """One search on the indexes of a project. Threads share it."""

    def __init__(self, indexes: Indexes, cache: Cache, now: int) -> None:
        self._indexes, self._cache, self._now = indexes, cache, now
        self._client = IndexClient(indexes, cache)
        self._publishers: dict[Digest, Publisher] = {}
        self._unknown: dict[Digest, str] = {}

    def is_silent(self, key: str) -> bool:
        """Return whether an index, or the indexes of some settings, served no provenance of late."""
        silent = self._cache.recall(_Silent, {"of": key})
        return silent is not None and self._is_recent(silent.at)

    def find(self, asked: Sequence[tuple[Target, Pin]]) -> Found:
        """Return the publishers of pins, and what could not be found out."""
        by_index = self._by_index(asked)
        served = [self._look(index, packages) for index, packages in by_index.items()]
        if not any(served) and not self._unknown:
            self._cache.remember({"of": settings_digest(self._indexes).hex}, _Silent(at=self._now))
        return Found(publishers=self._publishers, unknown=self._unknown)

    def _is_recent(self, at: int) -> bool:
        return 0 <= self._now - at < _DAY

    def _by_index(self, asked: Sequence[tuple[Target, Pin]]) -> dict[str, dict[str, list[_File]]]:
        """Return the files by index and package; those by links are on no index."""
        by_target: dict[Target, list[Pin]] = {}
        for target, pin in asked:
            by_target.setdefault(target, []).append(pin)
        found: dict[str, dict[str, list[_File]]] = {}
        for target, pins in by_target.items():
            try:
                addresses = index_addresses(pins, target, self._cache, self._indexes)
            except CompError as error:
                # The lock is resolved already, and need not know them.
                self._unknown |= {pin.published[1]: error.message for pin in pins if pin.published}
                continue
            for pin in pins:
                index = addresses.get(pin.name, "").rstrip("/")
                if index.startswith(("http://", "https://")) and pin.published:
                    file = _File(package=pin.name, filename=pin.published[0], digest=pin.published[1])
                    found.setdefault(index, {}).setdefault(pin.name, []).append(file)
        return found

    def _look(self, index: str, packages: Mapping[str, Sequence[_File]]) -> bool:
        """Find the publishers of packages on one index; return whether it serves provenance."""
        wanted = {name: left for name, files in packages.items() if (left := self._not_remembered(index, files))}
        if not wanted:
            return True
        if self.is_silent(index):
            return False
        waiting = iter(wanted.values())
        # One after the other, so that an index without provenance gets no more requests than these.
        if any(self._package(index, files) for files in islice(waiting, _PROBES)):
            at_once(lambda files: self._package(index, files), list(waiting), most=_THREADS)
            return True
        if self._unknown:
            reason = next(iter(self._unknown.values()))
            self._unknown |= {file.digest: reason for files in waiting for file in files}
        else:
            self._cache.remember({"of": index}, _Silent(at=self._now))
        return False

    def _not_remembered(self, index: str, files: Sequence[_File]) -> list[_File]:
        """Take what the cache has, and return the other files."""
        left = []
        for file in files:
            record = self._cache.recall(_Remembered, _key(index, file))
            if record and record.kind and (record.verified or not can_verify()):
                claims = record.claims
                self._publishers[file.digest] = Publisher(kind=record.kind, claims=claims, verified=record.verified)
            elif record is None or record.kind or not self._is_recent(record.at):
                left.append(file)
        return left

    def _package(self, index: str, files: Sequence[_File]) -> bool:
        """Find the publishers of one package's files; return whether its page has the key `provenance`."""
        try:
            page = self._page(f"{index}/{files[0].package}/")
            for file in files if page is not None else ():
                self._take(index, file, self._publisher(file, (page or {}).get(file.digest.hex)))
        except RemoteError as error:
            # Whether this matters depends on what was known of the package before.
            self._unknown |= dict.fromkeys((file.digest for file in files), error.message)
            return False
        return page is not None

    def _take(self, index: str, file: _File, publisher: Publisher | None) -> None:
        """Keep what was found."""
        if publisher:
            self._publishers[file.digest] = publisher
        record = _Remembered(
            kind=publisher.kind if publisher else "",
            claims=publisher.claims if publisher else (),
            verified=bool(publisher and publisher.verified),
            at=self._now,
        )
        self._cache.remember(_key(index, file), record)

    def _page(self, address: str) -> Mapping[str, str] | None:
        """Return the addresses of provenance on a package's page, by sha256; None for a page without that key."""
        page = self._client.get(address, _PAGE)
        if page is None or not page.media_type.endswith("json"):
            return None
        server, what = urlsplit(page.address).netloc, f"the page {address}"
        found: dict[str, str] = {}
        with reading(server, what):
            files = [entry for entry in json.loads(page.body)["files"] if "provenance" in entry]
            for entry in files:
                if entry["provenance"] is not None:
                    sha256 = str(entry["hashes"].get("sha256", ""))
                    found[sha256] = join_url(page.address, str(entry["provenance"]), server, what)
        return found if files else None

    def _publisher(self, file: _File, address: str | None) -> Publisher | None:
        """Return the publisher in the provenance at an address; None without an address. Raises OutsideError."""
        if address is None:
            return None
        server = urlsplit(address).netloc
        document = self._client.get(address, _OBJECT)
        if document is None:
            raise RemoteError(f"{server} does not have the provenance of {file.filename} that the index names")
        try:
            provenance = read_provenance(document.body, file.filename, file.digest)
            return publisher_of(provenance, file.filename, file.digest)
        except InputError as error:
            raise OutsideError(
                f"the provenance of {file.filename} on {server} is not right: {error.message}",
                hint="nothing was locked; take another version until the project explains it, or a newer `sigstore`, "
                "which knows its servers",
            ) from error


def _key(index: str, file: _File) -> dict[str, str]:
    """Return the cache's key for what an index attests of a file."""
    return {"index": index, "file": file.digest.hex}
