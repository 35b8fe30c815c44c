"""A request ends when its time is over, however a server spends it; time is not wall time but waiting."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.certificates import make_certificates
from tests.hostile import servers
from tests.hostile.servers import ENDLESS, SLOW, Talk, serving_bytes
from toolkit.errors import RemoteError, SlowError
from toolkit.http.hosts import InsecureHosts
from toolkit.http.pace import Pace
from toolkit.http.transport import Body, HttpRequest, Transport

# Seconds that only a hang exceeds.
LONG = 60


@pytest.fixture(autouse=True)
def _one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_REQUEST_TIME", "1")


def transport(**environ: str) -> Transport:
    return Transport(InsecureHosts(frozenset()), environ, pause=lambda _: None)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("talk", SLOW, ids=lambda talk: talk.__name__)
def test_a_slow_answer_ends_in_an_error(talk: Talk, *, stream: bool) -> None:
    began = time.monotonic()
    with serving_bytes(talk) as host, pytest.raises(SlowError) as caught:
        for _ in transport().send(HttpRequest(method="GET", url=f"http://{host}/v2/", stream=stream)).chunks:
            pass
    assert time.monotonic() - began < LONG
    assert host in caught.value.message
    assert "1 seconds" in caught.value.message
    assert "COMP_LIMIT_REQUEST_TIME" in (caught.value.hint or "")


def test_a_slow_reader_ends_in_an_error() -> None:
    def chunks() -> Iterator[bytes]:
        while True:
            yield bytes(1 << 20)

    body = Body(size=1 << 40, chunks=chunks)
    with serving_bytes(servers.reads_slowly) as host, pytest.raises(SlowError, match=r"less than 1.0 kB/s over 1 sec"):
        transport().send(HttpRequest(method="PUT", url=f"http://{host}/v2/", body=body))


def test_a_slow_answer_to_an_upload_ends_in_an_error() -> None:
    with serving_bytes(servers.stays_silent) as host, pytest.raises(SlowError, match="gave no whole answer within 1"):
        transport().send(HttpRequest(method="PUT", url=f"http://{host}/v2/", body=b"x" * 100))


def test_what_makes_a_body_may_send_requests_meanwhile() -> None:
    """A layer of the base is fetched while it is pushed: the push keeps its own time."""
    sender = transport()

    def chunks() -> Iterator[bytes]:
        with pytest.raises(RemoteError):
            sender.send(HttpRequest(method="GET", url="http://127.0.0.1:1/", attempts=1))
        yield bytes(100)

    body = Body(size=100, chunks=chunks)
    with serving_bytes(servers.stays_silent) as host, pytest.raises(SlowError, match="gave no whole answer within 1"):
        sender.send(HttpRequest(method="PUT", url=f"http://{host}/v2/", body=body))


def test_a_slow_proxy_is_named() -> None:
    with serving_bytes(servers.stays_silent) as host, pytest.raises(SlowError, match=f"through the proxy {host}"):
        transport(HTTP_PROXY=f"http://ann:word@{host}").send(HttpRequest(method="GET", url="http://far.example/"))


def test_a_slow_tunnel_is_named() -> None:
    with serving_bytes(servers.drips_headers) as host, pytest.raises(SlowError, match=f"through the proxy {host}"):
        transport(HTTPS_PROXY=f"http://{host}").send(HttpRequest(method="GET", url="https://far.example/"))


def test_tls_is_held_to_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    import ssl

    made = make_certificates(tmp_path_factory.mktemp("certificates"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)

    def talk(connection: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            servers.drips_body(secure, over)

    with serving_bytes(talk) as host, pytest.raises(SlowError, match=host):
        transport(SSL_CERT_FILE=str(made.authority)).send(HttpRequest(method="GET", url=f"https://{host}/"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("talk", ENDLESS, ids=lambda talk: talk.__name__)
def test_an_answer_without_end_is_an_invalid_one(talk: Talk, monkeypatch: pytest.MonkeyPatch, *, stream: bool) -> None:
    monkeypatch.setenv("COMP_LIMIT_REQUEST_TIME", "1000")
    with serving_bytes(talk) as host, pytest.raises(RemoteError, match=f"{host}") as caught:
        for _ in transport().send(HttpRequest(method="GET", url=f"http://{host}/v2/", stream=stream)).chunks:
            pass
    assert not isinstance(caught.value, SlowError)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def pair() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


def spend(pace: Pace, clock: Clock, connection: socket.socket, seconds: float) -> None:
    with pace.waiting(connection):
        clock.now += seconds


@pytest.mark.parametrize("move", [lambda pace: pace.sent(1000), lambda pace: pace.received(1000)])
def test_a_request_that_transfers_nothing_has_one_deadline(move: Callable[[Pace], None], pair: socket.socket) -> None:
    clock = Clock()
    pace = Pace(seconds=10, clock=clock)
    for _ in range(10):
        spend(pace, clock, pair, 1)
        move(pace)
        with pace.turn():
            pass
    with pytest.raises(TimeoutError):
        spend(pace, clock, pair, 1)
    assert pace.expired


def test_a_transfer_that_moves_goes_on_and_one_that_halts_does_not(pair: socket.socket) -> None:
    clock = Clock()
    pace = Pace(streamed=True, seconds=10, clock=clock)
    for _ in range(100):
        spend(pace, clock, pair, 5)
        pace.received(5_000)
    spend(pace, clock, pair, 9)
    pace.received(4_999)
    spend(pace, clock, pair, 1)
    with pytest.raises(TimeoutError):
        spend(pace, clock, pair, 1)


def test_time_between_reads_does_not_count(pair: socket.socket) -> None:
    clock = Clock()
    pace = Pace(streamed=True, seconds=10, clock=clock)
    for _ in range(5):
        clock.now += 1000
        spend(pace, clock, pair, 1)
    assert pair.gettimeout() == pytest.approx(6)
