"""Envelopes of signed statements: DSSE 1.0 (secure-systems-lab/dsse), with in-toto's Statement v1 inside."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.oci.document import parse_document
from toolkit.signing.keys import PrivateKey, PublicKey

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# cosign 3 still attests in the older version, which differs in nothing that is read here.
_STATEMENT_TYPES = frozenset({STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1"})
PAYLOAD_TYPE = "application/vnd.in-toto+json"
# No statement nests deeper than this, and what writes JSON has a limit of its own.
_DEEPEST = 64


class Envelope(Struct, frozen=True, kw_only=True):
    """A payload with its type, and signatures over both."""

    payload: bytes
    payload_type: str
    signatures: tuple[bytes, ...]

    def is_signed_by(self, key: PublicKey) -> bool:
        """Return whether one of the signatures is the key's."""
        data = pre_authentication(self.payload_type, self.payload)
        return any(key.verifies(signature, data) for signature in self.signatures)

    def to_dict(self) -> dict[str, Any]:
        """Return the envelope as JSON data."""
        return {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": self.payload_type,
            "signatures": [{"sig": base64.b64encode(signature).decode()} for signature in self.signatures],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Envelope":
        """Read an envelope. Raises InputError if it is not one."""
        try:
            return cls(
                payload=base64.b64decode(data["payload"], validate=True),
                payload_type=str(data["payloadType"]),
                signatures=tuple(base64.b64decode(each["sig"], validate=True) for each in data["signatures"]),
            )
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise InputError(f"not an envelope of DSSE: {error}") from error


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed (DSSE protocol, "PAE")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def statement(digest: Digest, predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """Return a statement about one image (in-toto attestation, Statement v1), in equal bytes for equal contents."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"digest": {"sha256": digest.hex}}],
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )


def signed(payload: bytes, key: PrivateKey) -> Envelope:
    """Sign a statement."""
    signature = key.sign(pre_authentication(PAYLOAD_TYPE, payload))
    return Envelope(payload=payload, payload_type=PAYLOAD_TYPE, signatures=(signature,))


class Statement(Struct, frozen=True, kw_only=True):
    """A statement as it was read: whom it is about, and what it says."""

    subjects: tuple[Digest, ...]
    predicate_type: str
    predicate: Mapping[str, Any]


def read_statement(payload: bytes) -> Statement:
    """Read the payload of an envelope. Raises InputError if it is not a statement of in-toto."""
    try:
        document = parse_document(payload)
        check_depth(document)
        if document["_type"] not in _STATEMENT_TYPES:
            raise InputError(f"not a statement of in-toto: its type is {str(document['_type'])[:80]!r}")
        subjects = [each["digest"].get("sha256") for each in document["subject"]]
        return Statement(
            # Other algorithms are allowed, and say nothing of an image here.
            subjects=tuple(Digest.parse_hex(text) for text in subjects if isinstance(text, str)),
            predicate_type=str(document["predicateType"]),
            predicate=dict(document.get("predicate") or {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"not a statement of in-toto: {error}") from error


def check_depth(document: object) -> None:
    """Raise InputError for a document that nests deeper than any statement."""
    level = [document]
    for _ in range(_DEEPEST):
        inner = [
            list(each.values()) if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)
        ]
        level = [value for values in inner for value in values]
        if not level:
            return
    raise InputError(f"not a statement of in-toto: it nests deeper than {_DEEPEST} levels")
