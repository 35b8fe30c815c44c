"""Where blobs have been pushed before: a neighbour on the same host can be asked to share what it has."""

from typing import Protocol

from toolkit.cache import Cache
from toolkit.oci.digest import Digest


class Places(Protocol):
    """Knows repositories that have blobs, or had."""

    def find(self, host: str, digest: Digest) -> str | None:
        """Name a repository of the host that had the blob; None when none is known."""
        ...

    def note(self, host: str, digest: Digest, repository: str) -> None:
        """Remember that a repository has the blob."""
        ...


class Nowhere:
    """Knows nothing."""

    def find(self, host: str, digest: Digest) -> str | None:
        """Know no repository."""
        del host, digest
        return None

    def note(self, host: str, digest: Digest, repository: str) -> None:
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
