"""Sigstore's bundle v0.3 with a public key: a signed statement and how to verify it (sigstore_bundle.proto).

Bundles with certificates are for keyless signatures, which are not verified here.
"""

import json
from typing import Any

from msgspec import Struct

from toolkit.digest import canonical_json
from toolkit.errors import InputError
from toolkit.signing.dsse import Envelope, Statement, read_statement
from toolkit.signing.keys import PublicKey

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
# The names that cosign gives to a bundle's manifest.
CONTENT, PREDICATE_TYPE = "dev.sigstore.bundle.content", "dev.sigstore.bundle.predicateType"


class Bundle(Struct, frozen=True, kw_only=True):
    """A bundle; `hint` names the key, and is empty for a bundle with a certificate."""

    envelope: Envelope
    hint: str

    def to_bytes(self) -> bytes:
        """Return the bundle as JSON."""
        return canonical_json(
            {
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": {"publicKey": {"hint": self.hint}},
                "dsseEnvelope": self.envelope.to_dict(),
            }
        )

    def statement(self, key: PublicKey) -> Statement | None:
        """Return what the key's holder states; None if the signature is not the key's. Raises InputError."""
        return read_statement(self.envelope.payload) if self.envelope.is_signed_by(key) else None


def read_bundle(data: bytes) -> Bundle:
    """Read a bundle. Raises InputError if it is not one, or holds a signature of bytes and not of a statement."""
    try:
        document: dict[str, Any] = json.loads(data)
        if document["mediaType"] != MEDIA_TYPE:
            raise InputError(f"a bundle of the type {str(document['mediaType'])[:80]!r}, expected {MEDIA_TYPE}")
        material = document["verificationMaterial"]
        return Bundle(
            envelope=Envelope.from_dict(document["dsseEnvelope"]),
            hint=str((material.get("publicKey") or {}).get("hint", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"not a bundle of sigstore: {error}") from error
