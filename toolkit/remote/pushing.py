"""From an image to a remote: first ask what is there, then send only what is not.

Order matters: blobs, manifest by digest, tags. A server never sees a manifest whose parts it lacks, and a
push that stops in the middle leaves no tag on half an image.
"""

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, wait

from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.http.transport import Answer
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.digest import Digest
from toolkit.oci.image import Built, Image, Layer
from toolkit.oci.reference import Reference
from toolkit.progress import Progress, Report
from toolkit.remote.endpoints import head_blob, head_manifest, mount_blob, push_scope, put_manifest
from toolkit.remote.failures import FORBIDDEN, NOT_FOUND
from toolkit.remote.places import Places
from toolkit.remote.session import Session
from toolkit.remote.uploading import Upload
from toolkit.threads import at_once, threads

log = logging.getLogger(__name__)

THREADS = 4
# Smaller blobs are sent as fast as a neighbour's are asked for.
_WORTH_A_MOUNT = 100_000
_OK, _ACCEPTED = 200, 202
_REQUEST_FAULTS = range(400, 500)
_DIGEST_HEADER = "Docker-Content-Digest"


def push_image(
    session: Session,
    built: Built,
    reference: Reference,
    *,
    tags: Sequence[str],
    report: Report,
    places: Places,
) -> Digest:
    """Make `reference`'s repository hold an image or an index under its digest and `tags`, and return the digest.

    Sends nothing when it does already. Raises InputError for a tag that is none or a digest that is another.
    """
    digest = built.digest
    if reference.digest and reference.digest != digest:
        raise InputError(f"{reference} names another digest than the image has: {digest}")
    wanted = [reference.with_tag(tag) for tag in dict.fromkeys((*tags, *([reference.tag] if reference.tag else [])))]
    push = _Push(session, reference, report, places)
    if push.digest_of(reference.with_digest(digest)) == digest:
        missing = [tag for tag in wanted if push.digest_of(tag) != digest]
    else:
        push.send(built)
        missing = wanted
    at_once(lambda tag: push.send_manifest(built, tag.identifier), missing)
    return digest


def _config(image: Image) -> Layer:
    """Treat the config as what it is to a server: one more blob."""
    descriptor = image.config_descriptor
    return Layer(descriptor=descriptor, diff_id=descriptor.digest, chunks=lambda: iter([image.config]))


class _Push:
    """One push to one repository."""

    def __init__(self, session: Session, reference: Reference, report: Report, places: Places) -> None:
        self._places = places
        self._session = session
        self._reference = reference
        self._report = report
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        # Hex digests of what a manifest that the repository has vouches for.
        self._present: frozenset[str] = frozenset()

    def send(self, built: Built) -> None:
        """Send all that a manifest or index needs, then itself, under its digest.

        What the manifest needs that was pushed here before is not asked for, as long as that manifest stands. A
        server that lost some of it all the same refuses the new manifest, and is then asked for each blob.
        """
        blobs = {blob.descriptor.digest: blob for image in built.images for blob in (*image.layers, _config(image))}
        last = self._places.last(self._reference)
        if last and self.digest_of(self._reference.with_digest(last.digest)) == last.digest:
            self._present = last.blobs
        self._send_blobs(blobs.values())
        try:
            self._send_manifests(built)
        except RemoteError as error:
            if error.status not in _REQUEST_FAULTS or not self._present:
                raise
            log.info("%s does not have all that it should: %s", self._reference.name, error.message)
            self._present = frozenset()
            self._send_blobs(blobs.values())
            self._send_manifests(built)
        self._places.note_last(self._reference, built.digest, blobs.keys())

    def _send_manifests(self, built: Built) -> None:
        for image in built.images:
            self.send_manifest(image, str(image.digest))
        if built.digest not in {image.digest for image in built.images}:
            self.send_manifest(built, str(built.digest))

    def digest_of(self, reference: Reference) -> Digest | None:
        """Ask which manifest is there; some servers let nobody look who may push, which counts as none."""
        scope = push_scope(reference.repository)
        answer = self._session.call(head_manifest(reference, ok=frozenset({_OK, NOT_FOUND, FORBIDDEN}), scope=scope))
        if answer.status != _OK:
            return None
        try:
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
                if not all(future.done() for future in futures):
                    self._stopped.set()
            for future in futures:
                future.cancel()
        if failures:
            raise failures[0]

    def _send_blob(self, layer: Layer) -> None:
        """Send one blob unless the repository has it or can take it from a neighbour."""
        digest = layer.descriptor.digest
        if self._stopped.is_set() or digest.hex in self._present:
            return
        if self._session.call(head_blob(self._reference, digest)).status != _OK:
            opened = self._mount(layer)
            if opened is None or opened.status == _ACCEPTED:
                Upload(self._session, self._reference, layer.descriptor, lambda: self._watched(layer)).send(opened)
        if layer.descriptor.size >= _WORTH_A_MOUNT:
            self._places.note(self._reference.host, digest, self._reference.repository)

    def send_manifest(self, built: Built, identifier: str) -> None:
        """Store the manifest or index, and check that the server understood the same."""
        answer = self._session.call(put_manifest(built, self._reference, identifier))
        stored = answer.headers.get(_DIGEST_HEADER)
        if stored and stored != str(built.digest):
            raise OutsideError(
                f"{self._reference.host} stored another manifest: {stored[:80]}, expected {built.digest}",
                hint="something between here and the server changes what we send",
            )

    def _mount(self, layer: Layer) -> Answer | None:
        host, _, source = (layer.origin or "").partition("/")
        if host != self._reference.host:
            source = self._places.find(self._reference.host, layer.descriptor.digest) or ""
        if source in {"", self._reference.repository}:
            return None
        try:
            return self._session.call(mount_blob(self._reference, layer.descriptor.digest, source))
        except RemoteError as error:
            # Servers that do not mount, or do not let us read the other repository, still take an upload.
            if error.status not in _REQUEST_FAULTS:
                raise
            log.info("no mount from %s: %s", source, error.message)
            return None

    def _watched(self, layer: Layer) -> Iterator[bytes]:
        """Pass a blob on, report it, and make sure that it is what its descriptor says before the last byte leaves."""
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
            self._tell(blob, done)
        if done != blob.size or hasher.hexdigest() != blob.digest.hex:
            raise OutsideError(
                f"blob {blob.digest} is not what its descriptor says: {done} bytes, sha256:{hasher.hexdigest()}; "
                f"expected {blob.size} bytes",
                hint="`comp cache verify` removes what is damaged in the cache; a layout or archive is made again",
            )
        yield held

    def _tell(self, blob: Descriptor, done: int) -> None:
        with self._lock:
            self._report(Progress(task=f"push {blob.digest.hex[:12]}", done=done, total=blob.size))
