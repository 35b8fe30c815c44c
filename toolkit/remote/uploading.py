"""Sending one blob: a small one in one request, a large one so that it continues where a connection broke.

A large blob is sent as one chunk, which costs one request more than sending it whole. If that breaks, the server is
asked how far it got, and the rest follows in chunks small enough to lose. A chunk that is too large for the server, or
for a proxy before it, is sent as smaller ones. Distribution specification 1.1, "Pushing a blob monolithically",
"Pushing a blob in chunks".
"""

import logging
import re
from collections.abc import Callable, Iterator

from toolkit.errors import OutsideError, RemoteError, SlowError
from toolkit.http.failures import connection_broke
from toolkit.http.retries import ATTEMPTS, delay
from toolkit.http.transport import Answer, Body
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference
from toolkit.remote.endpoints import (
    DONE,
    blob_status,
    closing_url,
    head_blob,
    patch_blob,
    put_blob,
    start_upload,
)
from toolkit.remote.failures import NOT_FOUND, TOO_LARGE, after
from toolkit.remote.session import Session

log = logging.getLogger(__name__)

# Bytes of one chunk after a failure, held in memory, and the size from which a blob is worth continuing.
CHUNK = 8 << 20
LARGE = 4 * CHUNK
# A server that takes less could not take an image.
_LEAST = 1 << 16

_OK = 200
_RANGE_WRONG = 416
# Answers of servers without chunks: the specification's 405, and those of proxies and old servers.
_NO_CHUNKS = {400, 405, 415, 501}
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")


