"""The caller of all endpoints: finds the scheme, adds authorization, answers challenges, turns failures into errors."""

import logging
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from msgspec.structs import replace

from toolkit.errors import RemoteError, SlowError
from toolkit.http.answers import join_url
from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.transport import Answer, HttpRequest, Transport
from toolkit.oci.reference import Reference
from toolkit.remote.auth import Authenticator
from toolkit.remote.credentials import CredentialFiles
from toolkit.remote.endpoints import Endpoint
from toolkit.remote.failures import NOT_FOUND, UNAUTHORIZED, refused
from toolkit.remote.mirrors import Mirrors
from toolkit.remote.servers import api_host, read_chunk_size

log = logging.getLogger(__name__)

_BAD_REQUEST = 400


class Session:
    """Requests to any number of hosts, with their schemes and tokens. Safe to share between threads.

    `pause` waits before another try; `chunk_size` is how many bytes one request sends at most, None for no limit.
    """

    def __init__(
        self,
        credentials: CredentialFiles,
        insecure: InsecureHosts,
        environ: Mapping[str, str],
        pause: Callable[[float], None],
    ) -> None:
        self._mirrors = Mirrors.of(environ)
        self.chunk_size = read_chunk_size(environ)
        # Mirrors that do not answer are not asked again.
        self._silent: set[str] = set()
        self._insecure = insecure
        self._transport = Transport(insecure, environ, pause)
        self.pause = pause
        self._authenticator = Authenticator(credentials, insecure, self._transport.send, self._origin, environ)
        self._lock = threading.Lock()
        self._schemes: dict[str, str] = {}

    def call(self, endpoint: Endpoint) -> Answer:
        """Send an endpoint and return an answer that it accepts. Raises RemoteError for any other status."""
        url = self.url(endpoint.host, endpoint.path)
        # A location may lead to a storage server, which must not get the host's token. The slash ends the host's name:
        # `https://a.example.test` begins with `https://a.example` too.
        ours = url.startswith(f"{self._origin(endpoint.host)}/")
        request = HttpRequest(
            method=endpoint.method,
            url=url,
            headers=endpoint.headers,
            body=endpoint.body,
            stream=endpoint.stream,
            restart=endpoint.restart,
            attempts=endpoint.attempts,
        )
        answer = self._authorized(endpoint, request) if ours else self._transport.send(request)
        if answer.status in endpoint.ok:
            return answer
        raise self.refused(endpoint, answer)

    def read(self, reference: Reference, endpoint: Callable[[Reference], Endpoint]) -> Answer:
        """Send an endpoint that reads from `reference`, to the mirrors of its host first.

        Mirrors that lack it, or do not answer, are passed over. Raises RemoteError if the host fails.
        """
        for place in self._mirrors.of_reference(reference):
            if place.host in self._silent:
                continue
            try:
                # A mirror that is down must not cost the waits between several attempts.
                answer = self.call(replace(endpoint(place), attempts=1))
            except RemoteError as error:
                log.info("the mirror %s is passed over: %s", place.host, error.message)
                # A mirror that answered with an error may still have other content.
                if not error.status:
                    self._silent.add(place.host)
            else:
                if answer.status != NOT_FOUND:
                    return answer
        return self.call(endpoint(reference))

    def url(self, host: str, path: str) -> str:
        """Return the URL of a path of `host`, or of an address that it gave. Raises as `location` does."""
        return self.location(host, self._origin(host), path)

    def location(self, host: str, base: str, location: str) -> str:
        """Return the URL of a `Location` in the answer from `base`.

        Raises RemoteError if it is invalid, OutsideError if it is plain HTTP and may not be.
        """
        url = join_url(base, location, host, "the address of its next step")
        parts = urlsplit(url)
        self._insecure.check(parts.scheme, parts.netloc, host, encrypted=urlsplit(base).scheme == "https")
        return url

    def _origin(self, host: str) -> str:
        """Return the scheme and server of a host, without a slash at the end."""
        return f"{self._scheme(host)}://{api_host(host)}"

    def _authorized(self, endpoint: Endpoint, request: HttpRequest) -> Answer:
        """Send a request to its own host with authorization; once more if a challenge can be answered."""
        sent = self._authenticator.header(endpoint.host, endpoint.scopes)
        answer = self._transport.send(_with(request, sent))
        # The server that a redirect led to cannot ask for the host's credentials.
        if answer.status != UNAUTHORIZED or not answer.url.startswith(f"{self._origin(endpoint.host)}/"):
            return answer
        challenge = answer.headers.get("WWW-Authenticate", "")
        if not self._authenticator.learn(endpoint.host, endpoint.scopes, challenge, sent=sent):
            return answer
        return self._transport.send(_with(request, self._authenticator.header(endpoint.host, endpoint.scopes)))

    def refused(self, endpoint: Endpoint, answer: Answer) -> RemoteError:
        """Return the error for an answer that an endpoint does not accept."""
        server = urlsplit(answer.url).netloc
        host = endpoint.host if server == api_host(endpoint.host) else server
        return refused(
            host,
            answer.status,
            answer.body,
            what=endpoint.what,
            attempts=answer.attempts,
            proxy=answer.proxy,
            credentials=self._authenticator.describe(endpoint.host, endpoint.scopes),
        )

    def _scheme(self, host: str) -> str:
        """Return the scheme of a host, found out once if it may be either."""
        if not self._insecure.allow_plain(host):
            return "https"
        # Held during the request, so that threads that start together ask once.
        with self._lock:
            if host not in self._schemes:
                self._schemes[host] = self._find_scheme(host)
            return self._schemes[host]

    def _find_scheme(self, host: str) -> str:
        """Find out whether a host that may speak either speaks TLS: one request, without credentials.

        This machine is asked in plain HTTP first, which no one else can read; others with TLS first.
        """
        first, second = ("http", "https") if is_loopback(host) else ("https", "http")
        try:
            answer = self._transport.once(HttpRequest(method="GET", url=f"{first}://{api_host(host)}/v2/"))
        except SlowError:
            raise
        except RemoteError:
            # If the host does not answer at all, the next request will fail and say so.
            return second
        # Servers with TLS answer plain HTTP with 400 and words such as "HTTP request to an HTTPS server" (Go, nginx).
        wants_tls = first == "http" and answer.status == _BAD_REQUEST and b"https" in answer.body.lower()
        return second if wants_tls else first


def _with(request: HttpRequest, authorization: str | None) -> HttpRequest:
    """Return a request with a value of `Authorization`, unchanged without one."""
    if authorization is None:
        return request
    return replace(request, headers={**request.headers, "Authorization": authorization})
