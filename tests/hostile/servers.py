"""Servers that misbehave: they answer slowly, without end, or with data that no parser accepts."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Talk = Callable[[socket.socket, threading.Event], None]

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
_EVERY = 0.05


@contextmanager
def serving_bytes(talk: Talk) -> Iterator[str]:
    """Listen on a free port of this machine and let `talk` handle each connection in a thread; give HOST:PORT.

    The event is set at the end, so that a server without an end has one.
    """
    over = threading.Event()
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection, over)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=handle, args=(connection,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def request_head(connection: socket.socket) -> bytes:
    """Read the head of a request."""
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(1)):
        head += more
    return head


def request_line(connection: socket.socket) -> bytes:
    """Read the head of a request, and give its first line."""
    return request_head(connection).partition(b"\r\n")[0]


def drip(connection: socket.socket, over: threading.Event, first: bytes, then: bytes) -> None:
    """Send `first`, then `then` again and again, a byte at a time, until the end."""
    connection.sendall(first)
    while not over.is_set():
        for byte in then:
            connection.sendall(bytes([byte]))
            if over.wait(_EVERY):
                return


def drips_status(connection: socket.socket, over: threading.Event) -> None:
    """Begin a status line that does not end."""
    request_line(connection)
    drip(connection, over, b"HTTP/1.1 200 ", b"O")


def drips_headers(connection: socket.socket, over: threading.Event) -> None:
    """Begin headers that do not end."""
    request_line(connection)
    drip(connection, over, _HEAD + b"X-Long: ", b"x")


def drips_body(connection: socket.socket, over: threading.Event) -> None:
    """Promise a body of a megabyte and send a byte now and then."""
    request_line(connection)
    drip(connection, over, _HEAD + b"Content-Length: 1000000\r\n\r\n", b"x")


def drips_chunks(connection: socket.socket, over: threading.Event) -> None:
    """Send chunks of one byte without end."""
    request_line(connection)
    drip(connection, over, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")


def stays_silent(connection: socket.socket, over: threading.Event) -> None:
    """Take the request and stay silent."""
    request_line(connection)
    over.wait()


def reads_slowly(connection: socket.socket, over: threading.Event) -> None:
    """Read what is sent a byte at a time."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    while not over.wait(_EVERY) and connection.recv(1):
        pass


SLOW: tuple[Talk, ...] = (drips_status, drips_headers, drips_body, drips_chunks, stays_silent)


def flood(connection: socket.socket, over: threading.Event, first: bytes, then: bytes) -> None:
    """Send `first`, then `then` again and again, as fast as it is taken."""
    request_line(connection)
    connection.sendall(first)
    while not over.is_set():
        connection.sendall(then * 1000)


def continues(connection: socket.socket, over: threading.Event) -> None:
    """Say that the client may go on, for ever."""
    flood(connection, over, b"", b"HTTP/1.1 100 Continue\r\n\r\n")


def has_many_headers(connection: socket.socket, over: threading.Event) -> None:
    """Send headers without end."""
    flood(connection, over, _HEAD, b"X-More: x\r\n")


def has_long_header(connection: socket.socket, over: threading.Event) -> None:
    """Send a header without end."""
    flood(connection, over, _HEAD + b"X-Long: ", b"x")


def has_long_status(connection: socket.socket, over: threading.Event) -> None:
    """Send a status line without end."""
    flood(connection, over, b"HTTP/1.1 200 ", b"O")


def has_long_chunk_size(connection: socket.socket, over: threading.Event) -> None:
    """Send the size of a chunk without end."""
    flood(connection, over, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x")


ENDLESS: tuple[Talk, ...] = (continues, has_many_headers, has_long_header, has_long_status, has_long_chunk_size)
