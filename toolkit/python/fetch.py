"""Fetch wheels into the cache: by sha256 when they are there, else from where uv says they are."""

import logging
import ssl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.progress import Progress, Report
from toolkit.python.resolve import Pin, resolve, without_credentials
from toolkit.python.target import Target
from toolkit.python.wheels import Wheel

if TYPE_CHECKING:
    import urllib3

log = logging.getLogger(__name__)

_THREADS = 4
_TRIES = 3
_CHUNK = 1 << 20
_TIMEOUT = 60.0


def fetch_wheels(pins: Sequence[Pin], target: Target, cache: Cache, report: Report) -> tuple[Wheel, ...]:
    """Return the wheels in order, downloading what the cache lacks; every byte is verified by sha256.

    Raises OutsideError when a wheel cannot be had or is not what its pin says; then nothing of it is kept.
    """
    missing = [pin for pin in pins if not cache.has_blob(pin.sha256)]
    if missing:
        located = _located(missing, target)
        with ThreadPoolExecutor(_THREADS) as pool:
            for _ in pool.map(lambda pin: _download(pin, cache, report), located):
                pass
    return tuple(_wheel(pin, cache) for pin in pins)


def _wheel(pin: Pin, cache: Cache) -> Wheel:
    path = cache.blob_path(pin.sha256)
    return Wheel(filename=pin.filename, sha256=pin.sha256, path=path, size=path.stat().st_size)


def _located(pins: Sequence[Pin], target: Target) -> list[Pin]:
    """Give every pin its address: a fresh resolution has them, a lock does not."""
    if all(pin.url for pin in pins):
        return list(pins)
    known = resolve([f"{pin.name}=={pin.version}" for pin in pins], target, closed=True)
    by_hash = {pin.sha256: pin for pin in known}
    lost = [pin for pin in pins if pin.sha256 not in by_hash]
    if lost:
        offered = {pin.name: pin for pin in known}
        other = offered.get(lost[0].name)
        detail = f"; it offers {other.filename} with sha256 {other.sha256}" if other else ""
        raise OutsideError(
            f"the index has no {lost[0].filename} with sha256 {lost[0].sha256}{detail}",
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
    try:
        response = _pool(address).request("GET", address, preload_content=False, retries=retry)
        try:
            if response.status != 200:  # noqa: PLR2004 (the one status with the file in it)
                raise _Broken(f"the server answered {response.status}")
            yield from response.stream(_CHUNK, decode_content=False)
        finally:
            response.release_conn()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _Broken(f"{type(error).__name__}: {error}") from error


def _pool(address: str) -> "urllib3.PoolManager":
    import urllib3

    parts = urlsplit(address)
    context = ssl.create_default_context()
    timeout = urllib3.Timeout(_TIMEOUT)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    if proxy:
        return urllib3.ProxyManager(proxy, ssl_context=context, timeout=timeout)
    return urllib3.PoolManager(ssl_context=context, timeout=timeout)
