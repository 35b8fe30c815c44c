"""What a server's repositories have, as it is now, or, if the server cannot be reached, as it was last seen.

The cache keeps each list of tags and each manifest that was read, so that a manifest is asked for with its digest, and
not sent again if it is unchanged. Within a moment, neither is asked for twice: a command looks at the same tags often.
"""

import logging
import time
from collections.abc import Callable, Generator
from typing import ClassVar

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import NoAnswerError, OutsideError
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference
from toolkit.registry.offline import HINT, ago
from toolkit.remote.client import Remote
from toolkit.remote.manifests import Manifest

log = logging.getLogger(__name__)

# Seconds in which what a server said still stands.
MOMENT = 2.0


class _SeenTags(Record, frozen=True, kw_only=True):
    """The tags of a repository at the time `at` (seconds since 1970); None if there was none."""

    KIND: ClassVar[str] = "registry-tags"

    tags: tuple[str, ...] | None
    at: int


class _SeenManifest(Record, frozen=True, kw_only=True):
    """The manifest that a tag named at the time `at`; None if it named none."""

    KIND: ClassVar[str] = "registry-manifest"

    manifest: Digest | None
    at: int


class Seen:
    """What a client sees of a server; with `offline`, the server is never asked.

    An answer stands for `moment` seconds, unless something is written: `forget` is for that.
    """

    def __init__(
        self,
        remote: Remote,
        cache: Cache,
        *,
        offline: bool = False,
        now: Callable[[], float] = time.time,
        moment: float = MOMENT,
    ) -> None:
        self._remote = remote
        self._cache = cache
        self._offline = offline
        self._now = now
        self.moment = moment
        # What the server said last, and when.
        self._tags: dict[str, tuple[float, tuple[str, ...] | None]] = {}
        self._manifests: dict[str, tuple[float, Manifest | None]] = {}
        # Why the server is not asked any more.
        self._down: NoAnswerError | None = None
        self._warned = False

    def check_online(self) -> None:
        """Raise OutsideError if the server must not be asked."""
        if self._offline:
            raise OutsideError("a registry on a server cannot be changed or checked offline", hint=HINT)

    def forget(self, repository: Reference) -> None:
        """Ask for the tags of a repository, and for its manifests, anew."""
        self._tags.pop(repository.name, None)
        self._manifests = {
            tag: seen for tag, seen in self._manifests.items() if not tag.startswith(f"{repository.name}:")
        }

    def tags(self, repository: Reference) -> tuple[str, ...] | None:
        """Return the tags of a repository; None if it does not exist. Raises OutsideError if it was never seen."""
        at, recent = self._tags.get(repository.name, (-self.moment, None))
        if self._now() - at < self.moment:
            return recent
        if self._asks():
            try:
                tags = self._remote.tags(repository)
            except NoAnswerError as error:
                self._down = error
            else:
                self._cache.remember(_key(repository), _SeenTags(tags=tags, at=int(self._now())))
                self._tags[repository.name] = self._now(), tags
                return tags
        known = self._cache.recall(_SeenTags, _key(repository))
        if known is None:
            raise self._unseen(repository)
        self._warn(repository, known.at)
        return known.tags

    def manifest(self, tag: Reference, *, fresh: bool = False, mirrors: bool = False) -> Manifest | None:
        """Return the manifest that a tag names; None if it is missing. Raises OutsideError if it was never seen.

        With `fresh` only the server's own answer counts.
        """
        at, recent = self._manifests.get(str(tag), (-self.moment, None))
        if not fresh and self._now() - at < self.moment:
            return recent
        seen = self._cache.recall(_SeenManifest, _key(tag))
        known = self._cached(seen.manifest) if seen and seen.manifest else None
        if fresh or self._asks():
            try:
                found = self._remote.manifest(tag, known=known, mirrors=mirrors)
            except NoAnswerError as error:
                if fresh:
                    raise
                self._down = error
            else:
                self.note(tag, found)
                return found
        if seen is None or (seen.manifest and known is None):
            raise self._unseen(tag)
        self._warn(tag, seen.at)
        return known

    def note(self, tag: Reference, manifest: Manifest | None) -> None:
        """Remember what a tag names now."""
        if manifest:
            self._cache.store_verified(iter((manifest.data,)), manifest.digest, what=f"manifest of {tag}")
        seen = _SeenManifest(manifest=manifest.digest if manifest else None, at=int(self._now()))
        self._cache.remember(_key(tag), seen)
        self._manifests[str(tag)] = self._now(), manifest

    def read_blob(self, repository: Reference, described: Descriptor) -> Generator[bytes]:
        """Yield a blob's bytes from the server. Raises OutsideError if that cannot be asked."""
        if not self._asks():
            raise self._unseen(f"blob {described.digest} of {repository.name}")
        return self._remote.read_blob(repository, described)

    def _asks(self) -> bool:
        """Return whether to ask the server."""
        return not self._offline and self._down is None

    def _cached(self, digest: Digest) -> Manifest | None:
        """Return a manifest from the cache; None if it is no longer there."""
        data = self._cache.read_verified(digest)
        return Manifest(digest=digest, data=data) if data is not None else None

    def _unseen(self, what: object) -> OutsideError:
        """Return the error for what was never seen."""
        return self._down or OutsideError(f"{what} was never seen here, and comp is offline", hint=HINT)

    def _warn(self, what: Reference, at: int) -> None:
        """Say once how old the answers are that are used."""
        age = ago(self._now() - at)
        if self._warned:
            return
        self._warned = True
        if self._down:
            log.warning("%s; using what was seen of %s %s", self._down.message, what.host, age)
        else:
            log.info("offline: using what was seen of %s %s", what.host, age)


def _key(reference: Reference) -> dict[str, str]:
    """Return the key of what was seen of a reference."""
    return {"reference": str(reference)}
