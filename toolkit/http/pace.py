"""How long a server may take: a deadline for each request, a least rate for each transfer.

Time counts while this waits for the network, and not while the bytes are used or made: a slow disk is not a slow
server. It is checked at every read and write of a socket, so a byte now and then does not keep a request alive.
"""

import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from toolkit.limits import REQUEST_TIME, TRANSFER_RATE

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_PIECE = 1 << 16
# Bytes of an answer's head, and of what is received before any of it can be used: more than any server needs.
_LARGEST_HEAD, _MOST_HELD = 1 << 20, 64 << 20


class Pace:
    """What is left of the time of one request, with its redirects and further tries.

    A request that transfers something gets its time anew whenever it moved as much as the least rate wants in that
    time: if it is `sending`, or the answer is `streamed`. What was sent is answered within the time, counted anew.
    """

    def __init__(
        self,
        *,
        sending: bool = False,
        streamed: bool = False,
        seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds or REQUEST_TIME.value
        self.expired = False
        self.transferring = sending or streamed
        self._sending = sending
        self._streamed = streamed
        self._clock = clock
        self.overrun = False
        self._heading = False
        self._waited = 0.0
        self._moved = self._held = 0

    @contextmanager
    def waiting(self, connection: socket.socket) -> Iterator[None]:
        """Wait for a socket, for as long as there is time. Raises TimeoutError at its end."""
        left = self.seconds - self._waited
        if left <= 0:
            self.expired = True
            raise TimeoutError("no time is left")
        connection.settimeout(left)
        began = self._clock()
        try:
            yield
        except TimeoutError:
            self.expired = True
            raise
        finally:
            self._waited += self._clock() - began

    def sent(self, count: int) -> None:
        """Count bytes that a server took."""
        if self._sending:
            self._count(count)

    def received(self, count: int) -> None:
        """Count bytes that a server gave. Raises OSError when they are too many for what they are."""
        self._held += count
        if self._held > (_LARGEST_HEAD if self._heading else _MOST_HELD):
            self.overrun = True
            raise OSError(errno.EMSGSIZE, "the answer has no end")
        if self._streamed and not self._heading:
            self._count(count)

    def used(self) -> None:
        """Note that what was received has been passed on."""
        self._held = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the head of the answer to what was sent, while the block runs."""
        self.transferring = self._streamed
        self._held = 0
        if self._sending:
            self._begin()
        self._heading = True
        try:
            yield
        finally:
            self._heading = False

    def _begin(self) -> None:
        self._waited, self._moved = 0.0, 0

    def _count(self, count: int) -> None:
        self._moved += count
        if self._moved >= self.seconds * TRANSFER_RATE.value:
            self._begin()


class PacedSocket(socket.socket):
    """A socket that keeps to a pace; without one it behaves as any other."""

    pace: Pace | None = None

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """Receive, as long as there is time."""
        with _waiting(self, self.pace):
            count = super().recv_into(buffer, nbytes, flags)
        return _received(self.pace, count)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive, as long as there is time."""
        with _waiting(self, self.pace):
            data = super().recv(bufsize, flags)
        _received(self.pace, len(data))
        return data

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send piece by piece, as long as there is time."""
        for piece in _pieces(data):
            with _waiting(self, self.pace):
                super().sendall(piece, flags)
            _sent(self.pace, len(piece))


class PacedTls(ssl.SSLSocket):
    """The same for TLS; `SSLContext.sslsocket_class` is how it is chosen."""

    pace: Pace | None = None

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        """Receive, as long as there is time."""
        with _waiting(self, self.pace):
            count = super().recv_into(buffer, nbytes, flags)
        return _received(self.pace, count)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive, as long as there is time."""
        with _waiting(self, self.pace):
            data = super().recv(buflen, flags)
        _received(self.pace, len(data))
        return data

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send piece by piece, as long as there is time."""
        for piece in _pieces(data):
            with _waiting(self, self.pace):
                super().sendall(piece, flags)
            _sent(self.pace, len(piece))


def paced(plain: socket.socket) -> PacedSocket:
    """Turn a connected socket into one that can keep to a pace."""
    timeout = plain.gettimeout()
    made = PacedSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
    made.settimeout(timeout)
    return made


class Current(threading.local):
    """The pace of the request that a thread is sending, for the connection that takes it on."""

    pace: Pace | None = None


def _waiting(connection: socket.socket, pace: Pace | None) -> AbstractContextManager[None]:
    return nullcontext() if pace is None else pace.waiting(connection)


def _received(pace: Pace | None, count: int) -> int:
    if pace:
        pace.received(count)
    return count


def _sent(pace: Pace | None, count: int) -> None:
    if pace:
        pace.sent(count)


def _pieces(data: "ReadableBuffer") -> Iterator[memoryview]:
    whole = memoryview(data).cast("B")
    return (whole[start : start + _PIECE] for start in range(0, len(whole), _PIECE))
