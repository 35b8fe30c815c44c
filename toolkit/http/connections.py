"""Connections to servers by `http.client`, kept open between requests: TLS, proxies, and the pace of each request."""

import contextlib
import errno
import http.client
import selectors
import socket
import ssl
import threading
import time
import weakref
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, urlsplit

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.http.agent import AGENT
from toolkit.http.pace import Pace, PacedSocket, PacedTls, paced
from toolkit.http.proxies import Proxy

# Seconds for a connection alone: an address that drops packets is found out long before the request's deadline.
CONNECT_SECONDS = 15
# Open connections that are kept for one way: those of several pushes at once, which use four each.
_MOST_IDLE = 64
# Seconds for which a connection is kept: later the network may have forgotten it, and would drop what is sent.
_LONGEST_IDLE = 60
_PORTS = {"http": 80, "https": 443}
# Answers before the final one; 101 ends HTTP, and is an answer that no request here asks for.
_INTERIM = {*range(102, 200)}
_LINE_ENDS = frozenset("\r\n\0")
# Characters of a path and a query that stay as they are (RFC 3986); the percent sign since they are quoted already.
_UNQUOTED = "/?:@!$&'()*+,;=-._~%[]"


class UnreachableError(OSError):
    """A server, or the proxy before it, cannot be reached."""


