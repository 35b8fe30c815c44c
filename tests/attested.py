"""Provenance objects of files on an index (PEP 740), made up; mostly without signatures that anything verifies."""

import base64
import json
from hashlib import sha256
from typing import Any

from pypi_attestations import AttestationType

GOOD = {"kind": "GitHub", "repository": "good/alpha", "workflow": "release.yml", "environment": None}


def statement_of(filename: str, data: bytes) -> bytes:
    """Return the statement that a publisher signs of a file."""
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": filename, "digest": {"sha256": sha256(data).hexdigest()}}],
            "predicateType": AttestationType.PYPI_PUBLISH_V1.value,
            "predicate": None,
        }
    ).encode()


def unsigned(filename: str, data: bytes) -> dict[str, Any]:
    """Return an attestation of a file whose signature is no signature."""
    envelope = {"statement": _base64(statement_of(filename, data)), "signature": _base64(b"none")}
    material = {"certificate": _base64(b"none"), "transparency_entries": [{}]}
    return {"version": 1, "verification_material": material, "envelope": envelope}


def attestation_of(bundle: bytes) -> dict[str, Any]:
    """Return the attestation that a bundle of Sigstore's is (PEP 740, "Attestation objects")."""
    document = json.loads(bundle)
    material, envelope = document["verificationMaterial"], document["dsseEnvelope"]
    return {
        "version": 1,
        "verification_material": {
            "certificate": material["certificate"]["rawBytes"],
            "transparency_entries": material["tlogEntries"],
        },
        "envelope": {"statement": envelope["payload"], "signature": envelope["signatures"][0]["sig"]},
    }


def provenance_of(filename: str, data: bytes, publisher: dict[str, Any] = GOOD, **attestation: Any) -> bytes:  # noqa: ANN401
    """Return the provenance object of a file by one publisher; `attestation` replaces keys of the attestation."""
    attestations = [unsigned(filename, data) | attestation]
    bundles = [{"publisher": publisher, "attestations": attestations}]
    return json.dumps({"version": 1, "attestation_bundles": bundles}).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
