"""Attach a document to an image: a manifest with the image as its subject (image specification, manifest.md).

A server that lists referrers finds it by itself. For others the list is kept under a tag (distribution specification
1.1, "Referrers Tag Schema"); two who change it at once see it, and change it again.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError, OutsideError
from toolkit.http.answers import invalid, reading
from toolkit.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from toolkit.oci.document import parse_document
from toolkit.oci.image import Image, ImageIndex, Layer
from toolkit.oci.reference import Reference
from toolkit.progress import silent
from toolkit.remote.endpoints import get_manifest, get_referrers
from toolkit.remote.pushing import push_image
from toolkit.remote.referrers import or_none
from toolkit.remote.session import Session

EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
_EMPTY = b"{}"
_OK = 200
# Others that change the list at the same moment are few.
_TRIES = 8
# Seconds.
_PAUSE = 0.2


class Attachment(Struct, frozen=True, kw_only=True):
    """A document to attach: its media type is the type of the artifact too, unless `artifact_type` is another one."""

    data: bytes
    media_type: str
    artifact_type: str
    annotations: Mapping[str, str]


def attach(
    session: Session,
    reference: Reference,
    subject: Descriptor,
    attachment: Attachment,
    pause: Callable[[float], None] = time.sleep,
) -> Digest:
    """Attach a document to the manifest `subject` of the reference's repository; return the digest of the new manifest.

    The same document again changes nothing. Raises RemoteError as pushing does, OutsideError if others keep changing
    the list of an old server.
    """
    artifact = _artifact(subject, attachment)
    place = reference.with_digest(artifact.digest)
    push_image(session, artifact, place, tags=(), report=silent, locations=None, sent=lambda _: None)
    if session.call(or_none(get_referrers(reference, subject.digest))).status != _OK:
        _list_under_tag(session, reference, subject, artifact, attachment, pause)
    return artifact.digest


def _artifact(subject: Descriptor, attachment: Attachment) -> Image:
    """Return the manifest with its subject and its document."""
    config = Descriptor(media_type=EMPTY_CONFIG, digest=Digest.of(_EMPTY), size=len(_EMPTY))
    blob = Descriptor(media_type=attachment.media_type, digest=Digest.of(attachment.data), size=len(attachment.data))
    layer = Layer(descriptor=blob, diff_id=blob.digest, chunks=lambda: iter([attachment.data]))
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": attachment.artifact_type,
        "config": config.to_dict(),
        "layers": [blob.to_dict()],
        "subject": _bare(subject).to_dict(),
    }
    if attachment.annotations:
        manifest["annotations"] = dict(attachment.annotations)
    return Image(media_type=OCI_MANIFEST, manifest=canonical_json(manifest), config=_EMPTY, layers=(layer,))


def _bare(descriptor: Descriptor) -> Descriptor:
    """Return a descriptor with the three fields that identify content."""
    return Descriptor(media_type=descriptor.media_type, digest=descriptor.digest, size=descriptor.size)


def _list_under_tag(
    session: Session,
    reference: Reference,
    subject: Descriptor,
    artifact: Image,
    attachment: Attachment,
    pause: Callable[[float], None],
) -> None:
    """Add the manifest to the index under the tag of its subject."""
    # A tag cannot contain the colon of a digest.
    tag = reference.with_tag(f"sha256-{subject.digest.hex}")
    entry = artifact.descriptor.to_dict() | {"artifactType": attachment.artifact_type}
    if attachment.annotations:
        entry["annotations"] = dict(attachment.annotations)
    for _ in range(_TRIES):
        entries = _listed(session, tag)
        if any(each.get("digest") == entry["digest"] for each in entries):
            return
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*entries, entry]}
        index = ImageIndex(media_type=OCI_INDEX, document=canonical_json(document), images=())
        # With the new entry it is new, so that nothing is asked before it is sent.
        new: frozenset[Digest] = frozenset()
        push_image(session, index, tag, tags=(), report=silent, locations=None, sent=lambda _: None, present=new)
        # Another writer may have read the same list, and put its own over ours; both look again after a moment.
        pause(_PAUSE * (1 + random.random()))  # noqa: S311 (it spreads tries, and guards nothing)
    if not any(each.get("digest") == entry["digest"] for each in _listed(session, tag)):
        raise OutsideError(
            f"cannot list {artifact.digest} under {tag}: others change the list all the time",
            hint="try again; the document itself is there",
        )


def _listed(session: Session, tag: Reference) -> list[dict[str, Any]]:
    """Return the entries of the index under a tag, empty without one. Raises RemoteError for an invalid one."""
    answer = session.call(or_none(get_manifest(tag)))
    if answer.status != _OK:
        return []
    what = f"the list of what refers to {tag}"
    with reading(tag.host, what):
        try:
            entries = parse_document(answer.body).get("manifests") or []
        except InputError as error:
            raise invalid(tag.host, what, error.message) from error
        return [dict(entry) for entry in entries]
