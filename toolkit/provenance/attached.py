"""Provenance beside an image on its remote: attached signed or unsigned, and found again."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference
from toolkit.provenance.predicate import PREDICATE_TYPE, Provenance, read_predicate
from toolkit.remote.attaching import Attachment
from toolkit.remote.client import Remote
from toolkit.signing import bundle
from toolkit.signing.bundle import Authority, read_bundle
from toolkit.signing.dsse import PAYLOAD_TYPE, Statement, read_statement, statement
from toolkit.signing.signatures import Signer, attach_statement, attached_document

log = logging.getLogger(__name__)

# The name that BuildKit gives to the annotation.
_KIND = "in-toto.io/predicate-type"
# An image has a few; a server could name any number.
_MOST = 100


class Attested(Struct, frozen=True, kw_only=True):
    """Provenance that is attached to an image: what it says, and the digest of the manifest that holds it.

    `key` is the name of the key or identity that verifies its signature; None if none that was given does. `is_signed`
    says whether it has a signature at all.
    """

    provenance: Provenance
    predicate: dict[str, Any]
    digest: Digest
    is_signed: bool
    key: str | None


def attach(
    remote: Remote,
    reference: Reference,
    subject: Descriptor,
    provenance: Provenance,
    key: Signer | None,
    says_enough: Callable[[Provenance], bool] = lambda _: False,
) -> Digest:
    """Attach provenance to a manifest or index; return the digest of the manifest that holds it.

    With a key it is signed. The same provenance is not attached twice, whichever run it names, and none beside one of
    the same build that `says_enough`. Raises as `Remote.attach` does.
    """
    keys = (key.public,) if key else ()
    for there in attested(remote, reference, subject, keys):
        is_alike = there.is_signed == bool(key) == bool(there.key) and there.provenance.is_same_build(provenance)
        if is_alike and (there.provenance.source == provenance.source or says_enough(there.provenance)):
            return there.digest
    payload = statement(subject.digest, PREDICATE_TYPE, provenance.to_dict())
    if key:
        return attach_statement(remote, reference, subject, payload, key)
    attachment = Attachment(
        data=payload, media_type=PAYLOAD_TYPE, artifact_type=PAYLOAD_TYPE, annotations={_KIND: PREDICATE_TYPE}
    )
    return remote.attach(reference, subject, attachment)


def attested(
    remote: Remote, reference: Reference, subject: Descriptor, keys: Sequence[Authority]
) -> tuple[Attested, ...]:
    """Return the provenance that is attached to a manifest and about it, what a key verifies first.

    What cannot be read, or is about something else, is skipped with a warning: those who may push may put anything
    there. Raises RemoteError if the server fails.
    """
    found = tuple(_attested(remote, reference, subject, keys))
    return tuple(sorted(found, key=lambda each: (each.key is None, not each.is_signed)))


def _attested(
    remote: Remote, reference: Reference, subject: Descriptor, keys: Sequence[Authority]
) -> Iterator[Attested]:
    """Yield the provenance in the server's order."""
    every = remote.referrers(reference, subject.digest)
    for referrer in [each for each in every if each.artifact_type in {bundle.MEDIA_TYPE, PAYLOAD_TYPE}][:_MOST]:
        digest = referrer.descriptor.digest
        try:
            data = attached_document(remote, reference.with_digest(digest))
            is_signed = referrer.artifact_type == bundle.MEDIA_TYPE
            said, key = _of_bundle(data, keys) if is_signed else (read_statement(data), None)
            if said.predicate_type != PREDICATE_TYPE:
                continue
            if subject.digest not in said.subjects:
                log.warning("%s is a statement about another image", digest)
                continue
            yield Attested(
                provenance=read_predicate(said.predicate),
                predicate=dict(said.predicate),
                digest=digest,
                is_signed=is_signed,
                key=key.name if key else None,
            )
        except InputError as error:
            log.warning("%s is not provenance that can be read: %s", digest, error.message)


def _of_bundle(data: bytes, keys: Sequence[Authority]) -> tuple[Statement, Authority | None]:
    """Return the statement in a bundle, and the key or identity that verifies it; None if none of them does."""
    read = read_bundle(data)
    for key in keys:
        if said := read.statement(key):
            return said, key
    return read_statement(read.envelope.payload), None
