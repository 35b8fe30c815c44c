"""Artifacts that are not images: a manifest whose config has a media type of its own, and blobs.

OCI image specification, manifest.md, "Guidelines for Artifact Usage".
"""

from msgspec import Struct
from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.http.answers import invalid, reading
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.document import parse_document
from toolkit.oci.reference import Reference
from toolkit.remote.endpoints import get_manifest
from toolkit.remote.failures import NOT_FOUND
from toolkit.remote.session import Session

_WHAT = "the manifest of an artifact"


class Artifact(Struct, frozen=True, kw_only=True):
    """The digest of an artifact's manifest, and the descriptor of its config."""

    digest: Digest
    config: Descriptor


def find_artifact(session: Session, reference: Reference, kind: str) -> Artifact | None:
    """Return the artifact that a reference names; None if it is missing. `kind` is the media type of its config.

    Never asks a mirror, which may be late. Raises InputError if the reference names something else, RemoteError for a
    manifest that is invalid.
    """
    endpoint = get_manifest(reference)
    answer = session.call(replace(endpoint, ok=endpoint.ok | {NOT_FOUND}))
    if answer.status == NOT_FOUND:
        return None
    with reading(reference.host, _WHAT):
        try:
            config = parse_document(answer.body).get("config")
            described = Descriptor.from_dict(config) if config else None
        except InputError as error:
            raise invalid(reference.host, _WHAT, error.message) from error
    if described is None or described.media_type != kind:
        found = described.media_type if described else "an index"
        raise InputError(
            f"{reference} is {found[:80]}, expected {kind}", hint="name another repository or tag for the cache"
        )
    return Artifact(digest=Digest.of(answer.body), config=described)