class TunnelError(OSError):
    """A proxy does not connect to a server; `status` is its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answered {status}")
        self.status = status


class Way(Struct, frozen=True, kw_only=True):
    """A way to a server: what its connections have in common. `server` is its host and port.

    `context` is for the server's TLS, `proxy_context` for that of the proxy, whose certificate is always verified.
    """

    scheme: str
    server: str
    proxy: Proxy | None = None
    context: ssl.SSLContext | None = None
    proxy_context: ssl.SSLContext | None = None


class Headers(Mapping[str, str]):
    """The headers of an answer, by their names in any case; several of one name are joined (RFC 9110, section 5.3)."""

    def __init__(self, pairs: Mapping[str, str] | http.client.HTTPMessage) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs.items():
            before = self._values.get(name.lower())
            self._values[name.lower()] = value if before is None else f"{before}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Response(http.client.HTTPResponse):
    """The final answer to a request: those before it, such as 103, are passed over (RFC 9110, section 15.2)."""

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        while self.status in _INTERIM:
            # As before the first: `begin` reads nothing if there are headers.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()

    def read(self, amt: int | None = None) -> bytes:
        """Read from the body. Raises HTTPException also for the negative size of a chunk."""
        try:
            return super().read(amt)
        except ValueError as error:
            raise http.client.HTTPException(*error.args) from error


class Connection(http.client.HTTPConnection):
    """A connection to a server that keeps to the pace of the request which it carries."""

    response_class = _Response

    def __init__(self, way: Way) -> None:
        parts = urlsplit(f"{way.scheme}://{way.server}")
        self.default_port = _PORTS[way.scheme]
        super().__init__(parts.hostname or "", parts.port or self.default_port)
        self.auto_open = 0
        self.way = way
        self.last_used = 0.0

    def connect(self, pace: Pace | None = None) -> None:
        """Open it. Raises UnreachableError, TunnelError, and other kinds of OSError for what breaks off."""
        # What is half open is closed again.
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            try:
                self._reach(pace)
            except TunnelError:
                raise
            except (OSError, http.client.HTTPException) as error:
                raise UnreachableError(*error.args) from error
            if self.way.context:
                self.sock = _encrypted(self.sock, self.way.context, self.host)
                self.keep_to(pace)
            undo.pop_all()

    def _reach(self, pace: Pace | None) -> None:
        """Open a way for bytes to the server, through a proxy if there is one."""
        proxy, host, port = self.way.proxy, self.host, self.port
        parts = urlsplit(proxy.url if proxy else "")
        if proxy:
            host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        self.sock = paced(socket.create_connection((host, port), CONNECT_SECONDS))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.keep_to(pace)
        if self.way.proxy_context:
            self.sock = _encrypted(self.sock, self.way.proxy_context, host)
            self.keep_to(pace)
        if proxy and self.way.scheme == "https":
            self._open_tunnel(proxy)

    def keep_to(self, pace: Pace | None) -> None:
        """Give the socket the pace of a request."""
        # TLS within TLS goes through the socket of the proxy.
        carrier = getattr(self.sock, "socket", self.sock)
        if isinstance(carrier, PacedSocket | PacedTls):
            carrier.pace = pace

    def send_request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Iterator[bytes] | None, pace: Pace
    ) -> http.client.HTTPResponse:
        """Send a request, and return the answer once its head is here; the body is still to be read.

        Raises InputError for a header with a line break, which would begin another header.
        """
        parts = urlsplit(url)
        target = quote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", safe=_UNQUOTED)
        sent = {"User-Agent": AGENT, **headers}
        if self.way.proxy and self.way.scheme == "http":
            # A proxy takes the whole address of what it fetches itself (RFC 9112, section 3.2.2).
            target = f"http://{self.way.server.encode('idna').decode()}{target}"
            sent |= _login(self.way.proxy)
        for name, value in sent.items():
            if not _LINE_ENDS.isdisjoint(value):
                raise InputError(
                    f"the header {name} of a request to {self.way.server} has a line break",
                    hint="correct the token, cookie or password that it is made of",
                )
        self.keep_to(pace)
        try:
            self.request(method, target, body, sent)
        except OSError as error:
            # A server may answer before it has the whole body, and close its end of the connection.
            if not _is_closed(error):
                raise
        with pace.turn():
            return self.getresponse()

    def is_stale(self) -> bool:
        """Whether it lay idle for long, or the other end closed it, or sent what belongs to no request."""
        # By the time of day: other clocks stand still while a computer sleeps.
        if self.sock is None or not 0 <= time.time() - self.last_used <= _LONGEST_IDLE:
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _open_tunnel(self, proxy: Proxy) -> None:
        """Let the proxy connect to the server (RFC 9110, section 9.3.6). Raises TunnelError."""
        host = f"[{self.host}]" if ":" in self.host else self.host.encode("idna").decode()
        server = f"{host}:{self.port}"
        lines = [f"CONNECT {server} HTTP/1.1", f"Host: {server}"]
        lines += [f"{name}: {value}" for name, value in _login(proxy).items()]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode())
        # Closed with its reader alone: the socket stays open for the server's own bytes, which wait for ours.
        with contextlib.closing(http.client.HTTPResponse(self.sock, method="CONNECT")) as answer:
            answer.begin()
            if answer.status != http.client.OK:
                raise TunnelError(answer.status)


class Connections:
    """Open connections that no request uses, by their way. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Way, list[Connection]] = {}
        # Called by itself when the object goes.
        self.close = weakref.finalize(self, _close, self._idle)

    @contextlib.contextmanager
    def taken(self, way: Way, pace: Pace) -> Iterator[Connection]:
        """Yield an open connection, which is closed if the block raises. Raises as `Connection.connect` does."""
        connection = self._open(way, pace)
        with contextlib.ExitStack() as undo:
            undo.callback(connection.close)
            yield connection
            undo.pop_all()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request, unless its last answer said that it ends."""
        connection.last_used = time.time()
        with self._lock:
            idle = self._idle.setdefault(connection.way, [])
            if connection.sock is not None and len(idle) < _MOST_IDLE:
                idle.append(connection)
                return
        connection.close()

    def _open(self, way: Way, pace: Pace) -> Connection:
        """Return a connection that was kept, or else a new one."""
        while kept := self._pop(way):
            if not kept.is_stale():
                return kept
            kept.close()
        connection = Connection(way)
        connection.connect(pace)
        return connection

    def _pop(self, way: Way) -> Connection | None:
        with self._lock:
            idle = self._idle.get(way)
            return idle.pop() if idle else None


def _is_closed(error: OSError) -> bool:
    """Return whether sending failed because the other end closed the connection, with TLS or without."""
    if isinstance(error, ssl.SSLError):
        return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return error.errno in {errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE}


def _close(idle: Mapping[Way, Iterable[Connection]]) -> None:
    """Close connections."""
    for connections in idle.values():
        for connection in connections:
            connection.close()


def _encrypted(plain: socket.socket, context: ssl.SSLContext, host: str) -> socket.socket:
    """Return a socket that speaks TLS over another one."""
    name = host.rstrip(".")
    if isinstance(plain, ssl.SSLSocket):
        # Python's own sockets do not carry TLS within TLS, to a server behind a proxy that speaks TLS.
        from urllib3.util.ssltransport import SSLTransport

        return SSLTransport(plain, context, server_hostname=name)  # type: ignore[return-value]
    return context.wrap_socket(plain, server_hostname=name)


def _login(proxy: Proxy) -> dict[str, str]:
    """Return the header with a proxy's login."""
    if not proxy.login:
        return {}
    return {"Proxy-Authorization": f"Basic {b64encode(proxy.login.encode()).decode()}"}
