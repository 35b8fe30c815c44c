"""The blobs of a registry's artifacts: read once, verified, and kept in the cache by their digests."""

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.limits import Limit
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference
from toolkit.registry.oci.seen import Seen


class Blobs:
    """What a client reads of repositories."""

    def __init__(self, seen: Seen, cache: Cache) -> None:
        self._seen = seen
        self._cache = cache

    def read(self, repository: Reference, described: Descriptor, limit: Limit) -> bytes:
        """Return a blob, from the cache if that has it. Raises as `fetch` does."""
        data = self._cache.read_verified(described.digest)
        if data is None:
            data = self.fetch(repository, described, limit)
            self._cache.store_verified(iter((data,)), described.digest, what=_named(repository, described))
        return data

    def fetch(self, repository: Reference, described: Descriptor, limit: Limit) -> bytes:
        """Return a blob as the server has it.

        Raises InputError if it is larger than the limit, OutsideError for other content.
        """
        what = _named(repository, described)
        limit.check(described.size, what)
        data = b"".join(self._seen.read_blob(repository, described))
        if Digest.of(data) != described.digest:
            raise OutsideError(
                f"{what} has another content: its digest is {Digest.of(data)}",
                hint="the server, or something between here and it, has changed it",
            )
        return data

    def cached(self, digest: Digest) -> bytes | None:
        """Return what the cache has under a digest; None if nothing."""
        return self._cache.read_verified(digest)


def _named(repository: Reference, described: Descriptor) -> str:
    """Return what messages call a blob."""
    return f"blob {described.digest} of {repository.name}"
