"""The one caller of endpoints: finds the scheme, adds authorization, answers challenges, turns failures into errors."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from toolkit.errors import RemoteError, SlowError
from toolkit.http.answers import join_url
from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.transport import Answer, Request, Transport
from toolkit.oci.reference import Reference
from toolkit.remote.auth import Authenticator
from toolkit.remote.credentials import Credentials
from toolkit.remote.endpoints import Endpoint
from toolkit.remote.failures import NOT_FOUND, UNAUTHORIZED, refused
from toolkit.remote.mirrors import Mirrors
from toolkit.remote.servers import api_host, read_chunk_size

log = logging.getLogger(__name__)

_BAD_REQUEST = 400


class Session:
    """Talks to any number of hosts and remembers schemes and tokens. Safe to share between threads.

    `pause` is how to wait before another try; `chunk_size` how many bytes are sent in one request at most, None for
    as many as the server takes.
    """

    def __init__(
        self,
        credentials: Credentials,
        insecure: InsecureHosts,
        environ: Mapping[str, str],
        pause: Callable[[float], None],
    ) -> None:
        self._mirrors = Mirrors.of(environ)
        self.chunk_size = read_chunk_size(environ)
        self._silent: set[str] = set()
        self._insecure = insecure
        self._transport = Transport(insecure, environ, pause)
        self.pause = pause
        self._authenticator = Authenticator(credentials, insecure, self._transport.send, self._origin, environ)
        self._lock = threading.Lock()
        self._schemes: dict[str, str] = {}

    def call(self, endpoint: Endpoint) -> Answer:
        """Send an endpoint and return an answer that it accepts. Raises RemoteError for any other."""
        url = self.url(endpoint.host, endpoint.path)
        ours = url.startswith(f"{self._origin(endpoint.host)}/")
        request = Request(
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

        A mirror that does not have it, or does not answer, is passed over. Raises RemoteError if the host fails.
        """
        for place in self._mirrors.of_reference(reference):
            if place.host in self._silent:
                continue
            try:
                answer = self.call(replace(endpoint(place), attempts=1))
            except RemoteError as error:
                log.info("the mirror %s is passed over: %s", place.host, error.message)
                if not error.status:
                    self._silent.add(place.host)
            else:
                if answer.status != NOT_FOUND:
                    return answer
        return self.call(endpoint(reference))

    def url(self, host: str, path: str) -> str:
        """Make the URL of a path, or check one that the host gave: relative to it, and encrypted as it must be."""
        return self.location(host, self._origin(host), path)

    def location(self, host: str, base: str, location: str) -> str:
        """Make the URL of a `Location` that the answer from `base` has: relative to it, and encrypted as it must be."""
        url = join_url(base, location, host, "its address for what comes next")
        parts = urlsplit(url)
        self._insecure.check(parts.scheme, parts.netloc, host, encrypted=urlsplit(base).scheme == "https")
        return url

    def _origin(self, host: str) -> str:
        return f"{self._scheme(host)}://{api_host(host)}"

    def _authorized(self, endpoint: Endpoint, request: Request) -> Answer:
        sent = self._authenticator.header(endpoint.host, endpoint.scopes)
        answer = self._transport.send(_with(request, sent))
        if answer.status != UNAUTHORIZED or not answer.url.startswith(f"{self._origin(endpoint.host)}/"):
            return answer
        challenge = answer.headers.get("WWW-Authenticate", "")
        if not self._authenticator.learn(endpoint.host, endpoint.scopes, challenge, sent=sent):
            return answer
        return self._transport.send(_with(request, self._authenticator.header(endpoint.host, endpoint.scopes)))

    def refused(self, endpoint: Endpoint, answer: Answer) -> RemoteError:
        """Make the error of an answer that an endpoint does not accept."""
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
        if not self._insecure.allow_plain(host):
            return "https"
        with self._lock:
            if host not in self._schemes:
                self._schemes[host] = self._find_scheme(host)
            return self._schemes[host]

    def _find_scheme(self, host: str) -> str:
        """Find out what a host speaks that may speak either: one request, without credentials.

        This machine is asked in plain HTTP first, which nobody can overhear; others with TLS first.
        """
        first, second = ("http", "https") if is_loopback(host) else ("https", "http")
        try:
            answer = self._transport.once(Request(method="GET", url=f"{first}://{api_host(host)}/v2/"))
        except SlowError:
            raise
        except RemoteError:
            # When nobody answers at all, the next request says so.
            return second
        wants_tls = first == "http" and answer.status == _BAD_REQUEST and b"https" in answer.body.lower()
        return second if wants_tls else first


def _with(request: Request, authorization: str | None) -> Request:
    if authorization is None:
        return request
    return replace(request, headers={**request.headers, "Authorization": authorization})
