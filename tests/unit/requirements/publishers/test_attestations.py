import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attested import GOOD, attestation_of, provenance_of, statement_of
from tests.sigstore_double import serving_sigstore, token_of
from tests.tampering import changed, leaves, other
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.requirements.publishers.attestations import can_verify, publisher_of
from toolkit.requirements.publishers.provenance import Provenance, read_provenance
from toolkit.requirements.publishers.publisher import Publisher
from toolkit.signing.keyless import KeylessSigner

NAME, DATA = "alpha-1.0-py3-none-any.whl", b"a wheel"


def _unsigned() -> Provenance:
    return read_provenance(provenance_of(NAME, DATA), NAME, Digest.of(DATA))


def test_without_the_extra_the_publisher_is_a_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)
    assert not can_verify()
    publisher = publisher_of(_unsigned(), NAME, Digest.of(DATA))
    assert (publisher.shown, publisher.verified) == ("GitHub good/alpha (release.yml)", False)


def test_with_the_extra_what_is_not_signed_is_refused() -> None:
    assert can_verify()
    with pytest.raises(
        InputError, match=r"no attestation of alpha-1\.0-py3-none-any\.whl is verified: GitHub good/alpha"
    ):
        publisher_of(_unsigned(), NAME, Digest.of(DATA))


WHO, ISSUER = "robot@example.com", "https://accounts.google.com"


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """What makes provenance that is signed, for a library that trusts the Sigstore of the tests."""
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    with serving_sigstore() as sigstore:
        config, root = sigstore.write_trust(tmp_path)
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(root)))
        monkeypatch.setattr(Verifier, "production", lambda offline: verifier if offline else None)

        def make(who: str = WHO, publisher: dict[str, Any] | None = None, data: bytes = DATA) -> dict[str, Any]:
            signer = KeylessSigner(token=token_of(who, ISSUER), trust_config=config)
            attestation = attestation_of(signer.bundle(statement_of(NAME, data)))
            bundle = {"publisher": publisher or {"kind": "Google", "email": WHO}, "attestations": [attestation]}
            return {"version": 1, "attestation_bundles": [bundle]}

        yield make


def _publisher(document: dict[str, Any]) -> Publisher:
    digest = Digest.of(DATA)
    return publisher_of(read_provenance(json.dumps(document).encode(), NAME, digest), NAME, digest)


def test_a_signature_of_the_publisher_is_verified(signed: Callable[..., dict[str, Any]]) -> None:
    expected = Publisher(kind="Google", claims=(("email", WHO),), verified=True)
    assert _publisher(signed()) == expected
    # One publisher that is verified is enough, wherever it stands.
    both = signed()
    both["attestation_bundles"].insert(0, signed("other@example.com")["attestation_bundles"][0])
    assert _publisher(both) == expected


def test_a_signature_of_another_is_refused(signed: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="Google robot@example"):
        _publisher(signed("other@example.com"))
    with pytest.raises(InputError, match="GitHub good/alpha"):
        _publisher(signed(publisher=GOOD))
    with pytest.raises(InputError, match="a kind"):
        _publisher(signed(publisher={"kind": "a kind", "email": WHO}))


def test_no_part_of_an_attestation_can_be_changed(signed: Callable[..., dict[str, Any]]) -> None:
    document = signed()
    assert _publisher(document).verified
    paths = leaves(document["attestation_bundles"][0], ("attestation_bundles", 0))
    assert len(paths) > 12
    for path in paths:
        with pytest.raises(InputError):
            _publisher(changed(document, path, other))


def test_a_statement_of_another_file_does_not_count(signed: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="another file"):
        _publisher(signed(data=b"another wheel"))
