"""HTTP: TLS by the system's trust store, proxies, redirects, retries.

A request is data, an answer is data. It knows nothing of images or tokens.
"""

import logging
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from http.client import HTTPException, HTTPResponse, IncompleteRead
from urllib.parse import urlsplit

from msgspec import Struct, field

from toolkit.errors import RemoteError
from toolkit.http.answers import invalid, join_url, read_url
from toolkit.http.connections import Connection, Connections, Headers, TunnelError, UnreachableError, Way
from toolkit.http.failures import (
    cannot_connect,
    connection_broke,
    proxy_refused,
    refused_certificate,
    too_slow,
)
from toolkit.http.hosts import InsecureHosts
from toolkit.http.pace import Pace
from toolkit.http.proxies import Proxy, find_proxy
from toolkit.http.retries import ATTEMPTS, RETRYABLE, delay
from toolkit.http.trust import trust
from toolkit.words import in_bytes

log = logging.getLogger(__name__)

# Bytes of a body that is read whole, and of one piece of a streamed one.
MAX_BODY = 8 << 20
CHUNK = 1 << 18
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_STREAMED = {200, 206}
_KEEP_METHOD = {307, 308}
_PROXY_AUTHENTICATION = 407
# Added to zlib's window: the header is that of gzip or of zlib.
_ANY_HEADER = 32


class Body(Struct, frozen=True, kw_only=True):
    """A body that is made while it is sent, anew for each try; `size` is its Content-Length."""

    size: int
    chunks: Callable[[], Iterator[bytes]]


class HttpRequest(Struct, frozen=True, kw_only=True):
    """One HTTP request.

    With `stream` the caller reads the answer's body. A request that cannot simply be sent again has `restart`, which
    prepares a new try and returns its URL; then a lost session (404, 416) is worth a new try too. `attempts` limits how
    often it is sent. `follow` allows redirects: a body with a secret must not go anywhere else.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Body | None = None
    stream: bool = False
    restart: Callable[[], str] | None = None
    attempts: int = ATTEMPTS
    follow: bool = True


def _nothing() -> Generator[bytes, None, None]:
    """Yield nothing: the chunks of an answer whose body was read whole."""
    yield from ()


class Answer(Struct, frozen=True, kw_only=True):
    """Status, headers (in any case) and body; of a streamed body the `chunks`, to be closed if they are not all read.

    `url` is the address after redirects, `proxy` the host of the proxy on the way, `attempts` the number of tries.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes = b""
    chunks: Generator[bytes, None, None] = field(default_factory=_nothing)
    attempts: int = 1
    proxy: str | None = None


