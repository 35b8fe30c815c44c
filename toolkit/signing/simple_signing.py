"""Simple signing, cosign's older form: a payload that names an image, and its signature beside it.

containers/image, docs/containers-signature.5.md, for the payload; cosign's SIGNATURE_SPEC.md for the rest.
"""

import base64
import binascii
import json

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.signing.keys import PublicKey

MEDIA_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
_TYPE = "cosign container image signature"


def payload_of(repository: str, digest: Digest) -> bytes:
    """Return the payload for an image in `host/path`."""
    critical = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": str(digest)},
        "type": _TYPE,
    }
    return canonical_json({"critical": critical, "optional": None})


def signed_digest(payload: bytes, signature: str, key: PublicKey) -> Digest | None:
    """Return the digest that the key's holder signed; None if the signature, in base64, is not the key's.

    Raises InputError for a payload that is not one.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
    except (ValueError, binascii.Error):
        return None
    if not key.verifies(raw, payload):
        return None
    try:
        critical = json.loads(payload)["critical"]
        if critical["type"] != _TYPE:
            raise InputError(f"the payload is of the type {str(critical['type'])[:80]!r}, expected {_TYPE!r}")
        return Digest.parse(critical["image"]["docker-manifest-digest"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"not a payload of a signature: {error}") from error
