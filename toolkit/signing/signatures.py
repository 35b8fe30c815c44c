"""The signatures of an image on its remote: put there, and verified."""

import base64
import json
import logging
from collections.abc import Iterator, Sequence

from msgspec import Struct

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError, LostError, MachineError, OutsideError, RemoteError
from toolkit.limits import RECORD_SIZE
from toolkit.oci.descriptor import OCI_CONFIG, OCI_MANIFEST, Descriptor
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import Reference
from toolkit.remote.attaching import Attachment
from toolkit.remote.client import Remote
from toolkit.signing import bundle, simple_signing
from toolkit.signing.bundle import Authority, Bundle, read_bundle
from toolkit.signing.dsse import Statement, signed, statement
from toolkit.signing.keyless import KeylessSigner
from toolkit.signing.keys import PrivateKey, PublicKey

log = logging.getLogger(__name__)

# What cosign states of an image that it signs.
SIGNED = "https://sigstore.dev/cosign/sign/v1"
# An image has a few signatures; a server could name any number.
_MOST = 100
_LOST = 404


# What signs.
Signer = PrivateKey | KeylessSigner


class Verified(Struct, frozen=True, kw_only=True):
    """A signature that is verified: its form, `bundle`, `keyless` or `simple`, and the name of the key or identity."""

    form: str
    key: str


def sign(remote: Remote, reference: Reference, subject: Descriptor, key: Signer) -> None:
    """Sign a manifest or index of the reference's repository; with a key in both forms. Raises as pushing does.

    Nothing is added to what the key's holder, or the identity, signed before.
    """
    before = verified(remote, reference, subject, (key.public,))
    if not any(each.form != "simple" for each in before):
        attach_statement(remote, reference, subject, statement(subject.digest, SIGNED, {}), key)
    # A certificate is valid for minutes, and the older form needs more than that to be verified by cosign.
    if isinstance(key, PrivateKey) and not any(each.form == "simple" for each in before):
        _sign_simply(remote, reference, subject, key)


def attach_statement(remote: Remote, reference: Reference, subject: Descriptor, payload: bytes, key: Signer) -> Digest:
    """Attach a signed statement to a manifest as a bundle; return the digest of the new manifest."""
    if isinstance(key, KeylessSigner):
        data = key.bundle(payload)
    else:
        data = Bundle(envelope=signed(payload, key), hint=key.public.hint).to_bytes()
    kind = json.loads(payload)["predicateType"]
    attachment = Attachment(
        data=data,
        media_type=bundle.MEDIA_TYPE,
        artifact_type=bundle.MEDIA_TYPE,
        annotations={bundle.CONTENT: "dsse-envelope", bundle.PREDICATE_TYPE: kind},
    )
    return remote.attach(reference, subject, attachment)


def verified(
    remote: Remote, reference: Reference, subject: Descriptor, keys: Sequence[Authority]
) -> tuple[Verified, ...]:
    """Return the signatures of a manifest by one of the keys or identities that are about this manifest.

    What is not a signature, or is damaged, is skipped with a warning. Raises RemoteError if the server fails.
    """
    found = [
        Verified(form="bundle" if isinstance(key, PublicKey) else "keyless", key=key.name)
        for said, key in statements(remote, reference, subject, keys)
        if said.predicate_type == SIGNED
    ]
    plain = [key for key in keys if isinstance(key, PublicKey)]
    return (*found, *(_simply_verified(remote, reference, subject, plain) if plain else ()))


def statements(
    remote: Remote, reference: Reference, subject: Descriptor, keys: Sequence[Authority]
) -> Iterator[tuple[Statement, Authority]]:
    """Yield the statements about a manifest by one of the keys or identities, each with what verified it."""
    # What else is attached, such as a hundred SBOMs, hides no signature.
    every = remote.referrers(reference, subject.digest)
    bundles = [referrer for referrer in every if referrer.artifact_type == bundle.MEDIA_TYPE]
    for referrer in bundles[:_MOST]:
        try:
            read = read_bundle(attached_document(remote, reference.with_digest(referrer.descriptor.digest)))
            for key in keys:
                said = read.statement(key)
                if said is None:
                    continue
                # A statement about another image may be attached to this one.
                if subject.digest in said.subjects:
                    yield said, key
                else:
                    log.warning("%s is a statement about another image", referrer.descriptor.digest)
        except InputError as error:
            log.warning("%s is not a signature: %s", referrer.descriptor.digest, error.message)


