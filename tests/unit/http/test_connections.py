import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import make_certificates
from tests.hostile.servers import request_head, serving_bytes
from toolkit import __version__
from toolkit.errors import InputError, RemoteError
from toolkit.http.connections import Connections, Headers, TunnelError, UnreachableError, Way
from toolkit.http.hosts import InsecureHosts
from toolkit.http.pace import Pace
from toolkit.http.proxies import Proxy
from toolkit.http.transport import Body, HttpRequest, Transport
from toolkit.http.trust import trust

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answers(connection: socket.socket, _: threading.Event) -> None:
    while request_head(connection):
        connection.sendall(ANSWER)


def noting(heads: list[bytes]) -> Callable[[socket.socket, threading.Event], None]:
    """Return a server of one answer that notes the head of the request."""

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heads.append(request_head(connection))
        connection.sendall(ANSWER)

    return talk


def get(connections: Connections, way: Way, url: str, pace: Pace) -> bytes:
    with connections.taken(way, pace) as connection:
        body = connection.send_request("GET", url, {}, None, pace).read()
    connections.give_back(connection)
    return body


def test_a_connection_keeps_to_the_pace_of_each_request() -> None:
    with serving_bytes(answers) as host:
        connections, way = Connections(), Way(scheme="http", server=host)
        seen = []
        for pace in (Pace(seconds=30), Pace(seconds=40)):
            assert get(connections, way, f"http://{host}/", pace) == b"ok"
            with connections.taken(way, pace) as connection:
                seen.append(connection)
                assert getattr(connection.sock, "pace").seconds == pace.seconds  # noqa: B009 (its type does not show it)
            connections.give_back(connection)
        connections.close()
        assert seen[0] is seen[1]


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    closed = threading.Semaphore(0)

    def talk(connection: socket.socket, _: threading.Event) -> None:
        request_head(connection)
        connection.sendall(ANSWER)
        connection.shutdown(socket.SHUT_WR)
        closed.release()

    with serving_bytes(talk) as host:
        connections, way = Connections(), Way(scheme="http", server=host)
        for _ in range(3):
            assert get(connections, way, f"http://{host}/", Pace(seconds=30)) == b"ok"
            closed.acquire()


def test_a_connection_that_lay_idle_for_long_is_not_used_again() -> None:
    with serving_bytes(answers) as host:
        connections, way, pace = Connections(), Way(scheme="http", server=host), Pace(seconds=30)
        sockets = []
        for _ in range(2):
            with connections.taken(way, pace) as connection:
                sockets.append(connection)
            connections.give_back(connection)
            connection.last_used -= 3600
        connections.close()
        assert sockets[0] is not sockets[1]


def test_answers_before_the_final_one_are_passed_over() -> None:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        while request_head(connection):
            for interim in (b"100 Continue", b"102 Processing", b"103 Early Hints\r\nLink: <a>"):
                connection.sendall(b"HTTP/1.1 " + interim + b"\r\n\r\n")
            connection.sendall(ANSWER)

    with serving_bytes(talk) as host:
        connections, way = Connections(), Way(scheme="http", server=host)
        for _ in range(2):
            assert get(connections, way, f"http://{host}/", Pace(seconds=30)) == b"ok"
        connections.close()


def test_a_chunk_of_a_negative_size_is_an_error() -> None:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        request_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nok\r\n")

    with serving_bytes(talk) as host:
        for stream in (False, True):
            request = HttpRequest(method="GET", url=f"http://{host}/", stream=stream, attempts=1)
            with pytest.raises(RemoteError, match="broke"):
                list(Transport(InsecureHosts.of({}), {}).send(request).chunks)


def test_a_proxy_gets_the_whole_address_in_ascii() -> None:
    heads: list[bytes] = []
    with serving_bytes(noting(heads)) as proxy:
        way = Way(scheme="http", server="ä.invalid:81", proxy=Proxy(url=f"http://{proxy}"))
        get(Connections(), way, "http://ä.invalid:81/b", Pace(seconds=30))
    assert heads[0].startswith(b"GET http://xn--4ca.invalid:81/b HTTP/1.1\r\nHost: xn--4ca.invalid:81\r\n")


@pytest.mark.parametrize("token", ["s3cret\nX: y", "s3cret\r", "s3cret\0"])
def test_a_header_with_a_line_break_is_the_users_mistake(token: str) -> None:
    with serving_bytes(answers) as host:
        request = HttpRequest(method="GET", url=f"http://{host}/", headers={"Authorization": f"Bearer {token}"})
        with pytest.raises(InputError, match=f"the header Authorization of a request to {host} has a line break") as no:
            Transport(InsecureHosts.of({}), {}).send(request)
    assert "s3cret" not in f"{no.value.message}{no.value.hint}"


def test_requests_name_this_program() -> None:
    heads: list[bytes] = []
    with serving_bytes(noting(heads)) as host:
        get(Connections(), Way(scheme="http", server=host), f"http://{host}/", Pace(seconds=30))
    assert f"User-Agent: comp/{__version__}\r\n".encode() in heads[0]


