"""The files below one address: those that change are asked for anew, and those named by a digest once.

The cache keeps each with what the server said about its version (RFC 9110, section 13). When the server cannot be
reached, or must not be asked, the file as it was last seen stands in.
"""

import logging
import time
import zlib
from collections.abc import Callable, Mapping
from copy import copy
from email.utils import parsedate_to_datetime
from typing import ClassVar, TypeVar, cast
from urllib.parse import quote, urlsplit

from toolkit.cache import failures
from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, MachineError, NoAnswerError, OutsideError, RemoteError
from toolkit.http.addresses import parse_address
from toolkit.http.answers import error_text
from toolkit.http.hosts import InsecureHosts
from toolkit.http.retries import ATTEMPTS, RETRYABLE
from toolkit.http.transport import Answer, HttpRequest, Transport
from toolkit.limits import Limit
from toolkit.registry.offline import HINT, ago, is_offline
from toolkit.registry.place import Place

log = logging.getLogger(__name__)

T = TypeVar("T")

_OK, _NOT_MODIFIED = 200, 304
_UNAUTHORIZED = {401, 403}
_MISSING = {404, 410}
# How often a file is asked for whose transfer breaks off.
_TRIES = 3
# What a page begins with, in lower case and after spaces.
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<!--", b"<script")
_GZIP = b"\x1f\x8b"
# Added to zlib's window: the header is that of gzip or of zlib.
_ANY_HEADER = 32
_LOGINS = "logins are in ~/.netrc: machine HOST login USER password PASSWORD"
# Seconds after which a file's date stands for its content.
_SETTLED = 2
_GIT_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")


class _Seen(Record, frozen=True, kw_only=True):
    """A file as a server last sent it, at the time `at` (seconds since 1970); `body` is None if it had none."""

    KIND: ClassVar[str] = "registry-file"

    body: Digest | None
    etag: str | None
    modified: str | None
    at: int


