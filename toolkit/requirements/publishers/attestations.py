"""Verify attestations of an index by `pypi-attestations`, an optional extra: PEP 740, "Attestation verification".

The library's trusted root of Sigstore is the one that it brings along or fetched before; nothing is asked of a network.
"""

import logging

from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.requirements.publishers.provenance import AttestationBundle, Provenance
from toolkit.requirements.publishers.publisher import Publisher


def can_verify() -> bool:
    """Return whether the extra is installed."""
    import importlib.util

    return importlib.util.find_spec("pypi_attestations") is not None


def publisher_of(provenance: Provenance, filename: str, digest: Digest) -> Publisher:
    """Return the publisher of a file: the first whose signature is verified; without the extra, the first one named.

    Raises InputError if no signature is right.
    """
    if not can_verify():
        return provenance.bundles[0].publisher
    failures = []
    for bundle in provenance.bundles:
        if (failure := _failure(bundle, filename, digest)) is None:
            return replace(bundle.publisher, verified=True)
        failures.append(f"{bundle.publisher.shown}: {failure}")
    raise InputError(f"no attestation of {filename} is verified: {'; '.join(failures)}"[:1000])


def _failure(bundle: AttestationBundle, filename: str, digest: Digest) -> str | None:
    """Return why the attestations of a bundle are not all right; None if they are."""
    from pydantic import TypeAdapter, ValidationError
    from pypi_attestations import Attestation, AttestationError, Distribution, Publisher
    from sigstore.errors import Error as SigstoreError

    # It warns of each use without a network, which is what is wanted here.
    logging.getLogger("sigstore").setLevel(logging.ERROR)
    try:
        publisher = TypeAdapter(Publisher).validate_python(bundle.publisher.to_dict())
        file = Distribution(name=filename, digest=digest.hex)
        for attestation in bundle.attestations:
            # Offline: the trusted root is that of the library.
            Attestation.model_validate(attestation).verify(publisher, file, offline=True)
    except (AttestationError, SigstoreError, ValidationError, ValueError, TypeError, KeyError) as error:
        return " ".join(str(error).split())[:300]
    return None
