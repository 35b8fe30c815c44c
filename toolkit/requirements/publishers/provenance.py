"""The provenance object of a file on an index: its publishers, each with attestations (PEP 740, "Provenance objects").

An attestation is looked at only as far as it says which file it is about; `attestations` verifies its signature.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.requirements.publishers.publisher import Publisher, read_publisher

_VERSION = 1
# A file has one bundle for each publisher, and one or two attestations in it.
_MOST = 20


class AttestationBundle(Struct, frozen=True, kw_only=True):
    """A publisher, as the index names it, and attestations that are said to be its own, as JSON data."""

    publisher: Publisher
    attestations: Sequence[Mapping[str, Any]]


class Provenance(Struct, frozen=True, kw_only=True):
    """What an index attests of one file, in the index's order."""

    bundles: tuple[AttestationBundle, ...]


def read_provenance(body: bytes, filename: str, digest: Digest) -> Provenance:
    """Read the provenance of a file. Raises InputError for anything else, or for that of another file."""
    try:
        document: dict[str, Any] = json.loads(body)
        if document["version"] != _VERSION:
            raise InputError(f"a provenance of the version {str(document['version'])[:20]!r}, expected {_VERSION}")
        bundles = tuple(_bundle(each) for each in list(document["attestation_bundles"])[:_MOST])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"not a provenance object: {error!r:.120}") from error
    if not bundles:
        raise InputError("a provenance object without publishers")
    for bundle in bundles:
        for attestation in bundle.attestations:
            _check_subject(attestation, filename, digest)
    return Provenance(bundles=bundles)


def _bundle(data: Mapping[str, Any]) -> AttestationBundle:
    """Read a bundle. Raises InputError without an attestation: then the publisher attests nothing."""
    attestations = [dict(each) for each in list(data["attestations"])[:_MOST]]
    if not attestations:
        raise InputError("a publisher without an attestation")
    return AttestationBundle(publisher=read_publisher(data["publisher"]), attestations=attestations)


def _check_subject(attestation: Mapping[str, Any], filename: str, digest: Digest) -> None:
    """Raise InputError unless an attestation is about this file: anyone can copy one from elsewhere."""
    try:
        statement = json.loads(base64.b64decode(attestation["envelope"]["statement"], validate=True))
        subjects = [each["digest"].get("sha256") for each in statement["subject"]]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, binascii.Error) as error:
        raise InputError(f"an attestation that cannot be read: {error!r:.120}") from error
    if subjects != [digest.hex]:
        raise InputError(f"an attestation of another file than {filename} with sha256 {digest.hex}")
