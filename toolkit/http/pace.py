"""Time limits of requests: a deadline for each, a least rate for each transfer.

Only time spent waiting for the network counts, not time in which the bytes are used or made: a slow disk is not a slow
server. Every read and write of a socket checks it, so a byte now and then does not keep a request alive.
"""

import errno
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from toolkit.limits import REQUEST_TIME, TRANSFER_RATE

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_PIECE = 1 << 16
# Bytes of an answer's head, and bytes received before any of them can be used: more than any server needs.
_LARGEST_HEAD, _MOST_HELD = 1 << 20, 64 << 20


class Pace:
    """The time left for one request, with its redirects and further tries.

    A request that transfers something (it is `sending`, or its answer is `streamed`) gets its whole time again each
    time it has moved as many bytes as the least rate demands of that time. The answer to a sent body begins anew too.
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
        # Libraries wrap the errors of a socket in their own; these two flags keep the cause.
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
        """Wait for a socket while the block runs. Raises TimeoutError when no time is left."""
        left = self.seconds - self._waited
        if left <= 0:
            self.expired = True
            raise TimeoutError("no time is left")
        # One call can wait this long at most, so the deadline holds even if nothing arrives.
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
        """Count bytes that the server took."""
        if self._sending:
            self._count(count)

    def received(self, count: int) -> None:
        """Count bytes that the server gave. Raises OSError if a head, or unused bytes, become too many."""
        self._held += count
        if self._held > (_LARGEST_HEAD if self._heading else _MOST_HELD):
            self.overrun = True
            raise OSError(errno.EMSGSIZE, "the answer has no end")
        if self._streamed and not self._heading:
            self._count(count)

    def used(self) -> None:
        """Note that all received bytes have been used."""
        self._held = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Expect the head of the answer while the block runs, after the request was sent."""
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
        """Give the request its whole time again."""
        self._waited, self._moved = 0.0, 0

    def _count(self, count: int) -> None:
        """Count bytes of the transfer, and begin anew once they are enough for the least rate."""
        self._moved += count
        if self._moved >= self.seconds * TRANSFER_RATE.value:
            self._begin()


class PacedSocket(socket.socket):
    """A socket that keeps to a pace, if it has one."""

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
    """The same for TLS: set it as `SSLContext.sslsocket_class`."""

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
    """Return a connected socket as one that can keep to a pace."""
    # A new socket object has the process's default time limit, and `detach` leaves the connection open.
    timeout = plain.gettimeout()
    connection = PacedSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
    connection.settimeout(timeout)
    return connection


def _waiting(connection: socket.socket, pace: Pace | None) -> AbstractContextManager[None]:
    """Return the context in which a socket waits, without a limit if there is no pace."""
    return nullcontext() if pace is None else pace.waiting(connection)


def _received(pace: Pace | None, count: int) -> int:
    """Count bytes that arrived, and return their number."""
    if pace:
        pace.received(count)
    return count


def _sent(pace: Pace | None, count: int) -> None:
    """Count bytes that were sent."""
    if pace:
        pace.sent(count)


def _pieces(data: "ReadableBuffer") -> Iterator[memoryview]:
    """Return the parts of what to send, so that a slow transfer is seen to move."""
    whole = memoryview(data).cast("B")
    return (whole[start : start + _PIECE] for start in range(0, len(whole), _PIECE))
