"""Fetching from Debian's mirrors: documents that are checked when they are read, and files by their sha256."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.debian.sources import MIRROR_VARIABLE, address_of
from toolkit.digest import Digest
from toolkit.errors import RemoteError
from toolkit.http.answers import error_text
from toolkit.http.hosts import InsecureHosts
from toolkit.http.logins import basic, in_netrc
from toolkit.http.transport import HttpRequest, Transport
from toolkit.progress import Report
from toolkit.redaction import without_login
from toolkit.requirements.download import download


class File(Struct, frozen=True, kw_only=True):
    """A file on a mirror: its name in messages, its digest and size, and its address."""

    filename: str
    digest: Digest
    size: int | None
    url: str | None


class Mirrors:
    """The mirrors of archives, and what is fetched from them. Safe to share between threads.

    Plain HTTP is allowed: a signature, or a digest under one, vouches for all that is fetched.
    """

    advice = f"{MIRROR_VARIABLE}=https://USER:PASSWORD@HOST/… or ~/.netrc can name a user"

    def __init__(
        self, cache: Cache, environ: Mapping[str, str], report: Report, servers: Mapping[str, str] | None = None
    ) -> None:
        self.environ = environ
        self._servers = servers or {}
        self._cache, self._report = cache, report
        self._transport = Transport(InsecureHosts.of(environ, plain=True), environ)

    def address_of(self, archive: str) -> str:
        """Return the address of an archive, by its name or its own address. Raises UsageError."""
        return address_of(archive, self.environ, self._servers)

    def headers(self, address: str) -> dict[str, str]:
        """Return the header that names the user for an address: that of the mirror's address, else that of netrc."""
        wanted, mirror = urlsplit(address), urlsplit(self.environ.get(MIRROR_VARIABLE, ""))
        if mirror.username and (mirror.scheme, mirror.hostname, mirror.port) == (
            wanted.scheme,
            wanted.hostname,
            wanted.port,
        ):
            return basic(unquote(mirror.username), unquote(mirror.password or ""))
        login = in_netrc(wanted.hostname or "", self.environ)
        return basic(*login) if login else {}

    def document(self, address: str) -> bytes | None:
        """Return a document, as it is on the server now. None if the server lacks it. Raises RemoteError."""
        headers = self.headers(address)
        place = without_login(address)
        answer = self._transport.send(HttpRequest(method="GET", url=place, headers=headers))
        if answer.status == HTTPStatus.OK:
            return answer.body
        if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return None
        detail = error_text(answer.body)
        refused = answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        raise RemoteError(
            f"{place}: the server answered {answer.status}{f': {detail}' if detail else ''}",
            status=answer.status,
            hint=self.advice if refused else f"{MIRROR_VARIABLE}=http://… names another mirror",
        )

    def fetch(self, file: File) -> None:
        """Put a file into the cache unless it is there. Raises OutsideError if it cannot be had as its digest says."""
        if not self._cache.has_blob(file.digest):
            download(file, self._cache, self._report, self, self._transport)
