"""Where blobs were pushed: another repository of the host may share one, and a repository's last push vouches for all.

Both are hints: a server may have lost the blob since, and then says so.
"""

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import ClassVar

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference
from toolkit.system.turns import Turns

# Bytes. A record takes as long as asking for a smaller blob.
_WORTH_A_RECORD = 100_000


class LastPush(Record, frozen=True, kw_only=True):
    """The manifest or index that was last pushed to a repository, and all blobs below it."""

    KIND: ClassVar[str] = "last-push"

    digest: Digest
    blobs: frozenset[Digest]


class _BlobLocation(Record, frozen=True, kw_only=True):
    """The repository that a blob was last pushed to."""

    KIND: ClassVar[str] = "blob-location"

    repository: str


class BlobLocations:
    """Remembers what was pushed where: for the pushes of this process, and in the cache for later ones.

    Safe to share between threads.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._turns = Turns()
        self._known: dict[tuple[str, Digest], str] = {}
        # The hosts that have taken a blob over from one repository into another.
        self.mounting: set[str] = set()

    def turn(self, host: str, blob: Digest) -> AbstractContextManager[None]:
        """Hold the turn at bringing a blob to a host: the images that need it too then take it over there."""
        return self._turns.of((host, blob))

    def find(self, host: str, blob: Digest) -> str | None:
        """Return the repository of the host that the blob was last pushed to; None if unknown."""
        if known := self._known.get((host, blob)):
            return known
        location = self._cache.recall(_BlobLocation, _blob_key(host, blob))
        return location.repository if location else None

    def note(self, host: str, blob: Descriptor, repository: str) -> None:
        """Remember that a repository has the blob; a small one only in this process."""
        known, self._known[host, blob.digest] = self.find(host, blob.digest), repository
        if known != repository and blob.size >= _WORTH_A_RECORD:
            self._cache.remember(_blob_key(host, blob.digest), _BlobLocation(repository=repository))

    def last_push(self, repository: Reference) -> LastPush | None:
        """Return what was last pushed to the repository from this cache; None if unknown."""
        return self._cache.recall(LastPush, _repository_key(repository))

    def note_push(self, repository: Reference, digest: Digest, blobs: Collection[Digest]) -> None:
        """Remember what was pushed to a repository."""
        self._cache.remember(_repository_key(repository), LastPush(digest=digest, blobs=frozenset(blobs)))


def _blob_key(host: str, blob: Digest) -> dict[str, str]:
    """Return the key of a blob's location on one host: servers mount only from their own repositories."""
    return {"host": host, "blob": str(blob)}


def _repository_key(repository: Reference) -> dict[str, str]:
    """Return the key of a repository's last push, whatever its tag."""
    return {"repository": repository.name}