class Documents:
    """The files below the address of `place`. Each that changes is asked for at most once by an object.

    `pause` waits before another try, and `clock` gives the seconds since 1970.
    """

    def __init__(
        self,
        place: Place,
        environ: Mapping[str, str],
        cache: Cache,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place
        self._clock = clock
        self._cache = cache
        self._offline = is_offline(environ)
        address = parse_address(place.address, environ, what=f"the registry {place}")
        self._address, self._headers = address.parts, address.headers
        self._transport = Transport(InsecureHosts.of(environ), environ, pause)
        self._known: dict[str, object] = {}
        # Why the server is not asked any more.
        self._down: RemoteError | None = None
        self._warned: set[str] = set()
        self._fresh = False

    def fresh(self) -> "Documents":
        """Return the same files, each asked for anew in whole: nothing is taken from the cache, or as last seen.

        Raises OutsideError if comp is offline.
        """
        if self._offline:
            raise OutsideError(f"{self.place} is on a server, and comp is offline", hint=HINT)
        again = copy(self)
        again._known, again._down, again._fresh = {}, None, True  # noqa: SLF001 (of the same class)
        return again

    def url(self, path: str) -> str:
        """Return the address of a file, without a login."""
        # A plus in a path is a space for some servers.
        below = quote(path, safe="/")
        return self._address._replace(path=f"{self._address.path.rstrip('/')}/{below}").geturl()

    def latest(self, path: str, limit: Limit, read: Callable[[bytes], T]) -> T | None:
        """Return what `read` makes of a file as it is now; None if it is missing.

        If the server cannot be reached, the file as it was last seen is taken, with a warning that says how old it is.
        Raises OutsideError if it was never seen, and for what `read` refuses with an InputError.
        """
        if path not in self._known:
            self._known[path] = self._latest(path, limit, read)
        return cast("T | None", self._known[path])

    def seen(self, path: str) -> bytes | None:
        """Return a file as it was last seen; None if it was never seen, or is no longer in the cache."""
        known = self._cache.recall(_Seen, [str(self.place), path])
        return self._cache.read_verified(known.body) if known and known.body else None

    def fixed(self, path: str, digest: Digest, limit: Limit, *, named_by: str) -> bytes:
        """Return a file that never changes: from the cache, else from the server, verified. Raises OutsideError.

        `named_by` is what names the digest, for errors.
        """
        data = None if self._fresh else self._cache.read_verified(digest)
        if data is not None:
            return data
        where = self.url(path)
        if self._offline:
            raise OutsideError(f"{where} is not in the cache, and comp is offline", hint=HINT)
        if self._down:
            raise self._down
        answer, data = self._get(path, limit, {}, ATTEMPTS)
        if answer.status in _MISSING:
            raise OutsideError(
                f"the registry {self.place} lacks {path}", hint=f"ask who runs it; it should be at {where}"
            )
        if Digest.of(data) != digest:
            self._check_no_page(answer, data, where)
            raise OutsideError(
                f"{where} has the digest {Digest.of(data)}, and {named_by} says {digest}",
                hint="one of them was changed or damaged: on the server, or between here and it; ask who runs it",
            )
        self._keep(data)
        return data

    def answer(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the server's own answer to a request for a small file, whatever it is. Raises RemoteError."""
        return self._transport.send(
            HttpRequest(method="GET", url=self.url(path), headers={**self._headers, **(headers or {})})
        )

    def _latest(self, path: str, limit: Limit, read: Callable[[bytes], T]) -> T | None:
        """Return the file as it is now, or as it was last seen."""
        known = None if self._fresh else self._cache.recall(_Seen, [str(self.place), path])
        body = self._cache.read_verified(known.body) if known and known.body else None
        if known and known.body and body is None:
            known = None
        if self._offline or self._down:
            return self._old(path, known, body, read)
        headers = _conditions(known) if body is not None else {}
        try:
            # With something to fall back on, an outage need not be waited for.
            answer, data = self._get(path, limit, headers, ATTEMPTS if known is None else 1)
        except RemoteError as error:
            if not _is_down(error) or known is None:
                raise
            self._down = error
            return self._old(path, known, body, read)
        if answer.status in _MISSING:
            self._remember(path, None)
            return None
        if known and answer.status == _NOT_MODIFIED and body is not None:
            result = self._read(body, answer, path, read)
            self._remember(path, known.body, known.etag, known.modified)
            return result
        # Only what can be read is kept, so that a page of a proxy never stands in for the file.
        result = self._read(data, answer, path, read)
        if kept := self._keep(data):
            self._remember(path, kept, *_validators(answer))
        return result

    def _read(self, data: bytes, answer: Answer | None, path: str, read: Callable[[bytes], T]) -> T:
        """Return what `read` makes of a file. Raises OutsideError for what it refuses, in words about the server."""
        where = self.url(path)
        if answer:
            self._check_no_page(answer, data, where)
        try:
            return read(data)
        except InputError as error:
            raise OutsideError(
                f"{where} cannot be read: {error.message}",
                hint=error.hint or "ask who runs the registry; `comp registry reindex` makes derived files anew",
            ) from error

    def _old(self, path: str, known: _Seen | None, body: bytes | None, read: Callable[[bytes], T]) -> T | None:
        """Return the file as it was last seen, and say how long ago. Raises OutsideError if it never was."""
        if known is None:
            if self._down:
                raise self._down
            raise OutsideError(f"{self.url(path)} was never seen here, and comp is offline", hint=HINT)
        age = ago(self._clock() - known.at)
        if age not in self._warned:
            self._warned.add(age)
            if self._down:
                log.warning("%s; using what was seen of %s %s", self._down.message, self.place, age)
            else:
                log.info("offline: using what was seen of %s %s", self.place, age)
        return None if body is None else self._read(body, None, path, read)

    def _get(self, path: str, limit: Limit, headers: Mapping[str, str], attempts: int) -> tuple[Answer, bytes]:
        """Send a request, and return the answer with its body: of 200, 304 or a missing file. Raises RemoteError."""
        where = self.url(path)
        request = HttpRequest(
            method="GET", url=where, headers={**self._headers, **headers}, stream=True, attempts=attempts
        )
        for left in reversed(range(min(_TRIES, attempts))):
            answer = self._transport.send(request)
            if answer.status != _OK:
                break
            try:
                return answer, _body(answer, limit, where)
            except NoAnswerError:
                if not left:
                    raise
        if answer.status in _MISSING or (answer.status == _NOT_MODIFIED and headers):
            return answer, b""
        raise self._refused(answer, where)

    def _refused(self, answer: Answer, where: str) -> RemoteError:
        """Return the error for an answer without the file."""
        status = answer.status
        words = error_text(answer.body)
        shown = f": {words}" if words else ""
        if status in _UNAUTHORIZED:
            what = "a login was sent, and is refused" if self._headers else "it wants a login"
            return RemoteError(f"{where}: {what} (status {status}{shown})", status=status, hint=_LOGINS)
        return RemoteError(
            f"{where} gives status {status}{shown}", status=status, hint="check the address, or ask who runs the server"
        )

    def _check_no_page(self, answer: Answer, data: bytes, where: str) -> None:
        """Raise OutsideError for a web page in place of a file: of a proxy that wants a login, or of a git host."""
        start = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if not start.startswith(_PAGES):
            return
        words = error_text(data)
        from_elsewhere = urlsplit(answer.url).netloc != self._address.netloc
        sender = f", after a redirect to {urlsplit(answer.url).netloc}" if from_elsewhere else ""
        host = self._address.hostname or ""
        is_git = host in _GIT_HOSTS or self._address.path.endswith(".git")
        raise OutsideError(
            f"{where} is a web page, not a file of a registry{sender}" + (f": {words}" if words else ""),
            hint=f"for a git repository write git+{self._address.geturl()}"
            if is_git
            else f"a proxy or a login page may stand before the registry; {_LOGINS}",
        )

    def _keep(self, data: bytes) -> Digest | None:
        """Keep a file in the cache, and return its digest; None if the cache cannot be written."""
        digest = Digest.of(data)
        try:
            self._cache.store_verified((data,), digest, what="a file of a registry")
        except MachineError as error:
            if not failures.is_read_only(error):
                raise
            return None
        return digest

    def _remember(self, path: str, body: Digest | None, etag: str | None = None, modified: str | None = None) -> None:
        """Keep what the server just said about a file."""
        seen = _Seen(body=body, etag=etag, modified=modified, at=int(self._clock()))
        self._cache.remember([str(self.place), path], seen)


def _validators(answer: Answer) -> tuple[str | None, str | None]:
    """Return the ETag and the date of a file by which a later change can be noticed."""
    etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
    try:
        age = parsedate_to_datetime(answer.headers["Date"]) - parsedate_to_datetime(modified or "")
    except (KeyError, ValueError, TypeError):
        return etag, modified
    # Another change in the same second has the same date (RFC 9110, section 8.8.2.2), and for nginx the same ETag.
    return (etag, modified) if age.total_seconds() >= _SETTLED else (None, None)


def _conditions(known: _Seen | None) -> dict[str, str]:
    """Return the headers that ask for a file only if it is another one than what is known."""
    if known is None:
        return {}
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    # The first counts alone for servers that know it (RFC 9110, section 13.1.3).
    return {name: value for name, value in headers.items() if value}


def _is_down(error: RemoteError) -> bool:
    """Return whether a server cannot answer at all, as opposed to refusing."""
    return isinstance(error, NoAnswerError) or error.status in RETRYABLE


def _body(answer: Answer, limit: Limit, where: str) -> bytes:
    """Return the body of an answer, which may be compressed by a server that was not asked to."""
    data = bytearray()
    try:
        for chunk in answer.chunks:
            data += chunk
            limit.check(len(data), where)
    finally:
        answer.chunks.close()
    coding = answer.headers.get("Content-Encoding", "").strip().lower()
    # A compressed file may be sent with its own compression as the coding, and then the file's own bytes are meant.
    if coding not in {"gzip", "x-gzip"} or where.endswith(".gz") or not data.startswith(_GZIP):
        return bytes(data)
    try:
        text = zlib.decompressobj(zlib.MAX_WBITS | _ANY_HEADER).decompress(bytes(data), limit.value + 1)
    except zlib.error as error:
        raise OutsideError(f"{where} cannot be decompressed: {error}") from error
    limit.check(len(text), where)
    return text
