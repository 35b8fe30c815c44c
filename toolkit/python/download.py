"""Downloads from package indexes into the cache, with the users that uv would name."""

import logging
import os
import stat
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from toolkit import limits
from toolkit.cache import Cache
from toolkit.errors import OutsideError, RemoteError, SlowError
from toolkit.http.answers import error_text
from toolkit.http.hosts import InsecureHosts
from toolkit.progress import Progress, Report
from toolkit.python.index_users import IndexUsers
from toolkit.redaction import without_login

if TYPE_CHECKING:
    from toolkit.http.transport import Answer, Transport

log = logging.getLogger(__name__)

_TRIES = 3
_CHUNK = 1 << 20
_INSECURE = "UV_INSECURE_HOST"


class Downloadable(Protocol):
    """What can be downloaded: its file name, hex sha256, size in bytes where it is known, and address."""

    @property
    def filename(self) -> str: ...  # noqa: D102 (the class says it)
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def size(self) -> int | None: ...  # noqa: D102
    @property
    def url(self) -> str | None: ...  # noqa: D102


def index_transport(environ: Mapping[str, str]) -> "Transport":
    """Make the transport for package indexes: those in plain HTTP are asked too, since every file's hash is known."""
    from toolkit.http.transport import Transport

    return Transport(InsecureHosts.of((), environ, variable=_INSECURE, plain=True), environ)


def download(pin: Downloadable, cache: Cache, report: Report, users: IndexUsers, transport: "Transport") -> None:
    """Put a file into the cache, asking as one of `users`; every byte is verified.

    Raises OutsideError when it cannot be had, is another, or is longer than its size.
    """
    log.debug("fetching %s", pin.filename)
    address = without_login(pin.url or "")
    failures = came = 0

    def arriving(start: int) -> Generator[tuple[int, bytes]]:
        nonlocal came
        for position, chunk in _bounded(address, users, transport, start, pin.filename, pin.size):
            came = position + len(chunk) - start
            report(Progress(task=pin.filename, done=position + len(chunk), total=pin.size))
            yield position, chunk

    while True:
        came = 0
        try:
            cache.fill(pin.sha256, arriving, what=pin.filename)
        except _Broken as error:
            failures = 1 if came >= _CHUNK else failures + 1
            if failures == _TRIES or (error.final and came < _CHUNK):
                raise OutsideError(f"cannot fetch {pin.filename}: {error}", hint=error.hint) from None
        else:
            return


def keep_download(
    address: str, filename: str, cache: Cache, report: Report, users: IndexUsers, transport: "Transport"
) -> str:
    """Put a file into the cache whose hash is not known, and return its hex sha256. Raises as `download` does."""
    address = without_login(address)

    def chunks() -> Iterator[bytes]:
        for position, chunk in _bounded(address, users, transport, 0, filename, None):
            report(Progress(task=filename, done=position + len(chunk), total=None))
            yield chunk

    for left in reversed(range(_TRIES)):
        try:
            return cache.keep_blob(chunks())[0]
        except _Broken as error:
            if not left:
                raise OutsideError(f"cannot fetch {filename}: {error}", hint=error.hint) from None
    raise AssertionError


class _Broken(Exception):  # noqa: N818 (a signal between two functions, not an error anybody sees)
    """The transfer broke off, or was refused; a `final` failure does not change by trying again."""

    def __init__(self, message: str, *, hint: str | None = None, final: bool = False) -> None:
        super().__init__(message)
        self.hint = hint or "check the network; try again"
        self.final = final


def _bounded(
    address: str, users: IndexUsers, transport: "Transport", start: int, filename: str, size: int | None
) -> Iterator[tuple[int, bytes]]:
    """Give a file from byte `start` on, but no more than its `size`, or than any file may have.

    Raises CompError for a larger one, as soon as that shows.
    """
    local = address.startswith("file:")
    for position, chunk in _file(address) if local else _remote(address, users, transport, start):
        end = position + len(chunk)
        if size is not None and end > size:
            raise OutsideError(
                f"{filename} is longer than the {size} bytes that the index promised",
                hint="the server, or something between here and it, is at fault",
            )
        if size is None:
            limits.PACKAGE_SIZE.check(end, filename)
        yield position, chunk


def _file(address: str) -> Iterator[tuple[int, bytes]]:
    position, path = 0, unquote(urlsplit(address).path)
    try:
        # Without O_NONBLOCK a named pipe waits for a writer for ever.
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


def _remote(address: str, users: IndexUsers, transport: "Transport", start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Give a file from byte `start` on, each chunk with where it begins; from 0 if the server does not go on."""
    from toolkit.http.transport import Request

    headers = users.headers(address) | ({"Range": f"bytes={start}-"} if start else {})
    try:
        answer = transport.send(Request(method="GET", url=address, headers=headers, stream=True))
        # RFC 9110, sections 14.4 and 15.5.17.
        again = bool(start) and answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        if not again:
            with closing(answer.chunks) as chunks:
                start = _beginning(answer, start)
                for chunk in chunks:
                    yield start, chunk
                    start += len(chunk)
    except RemoteError as error:
        raise _Broken(error.message, hint=error.hint, final=isinstance(error, SlowError)) from error
    if again:
        yield from _remote(address, users, transport)


def _beginning(answer: "Answer", start: int) -> int:
    """Say from which byte on the body is, of what was asked for from `start` on. Raises _Broken for any other."""
    if answer.status == HTTPStatus.OK:
        return 0
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise _Broken("the server answered with another part than was asked for")
        return start
    refused = answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    advice = "UV_INDEX_URL=https://USER:PASSWORD@HOST/… or ~/.netrc can name a user" if refused else None
    detail = error_text(answer.body)
    through = f", through the proxy {answer.proxy}" if answer.proxy else ""
    server = urlsplit(answer.url).netloc
    raise _Broken(f"{server} answered {answer.status}{through}{f': {detail}' if detail else ''}", hint=advice)
