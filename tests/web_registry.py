"""A web server with a registry's folder, which notes what it is asked for and misbehaves on request."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

from msgspec import Struct, field

from toolkit.registry.place import Place, parse_place

# Answers a request in a wrong way.
Fault = Callable[["Handler"], None]


class Site(Struct, kw_only=True):
    """A running server: its address, and the paths that it was asked for with the status of each answer.

    `faults` answer requests whose path ends with a text. With a `user`, USER:PASSWORD, every request has to have it;
    with `etags`, answers have one in place of a date.
    """

    address: str = ""
    asked: list[tuple[str, int]] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    user: str | None = None
    etags: bool = False

    @property
    def place(self) -> Place:
        """The place of the registry."""
        return parse_place(self.address)

    def news(self) -> list[tuple[str, int]]:
        """Return the requests since the last call."""
        news, self.asked = self.asked, []
        return news


class Handler(SimpleHTTPRequestHandler):
    """Python's own server of files, with a note of each request."""

    site: ClassVar[Site]

    def do_GET(self) -> None:
        """Answer with a fault, a refusal, or the file."""
        self.site.logins.append(self.headers.get("Authorization"))
        user = self.site.user
        if user and self.headers.get("Authorization") != f"Basic {b64encode(user.encode()).decode()}":
            self.answer(401, b"who are you?")
            return
        for path, fault in self.site.faults.items():
            if self.path.endswith(path):
                fault(self)
                return
        target = Path(self.translate_path(self.path))
        if self.site.etags and target.is_file():
            self._answer_with_etag(target)
            return
        super().do_GET()

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send an answer; a header's name has _ for -, and a Content-Length given here stands."""
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _answer_with_etag(self, target: Path) -> None:
        """Send a file, unless the client has it."""
        body = target.read_bytes()
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        if self.headers.get("If-None-Match") == tag:
            self.answer(304, ETag=tag)
        else:
            self.answer(200, body, ETag=tag)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Note a request and its status."""
        del size
        self.site.asked.append((self.path.lstrip("/"), int(code)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Connections of a client that is done need not be waited for.
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: clients leave when they have seen enough."""


@contextmanager
def serving(folder: Path, *, port: int = 0) -> Iterator[Site]:
    """Serve a folder on loopback until the block ends."""
    site = Site()
    handler = partial(type("OfOneSite", (Handler,), {"site": site}), directory=str(folder))
    with _Server(("127.0.0.1", port), handler) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            with suppress(OSError):
                server.shutdown()
            thread.join()
