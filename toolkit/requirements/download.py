"""Downloads from package indexes into the cache, with the same credentials as uv."""

import logging
import os
import stat
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from toolkit import limits
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError, RemoteError, SlowError
from toolkit.http.answers import error_text
from toolkit.http.hosts import InsecureHosts
from toolkit.progress import Progress, Report
from toolkit.redaction import without_login

if TYPE_CHECKING:
    from toolkit.http.transport import Answer, Transport

log = logging.getLogger(__name__)

_TRIES = 3
_CHUNK = 1 << 20
# uv's variable, since uv has to reach the same servers.
_INSECURE = "UV_INSECURE_HOST"


class Downloadable(Protocol):
    """A file to download: its name, digest, size in bytes if it is known, and address."""

    @property
    def filename(self) -> str: ...  # noqa: D102 (the class says it)
    @property
    def digest(self) -> Digest: ...  # noqa: D102
    @property
    def size(self) -> int | None: ...  # noqa: D102
    @property
    def url(self) -> str | None: ...  # noqa: D102


class Users(Protocol):
    """The users for servers of files, and what to do where one is missing."""

    @property
    def advice(self) -> str: ...  # noqa: D102 (the class says it)
    def headers(self, address: str) -> dict[str, str]: ...  # noqa: D102


def index_transport(environ: Mapping[str, str]) -> "Transport":
    """Return the transport for package indexes: plain HTTP is allowed, since the digest of every file is known."""
    from toolkit.http.transport import Transport

    return Transport(InsecureHosts.of(environ, variable=_INSECURE, plain=True), environ)


def download(pin: Downloadable, cache: Cache, report: Report, users: Users, transport: "Transport") -> None:
    """Put a file into the cache, with the credentials of `users`; every byte is verified.

    Raises OutsideError if it cannot be downloaded, has another digest, or is longer than its size.
    """
    log.debug("fetching %s", pin.filename)
    # The users of indexes are looked up for each request, and errors may name the address.
    address = without_login(pin.url or "")
    failures = arrived = 0

    def arriving(start: int) -> Generator[tuple[int, bytes]]:
        """Yield the file from `start` on, and report the progress."""
        nonlocal arrived
        for position, chunk in _bounded(address, users, transport, start, pin.filename, pin.size):
            arrived = position + len(chunk) - start
            report(Progress(task=pin.filename, done=position + len(chunk), total=pin.size))
            yield position, chunk

    while True:
        arrived = 0
        try:
            cache.fill(pin.digest, arriving, what=pin.filename)
        except _Broken as error:
            # A transfer that gets ahead is continued as often as it breaks.
            failures = 1 if arrived >= _CHUNK else failures + 1
            if failures == _TRIES or (error.final and arrived < _CHUNK):
                raise OutsideError(f"cannot fetch {pin.filename}: {error}", hint=error.hint) from None
        else:
            return


def keep_download(
    address: str, filename: str, cache: Cache, report: Report, users: Users, transport: "Transport"
) -> Digest:
    """Put a file into the cache whose digest is not known, and return that. Raises as `download` does."""
    address = without_login(address)

    def chunks() -> Iterator[bytes]:
        """Yield the file, and report the progress."""
        for position, chunk in _bounded(address, users, transport, 0, filename, None):
            report(Progress(task=filename, done=position + len(chunk), total=None))
            yield chunk

    # From the beginning each time: without a digest, the parts of two tries need not be of one file.
    for left in reversed(range(_TRIES)):
        try:
            return cache.store(chunks())[0]
        except _Broken as error:
            if not left:
                raise OutsideError(f"cannot fetch {filename}: {error}", hint=error.hint) from None
    # The last try returns or raises.
    raise AssertionError


class _Broken(Exception):  # noqa: N818 (a signal between two functions, which users never see)
    """The transfer broke, or was refused; another try does not help against a `final` failure."""

    def __init__(self, message: str, *, hint: str | None = None, final: bool = False) -> None:
        super().__init__(message)
        self.hint = hint or "check the network; try again"
        self.final = final


def _bounded(
    address: str, users: Users, transport: "Transport", start: int, filename: str, size: int | None
) -> Iterator[tuple[int, bytes]]:
    """Yield a file from byte `start` on, up to its `size`, or to the limit of any package.

    Raises CompError for a larger one, at the first byte beyond.
    """
    local = address.startswith("file:")
    for position, chunk in _local(address) if local else _remote(address, users, transport, start):
        end = position + len(chunk)
        # At once, and not by the digest at the end: a server may send without end.
        if size is not None and end > size:
            raise OutsideError(
                f"{filename} is longer than the {size} bytes that the index promised",
                hint="the server, or something between here and it, is at fault",
            )
        if size is None:
            limits.PACKAGE_SIZE.check(end, filename)
        yield position, chunk


def _local(address: str) -> Iterator[tuple[int, bytes]]:
    """Yield a file on this disk. Raises OutsideError unless it is a regular file."""
    position, path = 0, unquote(urlsplit(address).path)
    try:
        # Without O_NONBLOCK, opening a named pipe waits for a writer forever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OutsideError(f"{path} is not a regular file", hint="correct the address, or the index that names it")
        with os.fdopen(descriptor, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield position, chunk
                position += len(chunk)
    except OSError as error:
        raise _Broken(str(error)) from error


def _remote(address: str, users: Users, transport: "Transport", start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield a file from byte `start` on, each chunk with its position; from 0 if the server gives no parts."""
    from toolkit.http.transport import HttpRequest

    headers = users.headers(address) | ({"Range": f"bytes={start}-"} if start else {})
    try:
        answer = transport.send(HttpRequest(method="GET", url=address, headers=headers, stream=True))
        # RFC 9110, sections 14.4 and 15.5.17.
        # The earlier part is longer than the file, which was replaced by a shorter one: take it from the beginning.
        again = bool(start) and answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        if not again:
            with closing(answer.chunks) as chunks:
                start = _beginning(answer, start, users)
                for chunk in chunks:
                    yield start, chunk
                    start += len(chunk)
    except RemoteError as error:
        raise _Broken(error.message, hint=error.hint, final=isinstance(error, SlowError)) from error
    if again:
        yield from _remote(address, users, transport)


def _beginning(answer: "Answer", start: int, users: Users) -> int:
    """Return the position of a body that was requested from `start` on. Raises _Broken for an error status."""
    if answer.status == HTTPStatus.OK:
        return 0
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        # Else bytes of another place would be appended, and found only by the digest.
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise _Broken("the server answered with another part than requested")
        return start
    refused = answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    advice = users.advice if refused else None
    detail = error_text(answer.body)
    through = f", through the proxy {answer.proxy}" if answer.proxy else ""
    server = urlsplit(answer.url).netloc
    raise _Broken(f"{server} answered {answer.status}{through}{f': {detail}' if detail else ''}", hint=advice)