class Transport:
    """Sends requests. Safe to share between threads."""

    def __init__(
        self, insecure: InsecureHosts, environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._insecure = insecure
        self._environ = environ
        self._pause = pause
        self._lock = threading.Lock()
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._connections = Connections()

    def send(self, request: HttpRequest) -> Answer:
        """Send with retries, and follow redirects; `Authorization` never goes to another server.

        Returns answers of any status. Raises RemoteError, with status 0, if there is no answer, SlowError if there is
        none in time, and RemoteError if a proxy refuses.
        """
        retryable = RETRYABLE | {404, 416} if request.restart else RETRYABLE
        url, pace = request.url, _pace(request)
        for attempt in range(1, request.attempts + 1):
            last = attempt == request.attempts
            try:
                answer = self._follow(request, url, attempt, pace)
            except _BrokenError as broken:
                if last:
                    raise broken.failure from None
                wait = delay(attempt, None)
            else:
                if last or answer.status not in retryable:
                    return answer
                # Returns the connection of a body that is not read.
                answer.chunks.close()
                wait = delay(attempt, answer.headers.get("Retry-After"))
            log.info("%s %s: trying again in %.1f s", request.method, urlsplit(url).netloc, wait)
            self._pause(wait)
            url = request.restart() if request.restart else url
        raise AssertionError

    def once(self, request: HttpRequest) -> Answer:
        """Send without retries or redirects, to find out what a server speaks."""
        try:
            return self._exchange(request, request.url, dict(request.headers), 1, _pace(request))
        except _BrokenError as broken:
            raise broken.failure from None

    def _follow(self, request: HttpRequest, url: str, attempt: int, pace: Pace) -> Answer:
        """Send once, and follow redirects. Raises OutsideError for one to an unencrypted host that is not listed."""
        headers = dict(request.headers)
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._exchange(request, url, headers, attempt, pace)
            target = answer.headers.get("Location")
            if not target or not _is_redirect(request, answer.status):
                return answer
            before = urlsplit(url)
            url = join_url(url, target, before.netloc, "its redirect")
            after = urlsplit(url)
            encrypted = before.scheme == "https"
            self._insecure.check(after.scheme, after.netloc, f"a redirect of {before.netloc}", encrypted=encrypted)
            if (before.scheme, before.netloc) != (after.scheme, after.netloc):
                headers.pop("Authorization", None)
        raise RemoteError(f"{urlsplit(request.url).netloc} redirects without end", status=answer.status)

    def _exchange(self, request: HttpRequest, url: str, headers: dict[str, str], attempt: int, pace: Pace) -> Answer:
        """Send once by the right way, and return any answer. Raises _BrokenError if another try may help."""
        parts, body = read_url(url, "a server", "an address"), request.body
        host, proxy = parts.netloc, find_proxy(parts, self._environ)
        through = proxy.host if proxy else None
        if isinstance(body, Body):
            headers = {**headers, "Content-Length": str(body.size)}
        try:
            with self._connections.taken(self._way(parts.scheme, host, proxy), pace) as connection:
                response = connection.send_request(
                    request.method, url, headers, body.chunks() if isinstance(body, Body) else body, pace
                )
                streamed = request.stream and response.status in _STREAMED
                content = b"" if streamed else _read_body(response, host)
        except (HTTPException, OSError, zlib.error) as error:
            # Python's messages may repeat the address, which may hold a signature.
            log.debug("%s %s: %s", request.method, host, type(error).__name__)
            raise self._translated(error, host, pace, through) from None
        except (UnicodeError, OverflowError) as error:
            raise invalid(host, "its address or headers", str(error)) from error
        if not streamed:
            self._connections.give_back(connection)
        # Over TLS the refusal of a tunnel is an error above; in plain HTTP it is an answer like a server's.
        if response.status == _PROXY_AUTHENTICATION and through:
            raise proxy_refused(host, response.status, through)
        return Answer(
            status=response.status,
            headers=Headers(response.headers),
            url=url,
            body=content,
            chunks=self._read_chunks(connection, response, host, pace) if streamed else _nothing(),
            attempts=attempt,
            proxy=through,
        )

    def _way(self, scheme: str, host: str, proxy: Proxy | None) -> Way:
        """Return the way to a host."""
        # Reading the trust store takes longer than a whole exchange in plain HTTP.
        context = self._context(verify=not self._insecure.lists(host)) if scheme == "https" else None
        # The proxy's login must not go to another, whatever the user permits for the server.
        proxy_context = self._context(verify=True) if proxy and proxy.url.startswith("https:") else None
        return Way(scheme=scheme, server=host, proxy=proxy, context=context, proxy_context=proxy_context)

    def _context(self, *, verify: bool) -> ssl.SSLContext:
        """Return the TLS context, which all threads share."""
        with self._lock:
            if verify not in self._contexts:
                if not verify:
                    log.warning("TLS certificates are not verified for the hosts listed as insecure")
                self._contexts[verify] = trust(self._environ, verify=verify)
            return self._contexts[verify]

    def _read_chunks(
        self, connection: Connection, response: HTTPResponse, host: str, pace: Pace
    ) -> Generator[bytes, None, None]:
        """Yield a streamed body. Raises RemoteError if it breaks off, SlowError if it is too slow."""
        proxy, whole = connection.way.proxy, False
        try:
            # The stored bytes, whatever Content-Encoding a storage server claims: the digest is that of these.
            while chunk := response.read(CHUNK):
                pace.used()
                yield chunk
            _check_whole(response)
            whole = True
        except (HTTPException, OSError) as error:
            raise _ended(error, host, pace, proxy.host if proxy else None) from None
        finally:
            # What is left of an unread body would be read as the next answer, so its connection is not used again.
            if whole:
                self._connections.give_back(connection)
            else:
                connection.close()

    def _translated(self, error: Exception, host: str, pace: Pace, proxy: str | None) -> Exception:
        """Return our error for one of Python's."""
        if pace.expired or pace.overrun:
            return _ended(error, host, pace, proxy)
        if isinstance(error, TunnelError) and proxy:
            return proxy_refused(host, error.status, proxy)
        if isinstance(error, ssl.SSLError):
            return refused_certificate(host, error, self._insecure)
        if isinstance(error, UnreachableError):
            return cannot_connect(host, error, proxy)
        return _BrokenError(connection_broke(host, error, proxy))


def _ended(error: Exception, host: str, pace: Pace, proxy: str | None) -> RemoteError:
    """Return the error for a transfer that ended early: too long, too slow, or broken."""
    if pace.overrun:
        return invalid(host, "it has no end")
    return too_slow(host, pace, proxy) if pace.expired else connection_broke(host, error, proxy)


class _BrokenError(Exception):
    """A broken connection: worth another try, and `failure` after the last."""

    def __init__(self, failure: RemoteError) -> None:
        super().__init__(failure.message)
        self.failure = failure


def _pace(request: HttpRequest) -> Pace:
    """Return the time limits of a request: a body to send, or a long answer, gets more while it moves."""
    return Pace(sending=request.body is not None, streamed=request.stream)


def _is_redirect(request: HttpRequest, status: int) -> bool:
    """Whether to follow a redirect: of a request with a body only if its method is kept (RFC 9110, section 15.4)."""
    if not request.follow or status not in _REDIRECTS:
        return False
    return request.method in {"GET", "HEAD"} or request.body is None or status in _KEEP_METHOD


def _read_body(response: HTTPResponse, host: str) -> bytes:
    """Read a body whole. Raises RemoteError for one that is longer than any document that is read so."""
    # One byte more than allowed, to tell a body of that size from a longer one.
    body = response.read(MAX_BODY + 1)
    if len(body) <= MAX_BODY:
        _check_whole(response)
        # Some servers compress what was not asked for.
        body = _inflated(body, response.headers.get("Content-Encoding", "").strip().lower())
    if len(body) > MAX_BODY:
        raise RemoteError(f"the answer of {host} is longer than {in_bytes(MAX_BODY)}", status=response.status)
    return body


def _check_whole(response: HTTPResponse) -> None:
    """Raise IncompleteRead if a connection ended before the length that its answer announced."""
    if response.length:
        raise IncompleteRead(b"", response.length)


def _inflated(body: bytes, coding: str) -> bytes:
    """Return a body without its compression, up to one byte more than allowed; any other coding stays."""
    if coding not in {"gzip", "x-gzip", "deflate"} or not body:
        return body
    try:
        return _decompressed(body, zlib.MAX_WBITS | _ANY_HEADER)
    except zlib.error:
        if coding != "deflate":
            raise
        # Servers also send the bare stream, without the header of zlib (RFC 9110, section 8.4.1.2).
        return _decompressed(body, -zlib.MAX_WBITS)


def _decompressed(body: bytes, window: int) -> bytes:
    """Decompress up to one byte more than allowed. Raises zlib.error also for a stream that was cut off."""
    stream = zlib.decompressobj(window)
    content = stream.decompress(body, MAX_BODY + 1)
    if len(content) <= MAX_BODY and not stream.eof:
        raise zlib.error("the stream has no end")
    return content
