"""The client of distribution servers: what is there, pull, push."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.http.hosts import InsecureHosts
from toolkit.oci.descriptor import Descriptor, Platform
from toolkit.oci.image import Built, Image
from toolkit.oci.reference import Reference
from toolkit.progress import Report, silent
from toolkit.remote.artifacts import Artifact, find_artifact
from toolkit.remote.attaching import Attachment, attach
from toolkit.remote.blob_locations import BlobLocations
from toolkit.remote.credentials import CredentialFiles
from toolkit.remote.endpoints import get_manifest, head_blob, head_manifest, ping, pull_scope, push_scope
from toolkit.remote.failures import NOT_FOUND
from toolkit.remote.listing import first_tags, list_repositories, list_tags
from toolkit.remote.manifests import Manifest, delete, read_manifest, set_tag, tagged_digest
from toolkit.remote.pulling import download, list_platforms, pull_image
from toolkit.remote.pushing import push_image
from toolkit.remote.referrers import Referrer, list_referrers, lists_referrers
from toolkit.remote.session import Session


class Remote:
    """A client of distribution servers. It keeps tokens and connections, so use one for a whole command.

    Every method raises RemoteError if a server fails or refuses; its `status` is 0 without an answer.
    `environ` names proxies, certificates, mirrors and the files with credentials. `pause` is how it waits before
    another try.
    """

    def __init__(self, *, environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        self._pause = pause
        self._session = Session(CredentialFiles.of(environ), InsecureHosts.of(environ), environ, pause)

    def ping(self, host: str) -> None:
        """Raise RemoteError unless `host` speaks the protocol and accepts the credentials."""
        self._session.call(ping(host))

    def head(self, reference: Reference) -> Descriptor | None:
        """Return the descriptor of the manifest or index that a reference names; None if it is missing."""
        answer = self._session.read(
            reference,
            lambda place: head_manifest(place, ok=frozenset({200, NOT_FOUND}), scope=pull_scope(place.repository)),
        )
        if answer.status == NOT_FOUND:
            return None
        try:
            return Descriptor(
                # A media type may have parameters (RFC 9110, section 8.3.1).
                media_type=answer.headers["Content-Type"].partition(";")[0].strip(),
                digest=Digest.parse(answer.headers["Docker-Content-Digest"]),
                size=int(answer.headers["Content-Length"]),
            )
        except (KeyError, ValueError, InputError):
            # Servers need not send these headers; the document itself gives all three.
            whole = self._session.read(reference, get_manifest)
            media_type = whole.headers.get("Content-Type", "").partition(";")[0].strip()
            return Descriptor(media_type=media_type, digest=Digest.of(whole.body), size=len(whole.body))

    def has_blob(self, reference: Reference, digest: Digest) -> bool:
        """Return whether the reference's repository has a blob."""
        return self._session.call(head_blob(reference, digest)).status != NOT_FOUND

    def pull(self, reference: Reference, platform: Platform, cache: Cache, *, report: Report = silent) -> Image:
        """Return the image for a platform: manifest and config are fetched now, layers into the cache when read.

        A layer that did not arrive whole is continued the next time. Raises InputError if there is no image for
        `platform`, OutsideError if content does not have its digest.
        """
        return pull_image(self._session, reference, platform, cache, report)

    def platforms(self, reference: Reference, cache: Cache) -> tuple[Platform, ...]:
        """Return the platforms of an index; none if the reference names the manifest of one image."""
        return list_platforms(self._session, reference, cache)

    def artifact(self, reference: Reference, kind: str) -> Artifact | None:
        """Return an artifact whose config has the media type `kind`; None if it is missing.

        Raises InputError if the reference names something else.
        """
        return find_artifact(self._session, reference, kind)

    def manifest(
        self, reference: Reference, *, known: Manifest | None = None, mirrors: bool = False
    ) -> Manifest | None:
        """Return the manifest that a reference names, as it is; None if it is missing.

        `known` is returned if the reference names it still. Asks the mirrors of the host only with `mirrors`. Raises
        OutsideError for content with another digest.
        """
        return read_manifest(self._session, reference, known=known, mirrors=mirrors)

    def tagged(self, reference: Reference) -> Digest | None:
        """Return the digest that a reference names on its own host at this moment; None if it is missing."""
        return tagged_digest(self._session, reference, scope=push_scope(reference.repository))

    def set_tag(self, built: Built, reference: Reference, *, only_new: bool = False) -> bool:
        """Store a manifest, whose parts the repository has, under the reference's tag or digest.

        With `only_new` return False if the server says that the tag exists; many servers replace it all the same.
        """
        return set_tag(self._session, built, reference, only_new=only_new)

    def delete(self, reference: Reference) -> bool:
        """Remove a tag, or a manifest with its tags; return whether the server did, which many do not permit."""
        return delete(self._session, reference)

    def tags(self, reference: Reference) -> tuple[str, ...] | None:
        """Return the tags of the reference's repository on its own host; None if the repository is missing."""
        return list_tags(self._session, reference)

    def first_tags(self, reference: Reference, *, page: int) -> tuple[str, ...]:
        """Return the first page of a repository's tags, which a server may make longer than asked for."""
        return first_tags(self._session, reference, page=page)

    def repositories(self, host: str) -> tuple[str, ...]:
        """Return the repositories of a host that the server shows us. Raises RemoteError if it forbids the list."""
        return list_repositories(self._session, host)

    def read_blob(self, reference: Reference, blob: Descriptor, *, start: int = 0) -> Generator[bytes]:
        """Yield a blob's bytes from `start` on; the caller verifies them.

        Raises OutsideError if it is longer or shorter than its descriptor says.
        """
        return download(self._session, reference, blob, start=start)

    def referrers(self, reference: Reference, digest: Digest) -> tuple[Referrer, ...]:
        """Return the manifests that refer to `digest` in the reference's repository, on servers old and new."""
        return list_referrers(self._session, reference, digest)

    def attach(self, reference: Reference, subject: Descriptor, attachment: Attachment) -> Digest:
        """Attach a document to the manifest `subject` in the reference's repository, on servers old and new."""
        return attach(self._session, reference, subject, attachment, self._pause)

    def lists_referrers(self, reference: Reference, digest: Digest) -> bool:
        """Return whether the server lists what refers to a manifest, rather than leave that to its clients."""
        return lists_referrers(self._session, reference, digest)

    def push(
        self,
        image: Built,
        reference: Reference,
        *,
        tags: Sequence[str] = (),
        report: Report = silent,
        locations: BlobLocations | None = None,
        sent: Callable[[int], object] = lambda _: None,
        present: frozenset[Digest] | None = None,
    ) -> Digest:
        """Send what the remote lacks, set the tags and that of `reference`, and return the manifest's digest.

        Layers that the remote has are never read. A layer is mounted if its `origin` is on the same host, or if
        `locations` knows another repository there that has it; `locations` records what is pushed. `sent` gets the
        size of each blob and manifest that is sent, from one thread at a time. `present` says that the image is new
        there, and which of its blobs are not, so that nothing is asked first.
        """
        return push_image(
            self._session,
            image,
            reference,
            tags=tags,
            report=report,
            locations=locations,
            sent=sent,
            present=present,
        )
