"""What refers to an image: signatures, bills of materials, attestations, whoever attached them.

Distribution specification 1.1, "Listing Referrers"; a server that has no such endpoint keeps the list under a tag,
"Referrers Tag Schema". Only listed, never read or verified.
"""

from dataclasses import dataclass, replace

from toolkit.errors import InputError
from toolkit.http.answers import invalid, reading
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.digest import Digest
from toolkit.oci.document import parse_document
from toolkit.oci.reference import Reference
from toolkit.remote.endpoints import Endpoint, get_manifest, get_referrers, next_page
from toolkit.remote.session import Session

_OK = 200
# What servers say that know no such endpoint, or nothing of the kind.
_NONE = frozenset({400, 404, 405, 501})
_MOST_PAGES = 100
_WHAT = "its list of what refers to a manifest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Referrer:
    """One manifest that names the image as its subject; `artifact_type` is empty where nobody said it."""

    artifact_type: str
    descriptor: Descriptor


def list_referrers(session: Session, reference: Reference, digest: Digest) -> tuple[Referrer, ...]:
    """List what refers to a manifest of the reference's repository, in the server's order.

    Raises RemoteError for a list that cannot be read.
    """
    endpoint = _or_none(get_referrers(reference, digest))
    answer = session.call(endpoint)
    if answer.status != _OK:
        tag = reference.with_tag(f"sha256-{digest.hex}")
        answer = session.call(_or_none(get_manifest(tag)))
        return _listed(answer.body, reference.host) if answer.status == _OK else ()
    found = [*_listed(answer.body, reference.host)]
    for _ in range(_MOST_PAGES):
        page = next_page(answer.headers.get("Link", ""))
        if page is None:
            break
        answer = session.call(replace(endpoint, path=session.location(reference.host, answer.url, page)))
        found += _listed(answer.body, reference.host)
    return tuple(found)


def _or_none(endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, ok=endpoint.ok | _NONE)


def _listed(body: bytes, server: str) -> tuple[Referrer, ...]:
    with reading(server, _WHAT):
        try:
            return tuple(
                Referrer(artifact_type=str(one.get("artifactType") or ""), descriptor=Descriptor.from_dict(one))
                for one in parse_document(body).get("manifests") or []
            )
        except InputError as error:
            raise invalid(server, _WHAT, error.message) from error
