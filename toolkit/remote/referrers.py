"""Manifests that refer to an image: signatures, bills of materials, attestations. Listed, never read or verified.

Distribution specification 1.1, "Listing Referrers"; servers without that endpoint keep the list under a tag, "Referrers
Tag Schema".
"""

from msgspec import Struct
from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.http.answers import invalid, reading
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.document import parse_document
from toolkit.oci.reference import Reference
from toolkit.remote.endpoints import Endpoint, get_manifest, get_referrers, next_page
from toolkit.remote.session import Session

_OK = 200
# Answers of servers without the endpoint, or without the list.
_NONE = frozenset({400, 404, 405, 501})
# A server could name a next page without end.
_MOST_PAGES = 100
_WHAT = "its list of what refers to a manifest"


class Referrer(Struct, frozen=True, kw_only=True):
    """A manifest that names the image as its subject; `artifact_type` is empty if the list does not give it."""

    artifact_type: str
    descriptor: Descriptor


def list_referrers(session: Session, reference: Reference, digest: Digest) -> tuple[Referrer, ...]:
    """Return the manifests that refer to `digest` in the reference's repository, in the server's order.

    Raises RemoteError for a list that cannot be read.
    """
    endpoint = or_none(get_referrers(reference, digest))
    answer = session.call(endpoint)
    if answer.status != _OK:
        # A tag cannot contain the colon of a digest.
        tag = reference.with_tag(f"sha256-{digest.hex}")
        answer = session.call(or_none(get_manifest(tag)))
        return _listed(answer.body, reference.host) if answer.status == _OK else ()
    referrers = [*_listed(answer.body, reference.host)]
    for _ in range(_MOST_PAGES):
        page = next_page(answer.headers.get("Link", ""))
        if page is None:
            break
        answer = session.call(replace(endpoint, path=session.location(reference.host, answer.url, page)))
        referrers += _listed(answer.body, reference.host)
    return tuple(referrers)


def lists_referrers(session: Session, reference: Reference, digest: Digest) -> bool:
    """Return whether the server lists what refers to a manifest, rather than leave that to its clients."""
    return session.call(or_none(get_referrers(reference, digest))).status == _OK


def or_none(endpoint: Endpoint) -> Endpoint:
    """Accept the answers of servers that have no list as well."""
    return replace(endpoint, ok=endpoint.ok | _NONE)


def _listed(body: bytes, server: str) -> tuple[Referrer, ...]:
    """Read a list of referrers, which is an index. Raises RemoteError for anything else."""
    with reading(server, _WHAT):
        try:
            return tuple(
                Referrer(artifact_type=str(entry.get("artifactType") or ""), descriptor=Descriptor.from_dict(entry))
                for entry in parse_document(body).get("manifests") or []
            )
        except InputError as error:
            raise invalid(server, _WHAT, error.message) from error