def test_a_server_with_tls_that_closes_before_it_has_the_body_is_asked_again(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    heads = []

    def talk(connection: socket.socket, _: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as server:
            heads.append(request_head(server))

    body = Body(size=30 << 20, chunks=lambda: iter([bytes(1 << 20)] * 30))
    with serving_bytes(talk) as host:
        transport = Transport(InsecureHosts.of({}), {"SSL_CERT_FILE": str(made.authority)}, lambda _: None)
        request = HttpRequest(method="PUT", url=f"https://{host}/", body=body, attempts=3)
        with pytest.raises(RemoteError, match=f"the connection to {host} broke"):
            transport.send(request)
    assert len(heads) == 3


def test_headers_have_names_in_any_case_and_lists() -> None:
    headers = Headers({"Link": "<a>", "LINK": "<b>", "Age": "1"})
    assert (headers["link"], headers.get("AGE"), headers.get("x")) == ("<a>, <b>", "1", None)
    assert dict(headers) == {"link": "<a>, <b>", "age": "1"}


def test_addresses_are_quoted_as_far_as_needed() -> None:
    heads = []

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heads.append(request_head(connection).partition(b" HTTP/1.1\r\n")[0])
        connection.sendall(ANSWER)

    with serving_bytes(talk) as host:
        for path in ("", "/a%20b?c=%2F&d=e+f", "/ü?x=a b"):
            Transport(InsecureHosts.of({}), {}).send(HttpRequest(method="GET", url=f"http://{host}{path}"))
    assert heads == [b"GET /", b"GET /a%20b?c=%2F&d=e+f", b"GET /%C3%BC?x=a%20b"]


@pytest.mark.parametrize(
    ("coding", "compressed"),
    [
        ("gzip", gzip.compress(b'{"a": 1}')),
        ("Deflate", zlib.compress(b'{"a": 1}')),
        ("deflate", zlib.compress(b'{"a": 1}', wbits=-15)),
        ("x", b'{"a": 1}'),
    ],
)
def test_bodies_that_a_server_compressed(coding: str, compressed: bytes) -> None:
    assert _body(coding, compressed) == b'{"a": 1}'


def test_a_compressed_body_has_the_same_bound_and_may_be_damaged() -> None:
    with pytest.raises(RemoteError, match="longer than 8"):
        _body("gzip", gzip.compress(b"0" * (9 << 20)))
    for damaged in (b"not gzip", gzip.compress(b"0" * 100)[:-9]):
        with pytest.raises(RemoteError, match="broke"):
            _body("gzip", damaged)


def _body(coding: str, body: bytes) -> bytes:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        request_head(connection)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    with serving_bytes(talk) as host:
        request = HttpRequest(method="GET", url=f"http://{host}/", attempts=1)
        return Transport(InsecureHosts.of({}), {}).send(request).body


def test_a_server_that_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    way = Way(scheme="http", server=host)
    with pytest.raises(UnreachableError), Connections().taken(way, Pace(seconds=30)):
        pass


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_with_tls_behind_a_proxy(tmp_path: Path, scheme: str) -> None:
    """Also through a proxy that speaks TLS itself: TLS within TLS."""
    made = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    trusted = trust({"SSL_CERT_FILE": str(made.authority)})

    def encrypted(connection: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            answers(inner, over)

    with serving_bytes(encrypted) as host, serving_bytes(_proxy(context if scheme == "https" else None, 200)) as proxy:
        way = Way(
            scheme="https",
            server=host,
            proxy=Proxy(url=f"{scheme}://{proxy}", login="ann:s3cret"),
            context=trusted,
            proxy_context=trusted if scheme == "https" else None,
        )
        connections = Connections()
        for _ in range(2):
            # The second request has a time and bounds of its own.
            pace = Pace(seconds=30)
            assert get(connections, way, f"https://{host}/", pace) == b"ok"
            with connections.taken(way, pace) as connection:
                carrier = getattr(connection.sock, "socket", connection.sock)
                assert getattr(carrier, "pace") is pace  # noqa: B009 (its type does not show it)
            connections.give_back(connection)
        connections.close()


def test_a_proxy_that_refuses() -> None:
    trusted = trust({})
    with serving_bytes(_proxy(None, 403)) as proxy:
        way = Way(scheme="https", server="a.invalid:443", proxy=Proxy(url=f"http://{proxy}"), context=trusted)
        with pytest.raises(TunnelError) as refused, Connections().taken(way, Pace(seconds=30)):
            pass
        assert refused.value.status == 403


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_is_verified_even_for_a_host_listed_as_insecure(tmp_path: Path, scheme: str) -> None:
    made = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    heads = []

    def talk(connection: socket.socket, _: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as client:
            heads.append(request_head(client))

    insecure = InsecureHosts.of({"COMP_INSECURE_REGISTRIES": "a.invalid"})
    with serving_bytes(talk) as proxy:
        environ = {f"{scheme}_proxy": f"https://ann:s3cret@{proxy}"}
        request = HttpRequest(method="GET", url=f"{scheme}://a.invalid/", attempts=1)
        with pytest.raises(RemoteError, match=f"cannot connect to a.invalid through the proxy {proxy}"):
            Transport(insecure, environ).send(request)
    assert heads == []


def _proxy(context: ssl.SSLContext | None, status: int) -> Callable[[socket.socket, threading.Event], None]:
    """Return a proxy, with TLS or without, that opens one tunnel."""

    def talk(connection: socket.socket, _: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) if context else connection as client:
            head = request_head(client)
            client.sendall(f"HTTP/1.1 {status} x\r\n\r\n".encode())
            if status != 200:
                return
            assert b"Proxy-Authorization: Basic YW5uOnMzY3JldA==" in head
            host, port = head.split()[1].decode().split(":")
            with socket.create_connection((host, int(port))) as server:
                back = threading.Thread(target=_copy, args=(server, client))
                back.start()
                _copy(client, server)
                server.shutdown(socket.SHUT_WR)
                back.join()

    return talk


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until one end is closed."""
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
