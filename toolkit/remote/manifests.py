"""Manifests one by one, as they are: what a tag names now, the bytes, and setting or removing a tag.

Nothing is asked of mirrors unless a caller permits it: they may be late.
"""

from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.http.transport import Answer
from toolkit.oci.image import Built
from toolkit.oci.reference import Reference
from toolkit.remote.endpoints import DONE, Endpoint, delete_manifest, get_manifest, head_manifest, put_manifest
from toolkit.remote.failures import NOT_FOUND
from toolkit.remote.session import Session

_NOT_MODIFIED, _PRECONDITION_FAILED = 304, 412
_DIGEST_HEADER = "Docker-Content-Digest"


class Manifest(Struct, frozen=True, kw_only=True):
    """A manifest's bytes, with their digest."""

    digest: Digest
    data: bytes


def read_manifest(
    session: Session, reference: Reference, *, known: Manifest | None = None, mirrors: bool = False
) -> Manifest | None:
    """Return the manifest that a reference names, verified; None if it is missing.

    `known` is the one that was there last, which is returned if it is still the same, without being sent again. With
    `mirrors` those of the host are asked first. Raises RemoteError if the server fails, OutsideError for content with
    another digest.
    """
    ask = partial(_get_or_none, unless=known.digest if known else None)
    answer = session.read(reference, ask) if mirrors else session.call(ask(reference))
    if answer.status == NOT_FOUND:
        return None
    if known and answer.status == _NOT_MODIFIED:
        return known
    return Manifest(digest=verified_digest(answer, reference), data=answer.body)


def tagged_digest(session: Session, reference: Reference, *, scope: str) -> Digest | None:
    """Return the digest that a reference names on its own host now; None if it is missing."""
    answer = session.call(head_manifest(reference, ok=frozenset({200, NOT_FOUND}), scope=scope))
    if answer.status == NOT_FOUND:
        return None
    try:
        return Digest.parse(answer.headers.get(_DIGEST_HEADER, ""))
    except InputError:
        # Servers need not send the header.
        found = read_manifest(session, reference)
        return found.digest if found else None


def set_tag(session: Session, built: Built, reference: Reference, *, only_new: bool) -> bool:
    """Store a manifest, whose parts the repository has, under the reference's tag or digest.

    With `only_new` return False if the server says that the tag exists; one that cannot tell replaces it. Raises
    OutsideError if the server stored other bytes.
    """
    answer = session.call(put_manifest(built, reference, reference.identifier, only_new=only_new))
    if answer.status == _PRECONDITION_FAILED:
        return False
    stored = answer.headers.get(_DIGEST_HEADER)
    if stored and stored != str(built.digest):
        raise changed(reference, stored, built.digest)
    return True


def delete(session: Session, reference: Reference) -> bool:
    """Remove a tag or manifest, and return whether the server did; many do not permit it."""
    return session.call(delete_manifest(reference)).status in DONE


def verified_digest(answer: Answer, reference: Reference) -> Digest:
    """Return the digest of the manifest in an answer. Raises OutsideError if it is not the expected one."""
    # For a tag, the server's own header is the only check that its answer arrives unchanged.
    expected = reference.digest
    if expected is None and (named := answer.headers.get(_DIGEST_HEADER)):
        try:
            expected = Digest.parse(named)
        except InputError as error:
            raise OutsideError(f"{reference.host} sent an invalid digest: {named[:80]!r}") from error
    digest = Digest.of(answer.body)
    if expected and digest != expected:
        raise OutsideError(
            f"{reference.host} gives another manifest than {reference}: {digest}, expected {expected}",
            hint="something between here and the server changes its answers; try again",
        )
    return digest


def changed(reference: Reference, stored: str, expected: Digest) -> OutsideError:
    """Return the error for a server that says it stored another manifest than it was sent."""
    return OutsideError(
        f"{reference.host} stored another manifest: {stored[:80]}, expected {expected}",
        hint="something between here and the server changes requests",
    )


def _get_or_none(reference: Reference, *, unless: Digest | None) -> Endpoint:
    """Fetch a manifest; the answer may be that it is missing."""
    endpoint = get_manifest(reference, unless=unless)
    return replace(endpoint, ok=endpoint.ok | {NOT_FOUND})
