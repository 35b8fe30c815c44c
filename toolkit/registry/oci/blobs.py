"""The blobs of a registry's artifacts: read once, verified, and kept in the cache by their digests."""

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.limits import Limit
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference
from toolkit.remote.client import Remote


class Blobs:
    """What a client reads of repositories."""

    def __init__(self, remote: Remote, cache: Cache) -> None:
        self._remote = remote
        self._cache = cache

    def read(self, repository: Reference, described: Descriptor, limit: Limit) -> bytes:
        """Return a blob. Raises InputError if it is larger than the limit, OutsideError for other content."""
        what = f"blob {described.digest} of {repository.name}"
        limit.check(described.size, what)
        data = self._cache.read_verified(described.digest)
        if data is None:
            data = b"".join(self._remote.read_blob(repository, described))
            if Digest.of(data) != described.digest:
                raise OutsideError(
                    f"{what} has another content: its digest is {Digest.of(data)}",
                    hint="the server, or something between here and it, has changed it",
                )
            self._cache.store_verified(iter((data,)), described.digest, what=what)
        return data

    def cached(self, digest: Digest) -> bytes | None:
        """Return what the cache has under a digest; None if nothing."""
        return self._cache.read_verified(digest)
