"""Sigstore's bundle v0.3 (sigstore_bundle.proto): a signed statement and what verifies it, a key or a certificate."""

import json
from typing import Any

from toolkit.digest import canonical_json
from toolkit.errors import InputError
from toolkit.selective import Selective
from toolkit.signing.dsse import PAYLOAD_TYPE, Envelope, Statement, read_statement
from toolkit.signing.keyless import CertificateIdentity
from toolkit.signing.keys import PublicKey

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
# The names that cosign gives to a bundle's manifest.
CONTENT, PREDICATE_TYPE = "dev.sigstore.bundle.content", "dev.sigstore.bundle.predicateType"


# Who may have signed.
Authority = PublicKey | CertificateIdentity


class Bundle(Selective, frozen=True, kw_only=True):
    """A bundle; `hint` names the key, and is empty for one with a certificate. `data` is what was read."""

    HIDDEN = frozenset({"data"})
    IGNORED = frozenset({"data"})

    envelope: Envelope
    hint: str = ""
    has_certificate: bool = False
    data: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the bundle as JSON."""
        return canonical_json(
            {
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": {"publicKey": {"hint": self.hint}},
                "dsseEnvelope": self.envelope.to_dict(),
            }
        )

    def statement(self, authority: Authority) -> Statement | None:
        """Return what the key's holder, or the identity, states; None if it did not sign. Raises InputError."""
        if isinstance(authority, CertificateIdentity):
            payload = authority.payload(self.data) if self.has_certificate else None
            return None if payload is None else read_statement(payload)
        return read_statement(self.envelope.payload) if self.envelope.is_signed_by(authority) else None


def read_bundle(data: bytes) -> Bundle:
    """Read a bundle. Raises InputError if it is not one, or holds a signature of bytes and not of a statement."""
    try:
        document: dict[str, Any] = json.loads(data)
        if document["mediaType"] != MEDIA_TYPE:
            raise InputError(f"a bundle of the type {str(document['mediaType'])[:80]!r}, expected {MEDIA_TYPE}")
        material = document["verificationMaterial"]
        envelope = Envelope.from_dict(document["dsseEnvelope"])
        # What was signed as something else is no statement, whatever it can be read as (DSSE protocol, "payloadType").
        if envelope.payload_type != PAYLOAD_TYPE:
            raise InputError(f"an envelope of the type {envelope.payload_type[:80]!r}, expected {PAYLOAD_TYPE}")
        return Bundle(
            envelope=envelope,
            hint=str((material.get("publicKey") or {}).get("hint", "")),
            has_certificate="certificate" in material,
            data=data,
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"not a bundle of sigstore: {error}") from error