def attached_document(remote: Remote, reference: Reference) -> bytes:
    """Return the one document of an attached manifest. Raises InputError for anything else."""
    manifest = remote.manifest(reference)
    if manifest is None:
        raise InputError("the server lists it and does not have it")
    try:
        (layer,) = json.loads(manifest.data)["layers"]
        described = Descriptor.from_dict(layer)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"it has not one document: {error}") from error
    return _blob(remote, reference, described)


def _blob(remote: Remote, reference: Reference, described: Descriptor) -> bytes:
    """Return a small blob, verified. Raises InputError also for one that is lost, or not as long as described."""
    RECORD_SIZE.check(described.size, f"the document {described.digest}")
    try:
        data = b"".join(remote.read_blob(reference, described))
    except OutsideError as error:
        # One that is damaged hides no other; a server that fails is another matter.
        if isinstance(error, MachineError | LostError) or (isinstance(error, RemoteError) and error.status != _LOST):
            raise
        raise InputError(error.message) from error
    if Digest.of(data) != described.digest:
        raise InputError(f"its document has the digest {Digest.of(data)}, expected {described.digest}")
    return data


def _simple_tag(reference: Reference, subject: Descriptor) -> Reference:
    """Return the tag under which simple signatures lie."""
    return reference.with_tag(f"sha256-{subject.digest.hex}.sig")


def _simply_verified(
    remote: Remote, reference: Reference, subject: Descriptor, keys: Sequence[PublicKey]
) -> Iterator[Verified]:
    """Yield the simple signatures that one of the keys verifies."""
    for described, signature in _simple_layers(remote, reference, subject):
        try:
            payload = _blob(remote, reference, described)
            for key in keys:
                digest = simple_signing.signed_digest(payload, signature, key)
                if digest == subject.digest:
                    yield Verified(form="simple", key=key.name)
                elif digest is not None:
                    log.warning("%s is a signature of another image", described.digest)
        except InputError as error:
            log.warning("%s is not a signature: %s", described.digest, error.message)


def _simple_layers(remote: Remote, reference: Reference, subject: Descriptor) -> list[tuple[Descriptor, str]]:
    """Return the payloads of simple signatures with the signatures."""
    manifest = remote.manifest(_simple_tag(reference, subject))
    if manifest is None:
        return []
    try:
        layers = json.loads(manifest.data)["layers"][:_MOST]
        return [
            (Descriptor.from_dict(layer), str(layer["annotations"][simple_signing.SIGNATURE]))
            for layer in layers
            if layer.get("mediaType") == simple_signing.MEDIA_TYPE
        ]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, InputError) as error:
        log.warning("%s holds no signatures: %s", _simple_tag(reference, subject), error)
        return []


def _sign_simply(remote: Remote, reference: Reference, subject: Descriptor, key: PrivateKey) -> None:
    """Add a simple signature to those under the image's tag."""
    payload = simple_signing.payload_of(reference.name, subject.digest)
    described = Descriptor(media_type=simple_signing.MEDIA_TYPE, digest=Digest.of(payload), size=len(payload))
    signature = base64.b64encode(key.sign(payload)).decode()
    # One payload may be signed with several keys: then the same layer stands there several times.
    entries = [*_simple_layers(remote, reference, subject), (described, signature)]
    layers = tuple(
        Layer(
            descriptor=each,
            diff_id=each.digest,
            chunks=(lambda: iter([payload])) if each.digest == described.digest else _there,
        )
        for each, _ in entries
    )
    rootfs = {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in layers]}
    config = canonical_json({"architecture": "", "os": "", "config": {}, "rootfs": rootfs})
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": Descriptor(media_type=OCI_CONFIG, digest=Digest.of(config), size=len(config)).to_dict(),
        "layers": [each.to_dict() | {"annotations": {simple_signing.SIGNATURE: text}} for each, text in entries],
    }
    image = Image(media_type=OCI_MANIFEST, manifest=canonical_json(manifest), config=config, layers=layers)
    remote.push(image, _simple_tag(reference, subject))


def _there() -> Iterator[bytes]:
    """Fail: the repository has this blob, whose manifest was just read."""
    raise RemoteError("the server lost a signature's payload", hint="sign again")
