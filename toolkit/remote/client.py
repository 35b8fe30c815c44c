"""The client that the rest of the program uses: head, pull, push, ping."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from toolkit.cache import Cache
from toolkit.errors import InputError
from toolkit.http.hosts import InsecureHosts
from toolkit.oci.descriptor import Descriptor, Platform
from toolkit.oci.digest import Digest
from toolkit.oci.image import Built, Image
from toolkit.oci.reference import Reference
from toolkit.progress import Report, silent
from toolkit.remote.credentials import CredentialFiles, Credentials
from toolkit.remote.endpoints import get_manifest, head_blob, head_manifest, ping, pull_scope
from toolkit.remote.failures import NOT_FOUND
from toolkit.remote.places import Nowhere, Places
from toolkit.remote.pulling import list_platforms, pull_image
from toolkit.remote.pushing import push_image
from toolkit.remote.referrers import Referrer, list_referrers
from toolkit.remote.session import Session


class Remote:
    """Talks to distribution servers; remembers tokens and connections, so use one for a whole command.

    Every method raises RemoteError (its `status` is 0 when there was no answer) when a server fails or refuses.
    `pause` is how it waits before another try.
    """

    def __init__(
        self,
        *,
        credentials: Credentials | None = None,
        insecure_hosts: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        environ = os.environ if environ is None else environ
        found = CredentialFiles.of(environ) if credentials is None else credentials
        self._session = Session(found, InsecureHosts.of(insecure_hosts, environ), environ, pause)

    def ping(self, host: str) -> None:
        """Check that `host` speaks the protocol and lets us in."""
        self._session.call(ping(host))

    def head(self, reference: Reference) -> Descriptor | None:
        """Describe the manifest or index that a reference names, None when there is none."""
        answer = self._session.read(
            reference,
            lambda place: head_manifest(place, ok=frozenset({200, NOT_FOUND}), scope=pull_scope(place.repository)),
        )
        if answer.status == NOT_FOUND:
            return None
        try:
            return Descriptor(
                media_type=answer.headers["Content-Type"].partition(";")[0].strip(),
                digest=Digest.parse(answer.headers["Docker-Content-Digest"]),
                size=int(answer.headers["Content-Length"]),
            )
        except (KeyError, ValueError, InputError):
            # These headers are not promised; the document itself has it all.
            whole = self._session.read(reference, get_manifest)
            media_type = whole.headers.get("Content-Type", "").partition(";")[0].strip()
            return Descriptor(media_type=media_type, digest=Digest.of(whole.body), size=len(whole.body))

    def has_blob(self, reference: Reference, digest: Digest) -> bool:
        """Tell whether the reference's repository has a blob."""
        return self._session.call(head_blob(reference, digest)).status != NOT_FOUND

    def pull(self, reference: Reference, platform: Platform, cache: Cache, *, report: Report = silent) -> Image:
        """Fetch manifest and config of one platform's image; its layers are fetched into the cache when read.

        A layer that did not arrive whole goes on where it ended, the next time. Raises InputError when there is no
        image for `platform`, OutsideError when content does not have its digest.
        """
        return pull_image(self._session, reference, platform, cache, report)

    def platforms(self, reference: Reference, cache: Cache) -> tuple[Platform, ...]:
        """List the platforms of an index; none when the reference names the manifest of one image."""
        return list_platforms(self._session, reference, cache)

    def referrers(self, reference: Reference, digest: Digest) -> tuple[Referrer, ...]:
        """List what refers to a manifest of the reference's repository, on servers old and new."""
        return list_referrers(self._session, reference, digest)

    def push(
        self,
        image: Built,
        reference: Reference,
        *,
        tags: Sequence[str] = (),
        report: Report = silent,
        places: Places | None = None,
    ) -> Digest:
        """Send what the remote lacks and set the tags, `reference`'s own included; return the manifest's digest.

        Layers that the remote has are never read. Those whose `origin` is on the same host are mounted, and those
        that `places` knows of another repository there.
        """
        known = places or Nowhere()
        return push_image(self._session, image, reference, tags=tags, report=report, places=known)
