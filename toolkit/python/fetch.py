"""Fetch wheels into the cache: by sha256 when they are there, else from where uv says they are."""

import logging
import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.progress import Progress, Report
from toolkit.python.pin import Pin
from toolkit.python.resolve import locate, without_credentials
from toolkit.python.target import Target
from toolkit.python.wheels import Wheel

if TYPE_CHECKING:
    import urllib3

log = logging.getLogger(__name__)

_THREADS = 4
_TRIES = 3
_CHUNK = 1 << 20
_TIMEOUT = 60.0
_INDEXES = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
_NAME_OF_INDEX = re.compile(r"^[\w.-]+=")


def fetch_wheels(
    pins: Sequence[Pin], target: Target, cache: Cache, report: Report, *, where: Path | None = None
) -> tuple[Wheel, ...]:
    """Return the wheels in order, downloading what the cache lacks; every byte is verified by sha256.

    `where` is the settings file from whose folder uv's settings are looked for. Raises OutsideError when a wheel
    cannot be had or is not what its pin says; then nothing of it is kept.
    """
    missing = [pin for pin in pins if not cache.has_blob(pin.sha256)]
    if missing:
        located = _located(missing, target, where)
        with ThreadPoolExecutor(_THREADS) as pool:
            for _ in pool.map(lambda pin: _download(pin, cache, report), located):
                pass
    return tuple(_wheel(pin, cache) for pin in pins)


def _wheel(pin: Pin, cache: Cache) -> Wheel:
    path = cache.blob_path(pin.sha256)
    return Wheel(filename=pin.filename, sha256=pin.sha256, path=path, size=path.stat().st_size)


def _located(pins: Sequence[Pin], target: Target, where: Path | None) -> list[Pin]:
    """Give every pin its address: a fresh resolution has them, a lock does not."""
    if all(pin.url for pin in pins):
        return list(pins)
    offered = locate(pins, target, where=where)
    by_hash = {pin.sha256: pin for pin in offered}
    for pin in pins:
        if pin.sha256 not in by_hash:
            others = [f"{other.filename} with sha256 {other.sha256}" for other in offered if other.name == pin.name]
            raise OutsideError(
                f"the index has no {pin.filename} with sha256 {pin.sha256}"
                + (f"; it offers {', '.join(others)}" if others else ""),
                hint="it was removed or replaced, or is for another base; `comp lock --upgrade` chooses anew",
            )
    return [by_hash[pin.sha256] for pin in pins]


def _download(pin: Pin, cache: Cache, report: Report) -> None:
    log.debug("fetching %s", pin.filename)
    address = pin.url or ""
    for attempt in range(1, _TRIES + 1):
        try:
            chunks = _file(address) if address.startswith("file:") else _remote(address)
            cache.add_blob(_reported(chunks, pin, report), sha256=pin.sha256, what=pin.filename)
        except _Broken as error:
            if attempt == _TRIES:
                raise OutsideError(
                    f"cannot fetch {pin.filename}: {without_credentials(str(error))}",
                    hint="check the network; try again",
                ) from None
        else:
            return


class _Broken(Exception):  # noqa: N818 (a signal between two functions, not an error anybody sees)
    """The transfer broke off or was refused."""


def _reported(chunks: Iterator[bytes], pin: Pin, report: Report) -> Iterator[bytes]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        report(Progress(task=pin.filename, done=done, total=pin.size))
        yield chunk


def _file(address: str) -> Iterator[bytes]:
    try:
        with Path(unquote(urlsplit(address).path)).open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise _Broken(str(error)) from error


def _remote(address: str) -> Iterator[bytes]:
    import urllib3

    retry = urllib3.Retry(
        total=4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False
    )
    headers = _authorization(address, os.environ)
    try:
        with (
            _pool(address) as pool,
            closing(pool.request("GET", address, preload_content=False, retries=retry, headers=headers)) as response,
        ):
            if response.status != 200:  # noqa: PLR2004 (the one status with the file in it)
                refused = response.status in {401, 403}
                advice = "; UV_INDEX_URL=https://USER:PASSWORD@HOST/… or ~/.netrc can name a user" if refused else ""
                raise _Broken(f"the server answered {response.status}{advice}")
            yield from response.stream(_CHUNK, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _Broken(f"{type(error).__name__}: {error}") from error


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


def _authorization(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Find who asks, as uv does: the user in an index's address on the same server, else in netrc.

    uv itself leaves both out of the addresses that it prints.
    """
    import urllib3

    wanted = urlsplit(address)
    addresses = (_NAME_OF_INDEX.sub("", text) for name in _INDEXES for text in environ.get(name, "").split())
    for index in map(urlsplit, addresses):
        same_server = (index.scheme, index.hostname, index.port) == (wanted.scheme, wanted.hostname, wanted.port)
        if index.username and same_server:
            return urllib3.make_headers(basic_auth=f"{unquote(index.username)}:{unquote(index.password or '')}")
    try:
        known = netrc(environ.get("NETRC")).authenticators(wanted.hostname or "")
    except (OSError, NetrcParseError):
        known = None
    return urllib3.make_headers(basic_auth=f"{known[0]}:{known[2]}") if known else {}
