"""Connections of urllib3 whose sockets keep to the pace of the request that they carry.

The only module that imports urllib3's classes at its top: import it where it is used.
"""

import socket
from contextlib import nullcontext
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from toolkit.http.pace import Current, PacedSocket, PacedTls, paced

current = Current()


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        made = paced(super()._new_conn())
        _with_pace(made)
        return made

    def request(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 (as urllib3's)
        _with_pace(self.sock)
        super().request(*arguments, **named)

    def getresponse(self) -> Any:  # noqa: ANN401 (as urllib3's)
        return _answer(super().getresponse)


class _Tls(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        made = paced(super()._new_conn())
        _with_pace(made)
        return made

    def connect(self) -> None:
        super().connect()
        _with_pace(self.sock)

    def request(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 (as urllib3's)
        _with_pace(self.sock)
        super().request(*arguments, **named)

    def getresponse(self) -> Any:  # noqa: ANN401 (as urllib3's)
        return _answer(super().getresponse)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


def with_pace(manager: PoolManager) -> PoolManager:
    """Let a manager make connections that keep to `current.pace`."""
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    return manager


def _with_pace(connection: object) -> None:
    """Bind a socket to the pace of the request; urllib3's own kind, for TLS within TLS, has its own time limits."""
    if isinstance(connection, PacedSocket | PacedTls):
        connection.pace = current.pace


def _answer(wait: Any) -> BaseHTTPResponse:  # noqa: ANN401 (a bound method)
    with current.pace.turn() if current.pace else nullcontext():
        response: BaseHTTPResponse = wait()
    return response
