"""The tags of a repository, and the repositories of a host, however many pages they come in.

Distribution specification 1.1, "Listing Tags". Servers differ: docker-registry 2.8 sends all tags at once, others a
page at a time, and many forbid the list of repositories.
"""

from msgspec.structs import replace

from toolkit.http.answers import invalid, read_json
from toolkit.oci.reference import Reference
from toolkit.remote.endpoints import Endpoint, get_catalog, get_tags, next_page
from toolkit.remote.failures import NOT_FOUND
from toolkit.remote.session import Session

_PAGE = 1000
# A server could name a next page without end; a repository of ten thousand versions has tens of thousands of tags.
_MOST = 1_000_000
_MOST_PAGES = 10_000


def list_tags(session: Session, reference: Reference, *, page: int = _PAGE) -> tuple[str, ...] | None:
    """Return all tags of the reference's repository in the server's order; None for a missing repository.

    Raises RemoteError for a list that cannot be read, or has no end.
    """
    return _listed(session, get_tags(reference, page=page), "tags")


def first_tags(session: Session, reference: Reference, *, page: int) -> tuple[str, ...]:
    """Return the first page of a repository's tags, which a server may make longer than asked for."""
    answer = session.call(get_tags(reference, page=page))
    return _texts(answer.body, reference.host, "tags") if answer.status != NOT_FOUND else ()


def list_repositories(session: Session, host: str) -> tuple[str, ...]:
    """Return the repositories of a host that the server shows us. Raises RemoteError if it forbids the list."""
    return _listed(session, get_catalog(host, page=_PAGE), "repositories") or ()


def _listed(session: Session, endpoint: Endpoint, key: str) -> tuple[str, ...] | None:
    """Return the texts under a key of all pages; None if the first is missing."""
    answer = session.call(endpoint)
    if answer.status == NOT_FOUND:
        return None
    found = [*_texts(answer.body, endpoint.host, key)]
    for _ in range(_MOST_PAGES):
        page = next_page(answer.headers.get("Link", ""))
        if page is None:
            return tuple(found)
        address = session.location(endpoint.host, answer.url, page)
        answer = session.call(replace(endpoint, path=address))
        found += _texts(answer.body, endpoint.host, key) if answer.status != NOT_FOUND else ()
        if len(found) > _MOST:
            break
    raise invalid(endpoint.host, f"its list of {key}", "it has no end")


def _texts(body: bytes, server: str, key: str) -> tuple[str, ...]:
    """Read a list of texts. Raises RemoteError for anything else."""
    # Null means an empty list: Go's programs write it for what is empty.
    values = read_json(body, server, f"its list of {key}").get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise invalid(server, f"its list of {key}", "expected a list of texts")
    return tuple(values)
