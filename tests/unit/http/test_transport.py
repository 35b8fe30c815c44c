"""One request and its answer: redirects, retries, bounds, and what goes where."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.hostile.servers import request_head, serving_bytes
from toolkit.errors import OutsideError, RemoteError
from toolkit.http import transport as module
from toolkit.http.hosts import InsecureHosts
from toolkit.http.transport import Answer, Body, HttpRequest, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def transport(pauses: list[float]) -> Transport:
    return Transport(InsecureHosts.of({}), {}, pause=pauses.append)


def answering(heads: list[bytes], *answers: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Give one answer a connection, in order, and note the heads of the requests."""
    left = iter(answers)

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heads.append(request_head(connection))
        connection.sendall(next(left).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))

    return talk


def get(transport: Transport, url: str, **options: object) -> Answer:
    return transport.send(HttpRequest(method="GET", url=url, **options))  # type: ignore[arg-type]


def moved(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def test_an_answer_says_where_it_came_from(transport: Transport) -> None:
    with serving_bytes(answering([], moved("/b?x=1"), OK)) as host:
        answer = get(transport, f"http://{host}/a")
        assert (answer.status, answer.body, answer.url, answer.attempts) == (200, b"ok", f"http://{host}/b?x=1", 1)
        assert (answer.headers["content-length"], answer.proxy) == ("2", None)


def test_authorization_stays_with_its_server(transport: Transport) -> None:
    own: list[bytes] = []
    other: list[bytes] = []
    with serving_bytes(answering(other, OK)) as elsewhere:
        talk = answering(own, moved("/again"), moved(f"http://{elsewhere}/x"))
        with serving_bytes(talk) as host:
            get(transport, f"http://{host}/", headers={"Authorization": "Basic x", "X-Else": "kept"})
    assert [b"Authorization: Basic x" in head for head in own] == [True, True]
    assert b"Authorization" not in other[0]
    assert b"X-Else: kept" in other[0]


def test_a_redirect_can_be_left_alone(transport: Transport) -> None:
    with serving_bytes(answering([], moved("/b"), moved("/c"))) as host:
        assert get(transport, f"http://{host}/", follow=False).status == 302
        assert transport.once(HttpRequest(method="GET", url=f"http://{host}/")).status == 302


@pytest.mark.parametrize(("status", "followed"), [(302, False), (307, True), (308, True)])
def test_a_body_goes_on_only_if_its_method_is_kept(transport: Transport, status: int, *, followed: bool) -> None:
    with serving_bytes(answering([], moved("/b", status), OK)) as host:
        request = HttpRequest(method="PUT", url=f"http://{host}/", body=b"")
        assert (transport.send(request).status == 200) is followed


def test_a_redirect_to_a_stranger_has_to_be_encrypted(transport: Transport) -> None:
    with (
        serving_bytes(answering([], moved("http://registry.example.com/"))) as host,
        pytest.raises(OutsideError, match=r"points to http://registry.example.com, which is not encrypted"),
    ):
        get(transport, f"http://{host}/")


def test_redirects_end(transport: Transport) -> None:
    with (
        serving_bytes(answering([], *[moved("/")] * 9)) as host,
        pytest.raises(RemoteError, match="redirects without end"),
    ):
        get(transport, f"http://{host}/")


def test_a_busy_server_is_asked_again(transport: Transport, pauses: list[float]) -> None:
    with serving_bytes(answering([], BUSY, OK)) as host:
        answer = get(transport, f"http://{host}/")
    assert (answer.status, answer.attempts, pauses) == (200, 2, [7])


def test_the_last_answer_counts_whatever_it_is(transport: Transport, pauses: list[float]) -> None:
    with serving_bytes(answering([], BUSY, BUSY)) as host:
        assert get(transport, f"http://{host}/", attempts=2).status == 503
        assert len(pauses) == 1


def test_a_request_with_a_restart_is_sent_to_the_new_place(transport: Transport) -> None:
    heads: list[bytes] = []
    with serving_bytes(answering(heads, GONE, OK)) as host:
        answer = get(transport, f"http://{host}/old", restart=lambda: f"http://{host}/new")
    assert answer.status == 200
    assert [head.split()[1] for head in heads] == [b"/old", b"/new"]


def test_a_body_is_made_anew_for_each_try(transport: Transport) -> None:
    made = 0

    def chunks() -> Iterator[bytes]:
        nonlocal made
        made += 1
        yield b"body"

    heads: list[bytes] = []
    with serving_bytes(answering(heads, BUSY, OK)) as host:
        transport.send(HttpRequest(method="PUT", url=f"http://{host}/", body=Body(size=4, chunks=chunks)))
    assert made == 2
    assert all(b"Content-Length: 4" in head for head in heads)


def test_an_answer_of_too_many_bytes_is_refused(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BODY", 1)
    with serving_bytes(answering([], OK)) as host, pytest.raises(RemoteError, match="is longer than 1 B"):
        get(transport, f"http://{host}/")


def test_a_streamed_body_may_be_long(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BODY", 1)
    with serving_bytes(answering([], OK)) as host:
        assert b"".join(get(transport, f"http://{host}/", stream=True).chunks) == b"ok"


def test_a_streamed_body_that_breaks_is_an_error(transport: Transport) -> None:
    with serving_bytes(answering([], OK.replace(b": 2", b": 9"))) as host:
        answer = get(transport, f"http://{host}/", stream=True)
        with pytest.raises(RemoteError, match=f"the connection to {host} broke"):
            list(answer.chunks)
