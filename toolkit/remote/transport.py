"""HTTP over urllib3: TLS by the system's trust store, proxies, redirects, retries with patience.

It knows nothing of images or tokens. A request is data, an answer is data; only here is urllib3 seen.
"""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from toolkit.errors import InputError, RemoteError
from toolkit.remote.failures import cannot_connect, connection_broke, refused_certificate
from toolkit.remote.hosts import InsecureHosts, is_loopback
from toolkit.remote.retries import ATTEMPTS, RETRYABLE, delay

if TYPE_CHECKING:
    import urllib3

log = logging.getLogger(__name__)

CONNECT_SECONDS = 15
READ_SECONDS = 90
POOL_SIZE = 8
MAX_BODY = 8 << 20
CHUNK = 1 << 18
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_STREAMED = {200, 206}
_CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


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
    `attempts` is how often it is sent at most.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Body | None = None
    stream: bool = False
    restart: Callable[[], str] | None = None
    attempts: int = ATTEMPTS


def _nothing() -> Generator[bytes, None, None]:
    yield from ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Status, headers (case does not matter) and body, or `chunks` of a streamed body, to be closed when left early.

    `url` is where the answer came from, after redirects; `attempts` counts the tries.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes = b""
    chunks: Generator[bytes, None, None] = field(default_factory=_nothing)
    attempts: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _PoolKey:
    proxy: str | None
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
        """Send with retries, and follow redirects of GET and HEAD; `Authorization` never leaves its server.

        Raises RemoteError with status 0 when there is no answer; any status is an answer.
        """
        retryable = RETRYABLE | {404, 416} if request.restart else RETRYABLE
        url = request.url
        for attempt in range(1, request.attempts + 1):
            last = attempt == request.attempts
            try:
                answer = self._follow(request, url, attempt)
            except _BrokenError as broken:
                if last:
                    raise broken.failure from broken.__cause__
                wait = delay(attempt, None)
            else:
                if last or answer.status not in retryable:
                    return answer
                wait = delay(attempt, answer.headers.get("Retry-After"))
            log.info("%s %s: trying again in %.1f s", request.method, urlsplit(url).netloc, wait)
            self._pause(wait)
            url = request.restart() if request.restart else url
        raise AssertionError

    def once(self, request: Request) -> Answer:
        """Send without retries or redirects: for finding out what a server speaks."""
        try:
            return self._exchange(request, request.url, dict(request.headers), 1)
        except _BrokenError as broken:
            raise broken.failure from broken.__cause__

    def _follow(self, request: Request, url: str, attempt: int) -> Answer:
        headers = dict(request.headers)
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._exchange(request, url, headers, attempt)
            target = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or request.body is not None or not target:
                return answer
            before, url = split_url(url), urljoin(url, target)
            after = split_url(url)
            self._insecure.check(after.scheme, after.netloc, f"a redirect of {before.netloc}")
            if (before.scheme, before.netloc) != (after.scheme, after.netloc):
                headers.pop("Authorization", None)
        raise RemoteError(f"{split_url(request.url).netloc} redirects without end", status=answer.status)

    def _exchange(self, request: Request, url: str, headers: dict[str, str], attempt: int) -> Answer:
        import urllib3

        host = split_url(url).netloc
        body = request.body
        if isinstance(body, Body):
            headers = {**headers, "Content-Length": str(body.size)}
        try:
            response = self._pool(url).request(
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
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _translated(error, host) from error
        return Answer(
            status=response.status,
            headers=response.headers,
            url=url,
            body=content,
            chunks=_read_chunks(response, host) if streamed else _nothing(),
            attempts=attempt,
        )

    def _pool(self, url: str) -> "urllib3.PoolManager":
        parts = split_url(url)
        key = _PoolKey(
            proxy=self._proxy(parts), tls=parts.scheme == "https", verify=not self._insecure.lists(parts.netloc)
        )
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._make_pool(key)
            return self._pools[key]

    def _make_pool(self, key: _PoolKey) -> "urllib3.PoolManager":
        import urllib3

        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        # Reading the trust store takes longer than a whole exchange in plain HTTP.
        context = trust(self._environ, verify=key.verify) if key.tls else None
        if key.tls and not key.verify:
            # Somebody listed the host; once is enough.
            log.warning("TLS certificates are not verified for the hosts listed as insecure")
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if key.proxy is None:
            return urllib3.PoolManager(num_pools=16, maxsize=POOL_SIZE, timeout=timeout, ssl_context=context)
        userinfo = split_url(key.proxy).netloc.rpartition("@")[0]
        return urllib3.ProxyManager(
            key.proxy,
            maxsize=POOL_SIZE,
            timeout=timeout,
            ssl_context=context,
            proxy_headers=urllib3.make_headers(proxy_basic_auth=unquote(userinfo)) if userinfo else None,
        )

    def _proxy(self, parts: SplitResult) -> str | None:
        if is_loopback(parts.netloc):
            return None
        return find_proxy(parts.scheme, parts.netloc, self._environ)


class _BrokenError(Exception):
    """A connection that broke: worth another try, then `failure`."""

    def __init__(self, failure: RemoteError) -> None:
        super().__init__(failure.message)
        self.failure = failure


def split_url(url: str) -> SplitResult:
    """Split a URL that a server gave. Raises RemoteError when it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise RemoteError("a server gave a URL that is not one") from error
    return parts


def find_proxy(scheme: str, host: str, environ: Mapping[str, str]) -> str | None:
    """Find the proxy for a server: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, without those of `NO_PROXY`."""
    lower = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy") and value}
    proxy = lower.get(f"{scheme}_proxy") or lower.get("all_proxy")
    if proxy is None:
        return None
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    if proxy_bypass_environment(host, {"no": lower.get("no_proxy", "")}):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        raise InputError(
            f"a proxy of the kind {proxy.partition('://')[0]} cannot be used", hint="name an http:// or https:// proxy"
        )
    return proxy


def trust(environ: Mapping[str, str], *, verify: bool = True) -> ssl.SSLContext:
    """Make a TLS context with the system's trust store and what `SSL_CERT_FILE` and `SSL_CERT_DIR` add."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if not file and not folder and not context.cert_store_stats()["x509_ca"]:
        # An interpreter built elsewhere may look for the system's certificates in places of its own.
        file = next((path for path in _CA_BUNDLES if Path(path).is_file()), None)
    if file:
        try:
            context.load_verify_locations(cafile=file)
        except OSError as error:
            raise InputError(
                f"SSL_CERT_FILE names {file}, which has no certificates that can be read: {error.strerror or error}",
                hint="name a file with PEM certificates, or unset it",
            ) from error
    if folder:
        context.load_verify_locations(capath=folder)
    return context


def _read_body(response: "urllib3.BaseHTTPResponse") -> bytes:
    body = response.read(MAX_BODY + 1, decode_content=True)
    if len(body) > MAX_BODY:
        response.close()
        raise RemoteError(f"the answer is longer than {MAX_BODY} bytes, which no manifest is", status=response.status)
    response.release_conn()
    return body


def _read_chunks(response: "urllib3.BaseHTTPResponse", host: str) -> Generator[bytes, None, None]:
    import urllib3

    try:
        # Stored bytes, whatever Content-Encoding a storage server claims: the digest is over these.
        while chunk := response.read(CHUNK, decode_content=False):
            yield chunk
        response.release_conn()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise connection_broke(host, error) from error
    finally:
        if not response.closed:
            response.close()


def _translated(error: Exception, host: str) -> Exception:
    import urllib3.exceptions as failures

    if isinstance(error, failures.SSLError | ssl.SSLError):
        return refused_certificate(host, error)
    if isinstance(error, failures.NewConnectionError | failures.ConnectTimeoutError | failures.ProxyError):
        return cannot_connect(host, error)
    if isinstance(error, failures.LocationValueError):
        return cannot_connect(host, error)
    return _BrokenError(connection_broke(host, error))
