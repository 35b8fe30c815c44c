"""What was pushed where: a neighbour may share what it has, and a repository's last manifest stands for its blobs."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from toolkit.cache import Cache
from toolkit.errors import InputError
from toolkit.oci.digest import Digest
from toolkit.oci.reference import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """A manifest or index that a repository had, and the hex digests of all blobs below it."""

    digest: Digest
    blobs: frozenset[str]


class Places(Protocol):
    """Knows repositories that have blobs, or had."""

    def find(self, host: str, digest: Digest) -> str | None:
        """Name a repository of the host that had the blob; None when none is known."""
        ...

    def note(self, host: str, digest: Digest, repository: str) -> None:
        """Remember that a repository has the blob."""
        ...

    def last(self, repository: Reference) -> Pushed | None:
        """Say what was pushed to a repository last; None when that is not known."""
        ...

    def note_last(self, repository: Reference, digest: Digest, blobs: Collection[Digest]) -> None:
        """Remember what was pushed to a repository."""
        ...


class Nowhere:
    """Knows nothing."""

    def find(self, host: str, digest: Digest) -> str | None:
        """Know no repository."""
        del host, digest
        return None

    def note(self, host: str, digest: Digest, repository: str) -> None:
        """Forget it at once."""

    def last(self, repository: Reference) -> Pushed | None:
        """Know no push."""
        del repository
        return None

    def note_last(self, repository: Reference, digest: Digest, blobs: Collection[Digest]) -> None:
        """Forget it at once."""


class CachedPlaces:
    """Remembers in the cache. What it says may be out of date: a server that does not have the blob says so."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def find(self, host: str, digest: Digest) -> str | None:
        """Name the repository that the blob was pushed to last."""
        known = self._cache.record("place", {"host": host, "blob": str(digest)})
        repository = (known or {}).get("repository")
        return repository if isinstance(repository, str) and repository else None

    def note(self, host: str, digest: Digest, repository: str) -> None:
        """Remember the repository, unless it is known."""
        if self.find(host, digest) != repository:
            self._cache.write_record("place", {"host": host, "blob": str(digest)}, {"repository": repository})

    def last(self, repository: Reference) -> Pushed | None:
        """Say what was pushed to the repository last from this cache."""
        known = self._cache.record("pushed", {"repository": repository.name}) or {}
        blobs = known.get("blobs")
        try:
            digest = Digest.parse(str(known.get("digest")))
        except InputError:
            return None
        return Pushed(digest=digest, blobs=frozenset(map(str, blobs))) if isinstance(blobs, list) else None

    def note_last(self, repository: Reference, digest: Digest, blobs: Collection[Digest]) -> None:
        """Remember what was pushed."""
        listed = sorted(blob.hex for blob in blobs)
        self._cache.write_record("pushed", {"repository": repository.name}, {"digest": str(digest), "blobs": listed})
