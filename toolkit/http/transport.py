"""HTTP over urllib3: TLS by the system's trust store, proxies, redirects, retries with patience.

It knows nothing of images or tokens. A request is data, an answer is data; only here is urllib3 seen.
"""

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toolkit.errors import RemoteError
from toolkit.http.answers import invalid, join_url, read_url
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
from toolkit.limits import REQUEST_TIME

if TYPE_CHECKING:
    import urllib3

log = logging.getLogger(__name__)

CONNECT_SECONDS = 15
POOL_SIZE = 8
MAX_BODY = 8 << 20
CHUNK = 1 << 18
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_STREAMED = {200, 206}
_KEEP_METHOD = {307, 308}
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([0-9]{3})")
_PROXY_AUTHENTICATION = 407


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A body that is made while it is sent, from the beginning each time; `size` is its Content-Length."""

    size: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One HTTP request.

    With `stream`, the answer's body is read by the caller. A request that cannot simply be sent again has
    `restart`, which prepares a new try and returns its URL; then a lost session (404, 416) is worth a new try too.
    `attempts` is how often it is sent at most; `follow` says whether redirects are followed: a body with a secret in
    it goes nowhere else.
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
    yield from ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Status, headers (case does not matter) and body, or `chunks` of a streamed body, to be closed when left early.

    `url` is where the answer came from, after redirects, `proxy` the proxy that it came through; `attempts` counts
    the tries.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes = b""
    chunks: Generator[bytes, None, None] = field(default_factory=_nothing)
    attempts: int = 1
    proxy: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _PoolKey:
    proxy: Proxy | None
    tls: bool
    verify: bool


class Transport:
    """Sends requests. Safe to share between threads."""

    def __init__(
        self, insecure: InsecureHosts, environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._insecure = insecure
        self._environ = environ
        self._pause = pause
        self._lock = threading.Lock()
        self._pools: dict[_PoolKey, urllib3.PoolManager] = {}

    def send(self, request: Request) -> Answer:
        """Send with retries, and follow redirects; `Authorization` never leaves its server.

        Raises RemoteError with status 0 when there is no answer, SlowError when there is none in time; any status is
        an answer, but for a proxy's.
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
                answer.chunks.close()
                wait = delay(attempt, answer.headers.get("Retry-After"))
            log.info("%s %s: trying again in %.1f s", request.method, urlsplit(url).netloc, wait)
            self._pause(wait)
            url = request.restart() if request.restart else url
        raise AssertionError

    def once(self, request: Request) -> Answer:
        """Send without retries or redirects: for finding out what a server speaks."""
        try:
            return self._exchange(request, request.url, dict(request.headers), 1, _pace(request))
        except _BrokenError as broken:
            raise broken.failure from None

    def _follow(self, request: Request, url: str, attempt: int, pace: Pace) -> Answer:
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

    def _exchange(self, request: Request, url: str, headers: dict[str, str], attempt: int, pace: Pace) -> Answer:
        import urllib3

        from toolkit.http.pools import current

        parts, body = read_url(url, "a server", "an address"), request.body
        host, proxy = parts.netloc, find_proxy(parts, self._environ)
        through = proxy.host if proxy else None
        if isinstance(body, Body):
            headers = {**headers, "Content-Length": str(body.size)}
        # What makes the body may send requests of its own meanwhile.
        outer, current.pace = current.pace, pace
        try:
            response = self._pool(parts.scheme, host, proxy).request(
                request.method,
                url,
                headers=headers,
                body=body.chunks() if isinstance(body, Body) else body,
                preload_content=False,
                redirect=False,
                retries=False,
            )
            streamed = request.stream and response.status in _STREAMED
            content = b"" if streamed else _read_body(response)
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            # urllib3's own words repeat the address, which may hold a signature; ours say the reason.
            log.debug("%s %s: %s", request.method, host, type(error).__name__)
            raise self._translated(error, host, pace, through) from None
        except (UnicodeError, OverflowError) as error:
            raise invalid(host, "its address or headers", str(error)) from error
        finally:
            current.pace = outer
        if response.status == _PROXY_AUTHENTICATION and through:
            raise proxy_refused(host, response.status, through)
        return Answer(
            status=response.status,
            headers=response.headers,
            url=url,
            body=content,
            chunks=self._read_chunks(response, host, pace, through) if streamed else _nothing(),
            attempts=attempt,
            proxy=through,
        )

    def _pool(self, scheme: str, host: str, proxy: Proxy | None) -> "urllib3.PoolManager":
        key = _PoolKey(proxy=proxy, tls=scheme == "https", verify=not self._insecure.lists(host))
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._make_pool(key)
            return self._pools[key]

    def _make_pool(self, key: _PoolKey) -> "urllib3.PoolManager":
        import urllib3

        from toolkit.http.pools import with_pace

        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=REQUEST_TIME.value)
        # Reading the trust store takes longer than a whole exchange in plain HTTP.
        context = trust(self._environ, verify=key.verify) if key.tls else None
        if key.tls and not key.verify:
            # The user listed the host; once is enough.
            log.warning("TLS certificates are not verified for the hosts listed as insecure")
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if key.proxy is None:
            return with_pace(urllib3.PoolManager(num_pools=16, maxsize=POOL_SIZE, timeout=timeout, ssl_context=context))
        login = key.proxy.login
        return with_pace(
            urllib3.ProxyManager(
                key.proxy.url,
                maxsize=POOL_SIZE,
                timeout=timeout,
                ssl_context=context,
                proxy_headers=urllib3.make_headers(proxy_basic_auth=login) if login else None,
            )
        )

    def _read_chunks(
        self, response: "urllib3.BaseHTTPResponse", host: str, pace: Pace, proxy: str | None
    ) -> Generator[bytes, None, None]:
        import urllib3

        try:
            # Stored bytes, whatever Content-Encoding a storage server claims: the digest is over these.
            while chunk := response.read(CHUNK, decode_content=False):
                pace.used()
                yield chunk
            response.release_conn()
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise _ended(error, host, pace, proxy) from None
        finally:
            if not response.closed:
                response.close()

    def _translated(self, error: Exception, host: str, pace: Pace, proxy: str | None) -> Exception:
        import urllib3.exceptions as failures

        if pace.expired or pace.overrun:
            return _ended(error, host, pace, proxy)
        if isinstance(error, failures.ProxyError) and proxy and (status := _TUNNEL_REFUSED.search(str(error))):
            return proxy_refused(host, int(status[1]), proxy)
        if isinstance(error, failures.SSLError | ssl.SSLError):
            return refused_certificate(host, error, self._insecure)
        if isinstance(error, failures.NewConnectionError | failures.ConnectTimeoutError | failures.ProxyError):
            return cannot_connect(host, error, proxy)
        if isinstance(error, failures.LocationValueError):
            return cannot_connect(host, error, proxy)
        return _BrokenError(connection_broke(host, error, proxy))


def _ended(error: Exception, host: str, pace: Pace, proxy: str | None) -> RemoteError:
    if pace.overrun:
        return invalid(host, "it has no end")
    return too_slow(host, pace, proxy) if pace.expired else connection_broke(host, error, proxy)


class _BrokenError(Exception):
    """A connection that broke: worth another try, then `failure`."""

    def __init__(self, failure: RemoteError) -> None:
        super().__init__(failure.message)
        self.failure = failure


def _pace(request: Request) -> Pace:
    return Pace(sending=request.body is not None, streamed=request.stream)


def _is_redirect(request: Request, status: int) -> bool:
    """Tell whether a request goes elsewhere: one that changes something only if its method is kept (RFC 9110, 15.4)."""
    if not request.follow or status not in _REDIRECTS:
        return False
    return request.method in {"GET", "HEAD"} or request.body is None or status in _KEEP_METHOD


def _read_body(response: "urllib3.BaseHTTPResponse") -> bytes:
    body = response.read(MAX_BODY + 1, decode_content=True)
    if len(body) > MAX_BODY:
        response.close()
        raise RemoteError(f"the answer is longer than {MAX_BODY} bytes, which no manifest is", status=response.status)
    response.release_conn()
    return body
