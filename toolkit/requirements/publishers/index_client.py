"""Small documents from a package index, with the user's login for it; each is bounded."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.errors import RemoteError
from toolkit.limits import INDEX_PAGE_SIZE
from toolkit.requirements.download import index_transport
from toolkit.requirements.index_users import IndexUsers
from toolkit.requirements.indexes import Indexes

if TYPE_CHECKING:
    from toolkit.http.transport import Transport

_ABSENT = {HTTPStatus.NOT_FOUND, HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.GONE}


class Document(Struct, frozen=True, kw_only=True):
    """A document with the address where it was in the end, and its media type."""

    address: str
    media_type: str
    body: bytes


class IndexClient:
    """A client for the indexes of one project. Safe to share between threads."""

    def __init__(self, indexes: Indexes, cache: Cache) -> None:
        self._users = IndexUsers(indexes, cache)
        self._transport: Transport = index_transport(indexes.environ)

    def get(self, address: str, media_type: str) -> Document | None:
        """Return a document, or None if there is none, also none of that media type.

        Raises RemoteError for any other answer or no answer, InputError for a document above the limit.
        """
        from toolkit.http.transport import HttpRequest

        # An index may answer with HTML whatever is asked for (simple repository API, "Version + Format Selection").
        headers = self._users.headers(address) | {"Accept": f"{media_type}, */*;q=0.1"}
        answer = self._transport.send(HttpRequest(method="GET", url=address, headers=headers, stream=True))
        with closing(answer.chunks) as chunks:
            if answer.status in _ABSENT:
                return None
            if answer.status != HTTPStatus.OK:
                raise RemoteError(f"{urlsplit(address).netloc} answered {answer.status}", status=answer.status)
            body = b"".join(_bounded(chunks, address))
        media = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return Document(address=answer.url, media_type=media, body=body)


def _bounded(chunks: Iterable[bytes], address: str) -> Iterator[bytes]:
    """Yield a body up to the limit. Raises InputError beyond."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        INDEX_PAGE_SIZE.check(size, address)
        yield chunk
