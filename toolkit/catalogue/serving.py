"""Serve a catalogue on loopback, and say in an event stream when it was built again.

The server answers only requests that name this machine, so that a web site cannot read it by a name of its own that
leads here (DNS rebinding), and only with files of the catalogue's folder.
"""

import logging
import mimetypes
import posixpath
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from toolkit.errors import OutsideError

log = logging.getLogger(__name__)

CHANGES = "/-/changes"
HOST = "127.0.0.1"
# Browsers that wait for changes at the same time.
_MOST_WAITING = 64
# Seconds after which a waiting browser gets a sign of life, which finds those that are gone.
_BEAT = 15.0
# Seconds that a request may take to arrive.
_PATIENCE = 30
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
_TEXT = {".yaml", ".yml", ".txt", ".md"}


class Changes:
    """The number of the newest build, and those that wait for the next one."""

    def __init__(self) -> None:
        self._number = 0
        self._waiting = 0
        self._ended = False
        self._condition = threading.Condition()

    @property
    def number(self) -> int:
        """The number of the newest build."""
        return self._number

    def announce(self) -> None:
        """Say that the catalogue was built again."""
        with self._condition:
            self._number += 1
            self._condition.notify_all()

    def end(self) -> None:
        """Let everything that waits go."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def follow(self) -> Iterator[int | None]:
        """Yield the number of the newest build, then each new one; None as a sign of life. Ends if too many wait."""
        with self._condition:
            if self._waiting >= _MOST_WAITING:
                return
            self._waiting += 1
        try:
            # Kept before it is given away: a build may end while it is sent.
            seen = self._number
            yield seen
            while not self._ended:
                with self._condition:
                    self._condition.wait_for(lambda: self._ended or self._number != seen, timeout=_BEAT)  # noqa: B023 (called at once)
                    new = self._number if self._number != seen else None
                    seen = self._number
                if not self._ended:
                    yield new
        finally:
            with self._condition:
                self._waiting -= 1


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; the server has the folder."""

    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    server: "_Server"
    # Says neither which program nor which Python answers.
    server_version, sys_version = "comp", ""

    def do_GET(self) -> None:
        """Answer with a file, or with the stream of changes."""
        if not self._is_for_this_machine():
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        elif urlsplit(self.path).path == CHANGES:
            self._stream()
        else:
            self._file()

    def do_HEAD(self) -> None:
        """Answer as for GET, without the content."""
        self.do_GET()

    def _is_for_this_machine(self) -> bool:
        """Return whether the request names this server by an address or name that only this machine has."""
        port = self.server.server_port
        return self.headers.get("Host") in {f"{name}:{port}" for name in (HOST, "localhost")}

    def _file(self) -> None:
        """Answer with a file of the catalogue."""
        path = self.server.file_at(urlsplit(self.path).path)
        try:
            content = path.read_bytes() if path else None
        except OSError:
            content = None
        if path is None or content is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        self._begin(HTTPStatus.OK, _type_of(path), len(content))
        if self.command != "HEAD":
            self.wfile.write(content)

    def _stream(self) -> None:
        """Send the number of each new build, as an event stream of HTML (server-sent events)."""
        self.close_connection = True
        self._begin(HTTPStatus.OK, "text/event-stream", None)
        if self.command == "HEAD":
            return
        # The browser has left the page.
        with suppress(OSError):
            for number in self.server.changes.follow():
                self.wfile.write(b":\n\n" if number is None else f"data: {number}\n\n".encode())
                self.wfile.flush()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer with an error."""
        content = f"{status} {status.phrase}\n".encode()
        self._begin(status, "text/plain; charset=utf-8", len(content))
        if self.command != "HEAD":
            self.wfile.write(content)

    def _begin(self, status: HTTPStatus, type_: str, length: int | None) -> None:
        """Send the status and the headers; `length` is None for a stream."""
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        # A page's own policy cannot say this.
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        # A page learns by it which build it is of (Server-Timing, W3C).
        self.send_header("Server-Timing", f'build;desc="{self.server.changes.number}"')
        if length is not None:
            self.send_header("Content-Length", str(length))
        else:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 (as in the standard library)
        """Log requests for debugging alone."""
        log.debug(format, *values)


class _Server(ThreadingHTTPServer):
    """A server of one folder, on loopback alone."""

    daemon_threads = True

    def __init__(self, root: Path, port: int, changes: Changes) -> None:
        self.root = root.resolve()
        self.changes = changes
        super().__init__((HOST, port), _Handler)

    def file_at(self, address: str) -> Path | None:
        """Return the file that an address names; None for anything hidden, missing or outside of the folder."""
        parts = [part for part in unquote(address, errors="replace").split("/") if part]
        if any(part.startswith(".") or "\0" in part or "\\" in part for part in parts):
            return None
        path = self.root.joinpath(*parts) if parts else self.root / "index.html"
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError):
            return None
        return resolved if resolved.is_relative_to(self.root) and resolved.is_file() else None

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what a request failed with; browsers break connections all the time."""
        del request, client_address
        log.debug("a request failed: %r", sys.exception())


@contextmanager
def serving(root: Path, port: int, changes: Changes) -> Iterator[str]:
    """Serve a folder while the block runs, and return the address of its pages; port 0 takes a free one.

    Raises OutsideError if the port is taken.
    """
    try:
        server = _Server(root, port, changes)
    except OSError as error:
        raise OutsideError(
            f"cannot listen on {HOST}:{port}: {error.strerror}", hint="choose another port with --port, or 0 for any"
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        changes.end()
        server.shutdown()
        server.server_close()
        thread.join()


def _type_of(path: Path) -> str:
    """Return the content type of a file; contracts are shown as text."""
    if path.suffix in _TEXT:
        return "text/plain; charset=utf-8"
    type_ = _TYPES.get(path.suffix) or mimetypes.guess_type(posixpath.basename(path))[0] or "application/octet-stream"
    return f"{type_}; charset=utf-8" if type_.startswith(("text/", "application/json")) else type_
