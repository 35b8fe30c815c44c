import sys

import pytest

from tests.attested import provenance_of
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.requirements.publishers.attestations import can_verify, publisher_of
from toolkit.requirements.publishers.provenance import Provenance, read_provenance

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
