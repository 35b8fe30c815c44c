"""One blob to a remote: small ones in one request, large ones so that they go on where a connection broke.

A large blob is sent as one chunk, which costs one request more than sending it whole. When that breaks, the server is
asked how far it got, and the rest goes in chunks of a size that is worth losing. A chunk that is too large for the
server, or for a proxy before it, is sent as smaller ones. Distribution specification 1.1,
"Pushing a blob monolithically", "Pushing a blob in chunks".
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
from toolkit.remote.failures import NOT_FOUND, TOO_LARGE
from toolkit.remote.session import Session

log = logging.getLogger(__name__)

# Bytes of one chunk after a failure, held in memory, and the size from which a blob is worth going on with.
CHUNK = 8 << 20
LARGE = 4 * CHUNK
# No server that takes less could take an image.
_LEAST = 1 << 16

_OK = 200
_RANGE_WRONG = 416
# What servers say that know no chunks: the specification's 405, and what proxies and old servers make of it.
_NO_CHUNKS = {400, 405, 415, 501}
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")


class Upload:
    """One blob on its way to one repository. `chunks` starts it from the beginning, verified before its end."""

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

        Raises RemoteError when it does not arrive, OutsideError when it is not what its descriptor says.
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
        location, stored = self._location(opened), 0
        if self._chunk >= CHUNK and not self._session.chunk_size:
            location, stored = self._stream(location)
        self._close(self._in_chunks(location, stored))

    def _shrink(self, size: int, failure: RemoteError) -> None:
        """Halve the size of chunks after one of `size` was too large; give up where smaller ones are of no use."""
        if size <= _LEAST:
            raise failure
        self._chunk = max(_LEAST, min(self._chunk, size) // 2)
        log.info("%s takes no %d bytes at once, trying %d", self._reference.host, size, self._chunk)

    def _whole(self, opened: Answer | None) -> None:
        body = Body(size=self._blob.size, chunks=self._chunks)
        url = self._closing(opened or self._start())
        answer = self._session.call(
            put_blob(self._reference, self._blob.digest, url, body=body, restart=lambda: self._closing(self._start()))
        )
        log.debug("pushed %s in %d attempts", self._blob.digest, answer.attempts)

    def _stream(self, location: str) -> tuple[str, int]:
        """Send everything as one chunk; return where to go on, and how many bytes the server has."""
        answer, failure = self._try(location, Body(size=self._blob.size, chunks=self._chunks), 0)
        if failure is None:
            return self._location(answer, location), self._blob.size
        if answer.status != TOO_LARGE:
            self._session.pause(delay(1, answer.headers.get("Retry-After")))
        location, stored = self._status(location)
        if stored > self._blob.size:
            raise _LostError(failure)
        log.info("%s has %d bytes of %s, going on from there", self._reference.host, stored, self._blob.digest)
        return location, stored

    def _in_chunks(self, location: str, start: int) -> str:
        """Send what is left from `start` on, and return where to close the upload."""
        if start == self._blob.size:
            return location
        for block in _blocks(_after(self._chunks(), start), self._chunk):
            location = self._send(location, block, start)
            start += len(block)
        return location

    def _send(self, location: str, block: bytes, start: int) -> str:
        """Send some bytes in one chunk or several; return where the next go. After a failure, ask how far it got."""
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
                # The server forgot chunks that it had acknowledged: only the beginning helps.
                raise _LostError(failure)
            if stored - start > done:
                attempt = 0
            done = stored - start
            log.info("%s has %d bytes of %s, going on from there", self._reference.host, stored, self._blob.digest)
        return location

    def _try(self, location: str, data: bytes | Body, position: int) -> tuple[Answer, RemoteError | None]:
        """Send once; the error is one that asking how far the server got may help against."""
        try:
            answer = self._session.call(patch_blob(self._reference, location, data, position))
        except RemoteError as error:
            if error.status or isinstance(error, SlowError):
                raise
            return Answer(status=0, headers={}, url=location), error
        if answer.status in DONE:
            return answer, None
        if answer.status == NOT_FOUND:
            raise _LostError(self._failed(answer))
        if answer.status in _NO_CHUNKS:
            raise self._failed(answer) if position else _NoChunksError
        return answer, self._failed(answer)

    def _status(self, location: str) -> tuple[str, int]:
        """Ask how far the upload is: where it goes on, and how many bytes the server has."""
        answer = self._session.call(blob_status(self._reference, location))
        if answer.status == NOT_FOUND:
            raise _LostError(self._failed(answer))
        match = _RANGE.fullmatch(answer.headers.get("Range", "").strip())
        # `0-0` is what some servers say of an upload that has nothing, and of one that has a single byte.
        end = int(match[1]) if match else 0
        return self._location(answer, location), end + 1 if end else 0

    def _close(self, location: str) -> None:
        url = closing_url(location, self._blob.digest)
        try:
            self._session.call(put_blob(self._reference, self._blob.digest, url, body=b"", restart=None))
        except RemoteError as error:
            # A close whose answer was lost has closed the upload all the same.
            if error.status not in {0, NOT_FOUND}:
                raise
            if self._session.call(head_blob(self._reference, self._blob.digest)).status != _OK:
                raise _LostError(error) from error

    def _start(self) -> Answer:
        return self._session.call(start_upload(self._reference))

    def _closing(self, answer: Answer) -> str:
        return closing_url(self._location(answer), self._blob.digest)

    def _location(self, answer: Answer, known: str | None = None) -> str:
        location = answer.headers.get("Location") or known
        if not location:
            raise OutsideError(f"{self._reference.host} opens an upload and does not say where")
        return self._session.location(self._reference.host, answer.url, location)

    def _failed(self, answer: Answer) -> RemoteError:
        if answer.status == _RANGE_WRONG:
            return connection_broke(self._reference.host, OSError(0, "the server has another part than was sent"))
        return self._session.refused(patch_blob(self._reference, answer.url, b"", 0), answer)


class _LostError(Exception):
    """The server does not know the upload any more; `failure` is the error if it stays so."""

    def __init__(self, failure: RemoteError) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _NoChunksError(Exception):
    """The server takes a blob in one request only."""


def _after(chunks: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Leave out the first `start` bytes."""
    for chunk in chunks:
        if start < len(chunk):
            yield chunk[start:]
        start = max(0, start - len(chunk))


def _blocks(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Put pieces of any size together to blocks of one size, but for the last."""
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
