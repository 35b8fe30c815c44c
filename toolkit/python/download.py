"""Downloads from package indexes into the cache, with the users that uv would name."""

import logging
import ssl
from collections.abc import Generator, Iterator
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.progress import Progress, Report
from toolkit.python.index_users import IndexUsers
from toolkit.redaction import without_login

if TYPE_CHECKING:
    import urllib3

log = logging.getLogger(__name__)

_TRIES = 3
_CHUNK = 1 << 20
_TIMEOUT = 60.0


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


def download(pin: Downloadable, cache: Cache, report: Report, users: IndexUsers) -> None:
    """Put a file into the cache, asking as one of `users`; every byte is verified.

    Raises OutsideError when it cannot be had, or is another.
    """
    log.debug("fetching %s", pin.filename)
    address = pin.url or ""
    failures = came = 0

    def arriving(start: int) -> Generator[tuple[int, bytes]]:
        nonlocal came
        for position, chunk in _file(address) if address.startswith("file:") else _remote(address, users, start):
            came = position + len(chunk) - start
            report(Progress(task=pin.filename, done=position + len(chunk), total=pin.size))
            yield position, chunk

    while True:
        came = 0
        try:
            cache.fill(pin.sha256, arriving, what=pin.filename)
        except _Broken as error:
            failures = 1 if came >= _CHUNK else failures + 1
            if failures == _TRIES:
                raise OutsideError(
                    f"cannot fetch {pin.filename}: {without_login(str(error))}",
                    hint="check the network; try again",
                ) from None
        else:
            return


class _Broken(Exception):  # noqa: N818 (a signal between two functions, not an error anybody sees)
    """The transfer broke off, or was refused."""


def _file(address: str) -> Iterator[tuple[int, bytes]]:
    position = 0
    try:
        with Path(unquote(urlsplit(address).path)).open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield position, chunk
                position += len(chunk)
    except OSError as error:
        raise _Broken(str(error)) from error


def _remote(address: str, users: IndexUsers, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Give a file from byte `start` on, each chunk with where it begins; from 0 if the server does not go on."""
    import urllib3

    retry = urllib3.Retry(
        total=4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False
    )
    headers = users.headers(address) | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with (
            _pool(address) as pool,
            closing(pool.request("GET", address, preload_content=False, retries=retry, headers=headers)) as response,
        ):
            # RFC 9110, sections 14.4 and 15.5.17.
            again = bool(start) and response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            if not again:
                start = _beginning(response, start)
                for chunk in response.stream(_CHUNK, decode_content=False):
                    yield start, chunk
                    start += len(chunk)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _Broken(f"{type(error).__name__}: {error}") from error
    if again:
        yield from _remote(address, users)


def _beginning(response: "urllib3.BaseHTTPResponse", start: int) -> int:
    """Say from which byte on the body is, of what was asked for from `start` on. Raises _Broken for any other."""
    if response.status == HTTPStatus.OK:
        return 0
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise _Broken("the server answered with another part than was asked for")
        return start
    refused = response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    advice = "; UV_INDEX_URL=https://USER:PASSWORD@HOST/… or ~/.netrc can name a user" if refused else ""
    raise _Broken(f"the server answered {response.status}{advice}")


def _pool(address: str) -> "urllib3.PoolManager":
    from urllib.request import getproxies, proxy_bypass

    import urllib3

    parts = urlsplit(address)
    context = ssl.create_default_context()
    timeout = urllib3.Timeout(_TIMEOUT)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    if proxy:
        return urllib3.ProxyManager(proxy, ssl_context=context, timeout=timeout)
    return urllib3.PoolManager(ssl_context=context, timeout=timeout)
