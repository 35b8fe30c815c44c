"""From an image to a remote: ask first what is there, then send only the rest.

Order matters: blobs, manifest by digest, tags. A server never gets a manifest whose parts it lacks, and a push that
stops in the middle leaves no tag on half an image.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, wait

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.http.transport import Answer
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.image import Built, Image, Layer
from toolkit.oci.reference import Reference
from toolkit.progress import Progress, Report
from toolkit.remote.blob_locations import BlobLocations
from toolkit.remote.endpoints import head_blob, head_manifest, mount_blob, push_scope, put_manifest
from toolkit.remote.failures import FORBIDDEN, NOT_FOUND
from toolkit.remote.manifests import changed
from toolkit.remote.session import Session
from toolkit.remote.uploading import Upload
from toolkit.system.threads import at_once, threads

log = logging.getLogger(__name__)

THREADS = 4
# Bytes. Sending a smaller blob again is as fast as asking for it.
_WORTH_ASKING = 16_000
_OK, _ACCEPTED = 200, 202
_REQUEST_FAULTS = range(400, 500)
_DIGEST_HEADER = "Docker-Content-Digest"
# The answer to a manifest whose blobs are missing (specification 1.1, "Error Codes").
_BLOB_UNKNOWN = "MANIFEST_BLOB_UNKNOWN"


def push_image(
    session: Session,
    built: Built,
    reference: Reference,
    *,
    tags: Sequence[str],
    report: Report,
    locations: BlobLocations | None,
    sent: Callable[[int], object],
    present: frozenset[Digest] | None = None,
) -> Digest:
    """Make `reference`'s repository hold an image or an index under its digest and `tags`, and return the digest.

    Sends nothing if it holds it already; `sent` gets the bytes of each blob and manifest that is sent. `present` says
    that the image is new to the repository, and which of its blobs are there, so that nothing is asked before it is
    sent. Raises InputError for an invalid tag, or if `reference` has another digest.
    """
    digest = built.digest
    if reference.digest and reference.digest != digest:
        raise InputError(f"{reference} names another digest than the image has: {digest}")
    named = [reference.with_tag(tag) for tag in dict.fromkeys((*tags, *([reference.tag] if reference.tag else [])))]
    push = _Push(session, reference, report, locations, sent, present)
    # A server that has the manifest has its parts as well, so only tags may be missing.
    if present is None and push.holds(digest):
        missing = [tag for tag in named if push.digest_of(tag) != digest]
    else:
        # The manifest goes with the first tag: by digest alone it would be one more request.
        first, *missing = named or [reference.with_digest(digest)]
        push.send(built, first.identifier)
    at_once(lambda tag: push.set_tag(built, tag.identifier), missing)
    return digest


def _config(image: Image) -> Layer:
    """Return the config as a layer: to a server it is one more blob."""
    descriptor = image.config_descriptor
    return Layer(descriptor=descriptor, diff_id=descriptor.digest, chunks=lambda: iter([image.config]))


class _Push:
    """One push to one repository."""

    def __init__(
        self,
        session: Session,
        reference: Reference,
        report: Report,
        locations: BlobLocations | None,
        sent: Callable[[int], object],
        present: frozenset[Digest] | None,
    ) -> None:
        self._locations = locations
        self._sent = sent
        self._session = session
        self._reference = reference
        self._report = report
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        # The blobs below the last pushed manifest, if the repository still has that manifest, or those of the caller.
        self._present: frozenset[Digest] = present or frozenset()
        self._new = present is not None

    def holds(self, digest: Digest) -> bool:
        """Return whether the repository has a manifest. False without asking if another one was pushed last."""
        last = self._locations and self._locations.last_push(self._reference)
        if last and last.digest != digest:
            # One question stands for one about each blob, and an image that was there before is seldom pushed again.
            if self.digest_of(self._reference.with_digest(last.digest)) == last.digest:
                self._present = last.blobs
            return False
        return self.digest_of(self._reference.with_digest(digest)) == digest

    def send(self, built: Built, identifier: str) -> None:
        """Send all that a manifest or index needs, then itself, under its digest or a tag.

        Blobs of the last push are taken as present if its manifest still is. A server that lost some of them all the
        same refuses the new manifest, and is then asked for each blob. So is one that does not see a blob just then,
        since another push to the repository writes the same one.
        """
        # By digest, since a layer that occurs twice is one blob.
        blobs = {blob.descriptor.digest: blob for image in built.images for blob in (*image.layers, _config(image))}
        self._send_blobs(blobs.values())
        try:
            self._send_manifests(built, identifier)
        except RemoteError as error:
            if error.status not in _REQUEST_FAULTS or not (self._present or _BLOB_UNKNOWN in error.message):
                raise
            log.info("%s lacks blobs: %s", self._reference.name, error.message)
            self._present, self._new = frozenset(), False
            self._send_blobs(blobs.values())
            self._send_manifests(built, identifier)
        if self._locations:
            self._locations.note_push(self._reference, built.digest, blobs.keys())

    def set_tag(self, built: Built, tag: str) -> None:
        """Store a manifest, which the repository has, under one more tag; as `send` if blobs are missing just then."""
        try:
            self._send_manifest(built, tag)
        except RemoteError as error:
            if _BLOB_UNKNOWN not in error.message:
                raise
            self.send(built, tag)

    def _send_manifests(self, built: Built, identifier: str) -> None:
        """Send the manifests of all images, then the index: a server may refuse an index whose manifests it lacks."""
        for image in built.images:
            if image.digest != built.digest:
                self._send_manifest(image, str(image.digest))
        self._send_manifest(built, identifier)

    def digest_of(self, reference: Reference) -> Digest | None:
        """Return the digest of a manifest; None if it is missing, or the server lets us push and not look."""
        scope = push_scope(reference.repository)
        answer = self._session.call(head_manifest(reference, ok=frozenset({_OK, NOT_FOUND, FORBIDDEN}), scope=scope))
        if answer.status != _OK:
            return None
        try:
            # The header is optional; a server that finds a manifest by its digest has that one.
            return Digest.parse(answer.headers.get(_DIGEST_HEADER) or str(reference.digest))
        except InputError:
            return None

    def _send_blobs(self, blobs: Iterable[Layer]) -> None:
        """Send the blobs that are missing, several at once; the first failure stops all of them."""
        with threads(THREADS) as executor:
            futures = [executor.submit(self._send_blob, blob) for blob in blobs]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                failures = [failure for future in done if (failure := future.exception())]
            finally:
                # After a failure or a signal: those that are sending end at their next chunk, the others do not begin.
                if not all(future.done() for future in futures):
                    self._stopped.set()
            for future in futures:
                future.cancel()
        if failures:
            raise failures[0]

    def _send_blob(self, layer: Layer) -> None:
        """Bring one blob to the repository, unless the last push has done so."""
        digest = layer.descriptor.digest
        if digest in self._present:
            return
        if self._locations is None:
            self._bring(layer, None)
            return
        # Another image may be bringing the same blob to the host: then this one takes it over.
        with self._locations.turn(self._reference.host, digest):
            self._bring(layer, self._locations)

    def _bring(self, layer: Layer, locations: BlobLocations | None) -> None:
        """Take a blob over from another repository, or send it, unless it is there."""
        if self._stopped.is_set():
            return
        host, source, opened = self._reference.host, self._source(layer), None
        # A host that mounts needs no question before.
        asks_first = locations is None or host not in locations.mounting
        if source and not asks_first and self._is_mounted(opened := self._mount(layer, source)):
            return
        if self._is_worth_asking(layer) and self._has(layer):
            if locations and not source:
                locations.note(host, layer.descriptor, self._reference.repository)
            return
        if source and asks_first and self._is_mounted(opened := self._mount(layer, source)):
            if locations:
                locations.mounting.add(host)
            return
        Upload(self._session, self._reference, layer.descriptor, lambda: self._watched(layer)).send(opened)
        self._count(layer.descriptor.size)
        if locations:
            locations.note(host, layer.descriptor, self._reference.repository)

    def _has(self, layer: Layer) -> bool:
        """Return whether the repository has a blob."""
        return self._session.call(head_blob(self._reference, layer.descriptor.digest)).status == _OK

    def _is_worth_asking(self, layer: Layer) -> bool:
        """Whether to ask before a blob is sent: a small one beside those of the last push is new in all likelihood."""
        return not (self._present or self._new) or layer.descriptor.size >= _WORTH_ASKING

    def _is_mounted(self, answer: Answer | None) -> bool:
        """Return whether a mount took place: 202 says that an upload was opened instead (specification 1.1)."""
        return answer is not None and answer.status != _ACCEPTED

    def _count(self, size: int) -> None:
        """Count bytes that were sent."""
        with self._lock:
            self._sent(size)

    def _send_manifest(self, built: Built, identifier: str) -> None:
        """Store the manifest or index. Raises OutsideError if the server stored another one."""
        answer = self._session.call(put_manifest(built, self._reference, identifier))
        self._count(len(built.document))
        stored = answer.headers.get(_DIGEST_HEADER)
        if stored and stored != str(built.digest):
            raise changed(self._reference, stored, built.digest)

    def _source(self, layer: Layer) -> str | None:
        """Return another repository of the host that has a layer. None if none is known."""
        host, _, source = (layer.origin or "").partition("/")
        if host != self._reference.host:
            location = self._locations and self._locations.find(self._reference.host, layer.descriptor.digest)
            source = location or ""
        return None if source in {"", self._reference.repository} else source

    def _mount(self, layer: Layer, source: str) -> Answer | None:
        """Return the answer to a request to take a layer over; None if it fails."""
        try:
            return self._session.call(mount_blob(self._reference, layer.descriptor.digest, source))
        except RemoteError as error:
            # Servers that do not mount, fail to, or do not let us read the other repository, still take an upload.
            if not error.status:
                raise
            log.info("no mount from %s: %s", source, error.message)
            return None

    def _watched(self, layer: Layer) -> Iterator[bytes]:
        """Yield a blob's bytes and report them; the last ones only if the whole is what the descriptor says."""
        blob, done, hasher = layer.descriptor, 0, hashlib.sha256()
        held = b""
        for chunk in layer.chunks():
            if self._stopped.is_set():
                raise OutsideError(f"the push to {self._reference.name} was stopped")
            if held:
                yield held
            held = chunk
            hasher.update(chunk)
            done += len(chunk)
            self._report_size(blob, done)
        if done != blob.size or hasher.hexdigest() != blob.digest.hex:
            raise OutsideError(
                f"blob {blob.digest} is not what its descriptor says: {done} bytes, sha256:{hasher.hexdigest()}; "
                f"expected {blob.size} bytes",
                hint="`comp cache verify` removes what is damaged in the cache; a layout or archive is made again",
            )
        yield held

    def _report_size(self, blob: Descriptor, done: int) -> None:
        """Report how much of a blob is sent, from one thread at a time."""
        with self._lock:
            self._report(Progress(task=f"push {blob.digest.hex[:12]}", done=done, total=blob.size))