class Upload:
    """The upload of one blob to a repository. `chunks` yields its bytes, and fails before the end if they are wrong."""

    def __init__(
        self, session: Session, reference: Reference, blob: Descriptor, chunks: Callable[[], Iterator[bytes]]
    ) -> None:
        self._session = session
        self._reference = reference
        self._blob = blob
        self._chunks = chunks
        self._chunk = session.chunk_size or CHUNK

    def send(self, opened: Answer | None) -> None:
        """Send the blob; `opened` is the answer to a mount that became an upload, None to open one.

        Raises RemoteError if it does not arrive, OutsideError if it is not what its descriptor says.
        """
        if self._blob.size < (self._session.chunk_size or LARGE):
            try:
                self._whole(opened)
            except RemoteError as error:
                if error.status != TOO_LARGE:
                    raise
                self._shrink(self._blob.size, error)
                opened = None
            else:
                return
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._send_large(opened or self._start())
            except _LostError as lost:
                if attempt == ATTEMPTS:
                    raise lost.failure from None
                log.info("%s: the upload of %s is lost, starting again", self._reference.host, self._blob.digest)
                opened = None
            except _NoChunksError:
                log.info("%s takes no chunks", self._reference.host)
                self._whole(None)
                return
            else:
                return

    def _send_large(self, opened: Answer) -> None:
        """Send the blob as one chunk, or from the beginning in chunks if those are limited; then close the upload."""
        location, stored = self._location(opened), 0
        # Smaller chunks mean that the server, or the user, limits the size of a request.
        if self._chunk >= CHUNK and not self._session.chunk_size:
            location, stored = self._stream(location)
        self._close(self._in_chunks(location, stored))

    def _shrink(self, size: int, failure: RemoteError) -> None:
        """Halve the size of chunks after one of `size` was too large. Raises the failure if that was the least."""
        if size <= _LEAST:
            raise failure
        self._chunk = max(_LEAST, min(self._chunk, size) // 2)
        log.info("%s takes no %d bytes at once, trying %d", self._reference.host, size, self._chunk)

    def _whole(self, opened: Answer | None) -> None:
        """Send the blob in one request, which may be tried again."""
        body = Body(size=self._blob.size, chunks=self._chunks)
        url = self._closing(opened or self._start())
        answer = self._session.call(
            put_blob(self._reference, self._blob.digest, url, body=body, restart=lambda: self._closing(self._start()))
        )
        log.debug("pushed %s%s", self._blob.digest, after(answer.attempts))

    def _stream(self, location: str) -> tuple[str, int]:
        """Send everything as one chunk; return the next location, and how many bytes the server has."""
        answer, failure = self._try(location, Body(size=self._blob.size, chunks=self._chunks), 0)
        if failure is None:
            return self._location(answer, location), self._blob.size
        # Such a server is not busy, so smaller pieces need no wait.
        if answer.status != TOO_LARGE:
            self._session.pause(delay(1, answer.headers.get("Retry-After")))
        location, stored = self._status(location)
        if stored > self._blob.size:
            raise _LostError(failure)
        log.info("%s has %d bytes of %s, going on from there", self._reference.host, stored, self._blob.digest)
        return location, stored

    def _in_chunks(self, location: str, start: int) -> str:
        """Send the rest from `start` on, and return the location for closing the upload."""
        if start == self._blob.size:
            return location
        for block in _blocks(_after(self._chunks(), start), self._chunk):
            location = self._send(location, block, start)
            start += len(block)
        return location

    def _send(self, location: str, block: bytes, start: int) -> str:
        """Send a block in one chunk or several; return the next location. After a failure, ask how far it got."""
        done, attempt = 0, 0
        while done < len(block):
            attempt += 1
            piece = block[done : done + self._chunk]
            answer, failure = self._try(location, piece, start + done)
            if failure is None:
                location, done, attempt = self._location(answer, location), done + len(piece), 0
                continue
            if answer.status == TOO_LARGE:
                self._shrink(len(piece), failure)
                attempt = 0
            elif attempt == ATTEMPTS:
                raise failure
            else:
                self._session.pause(delay(attempt, answer.headers.get("Retry-After")))
            location, stored = self._status(location)
            if not start <= stored <= start + len(block):
                # The server lost chunks that it had acknowledged, so it needs them all again.
                raise _LostError(failure)
            # Only attempts without progress count, so a blob gets through however often the connection breaks.
            if stored - start > done:
                attempt = 0
            done = stored - start
            log.info("%s has %d bytes of %s, going on from there", self._reference.host, stored, self._blob.digest)
        return location

    def _try(self, location: str, data: bytes | Body, position: int) -> tuple[Answer, RemoteError | None]:
        """Send once; return the answer, with its error if asking how far the server got may help."""
        try:
            answer = self._session.call(patch_blob(self._reference, location, data, position))
        except RemoteError as error:
            # A refusal is final, and a slow server would be as slow again. The rest are broken connections.
            if error.status or isinstance(error, SlowError):
                raise
            return Answer(status=0, headers={}, url=location), error
        if answer.status in DONE:
            return answer, None
        if answer.status == NOT_FOUND:
            raise _LostError(self._failed(answer))
        if answer.status in _NO_CHUNKS:
            # A server that took a chunk before has another reason to refuse this one.
            raise self._failed(answer) if position else _NoChunksError
        return answer, self._failed(answer)

    def _status(self, location: str) -> tuple[str, int]:
        """Ask how far the upload is: return the next location, and how many bytes the server has."""
        answer = self._session.call(blob_status(self._reference, location))
        if answer.status == NOT_FOUND:
            raise _LostError(self._failed(answer))
        match = _RANGE.fullmatch(answer.headers.get("Range", "").strip())
        # Some servers answer `0-0` both for no byte and for a single one.
        end = int(match[1]) if match else 0
        return self._location(answer, location), end + 1 if end else 0

    def _close(self, location: str) -> None:
        """Close the upload, and check that the blob is there if the answer was lost."""
        url = closing_url(location, self._blob.digest)
        try:
            self._session.call(put_blob(self._reference, self._blob.digest, url, body=b"", restart=None))
        except RemoteError as error:
            # The upload may be closed although its answer was lost.
            if error.status not in {0, NOT_FOUND}:
                raise
            if self._session.call(head_blob(self._reference, self._blob.digest)).status != _OK:
                raise _LostError(error) from error

    def _start(self) -> Answer:
        """Open an upload."""
        return self._session.call(start_upload(self._reference))

    def _closing(self, answer: Answer) -> str:
        """Return the URL that closes the upload that an answer opened."""
        return closing_url(self._location(answer), self._blob.digest)

    def _location(self, answer: Answer, before: str | None = None) -> str:
        """Return the location of an answer, else the one before. Raises OutsideError without either."""
        location = answer.headers.get("Location") or before
        if not location:
            raise OutsideError(f"{self._reference.host} opens an upload and does not give its location")
        return self._session.location(self._reference.host, answer.url, location)

    def _failed(self, answer: Answer) -> RemoteError:
        """Return the error for the answer to a chunk; a wrong range counts as a broken connection: bytes were lost."""
        if answer.status == _RANGE_WRONG:
            return connection_broke(self._reference.host, OSError(0, "the server has other bytes than were sent"))
        return self._session.refused(patch_blob(self._reference, answer.url, b"", 0), answer)


class _LostError(Exception):
    """The server no longer knows the upload; `failure` is the error to raise if that stays so."""

    def __init__(self, failure: RemoteError) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _NoChunksError(Exception):
    """The server takes a blob in one request only."""


def _after(chunks: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Yield the bytes from `start` on."""
    for chunk in chunks:
        if start < len(chunk):
            yield chunk[start:]
        start = max(0, start - len(chunk))


def _blocks(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield the bytes of chunks of any size as blocks of one size; the last block may be smaller."""
    waiting: list[bytes] = []
    length = 0
    for chunk in chunks:
        waiting.append(chunk)
        length += len(chunk)
        if length >= size:
            whole = b"".join(waiting)
            for start in range(0, length - size + 1, size):
                yield whole[start : start + size]
            rest = whole[length - length % size :]
            waiting, length = [rest], len(rest)
    if length:
        yield b"".join(waiting)
