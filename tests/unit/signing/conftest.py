"""A Sigstore on loopback."""

from collections.abc import Iterator

import pytest

from tests.sigstore_double import SigstoreDouble, serving_sigstore


@pytest.fixture(scope="session")
def served_sigstore() -> Iterator[SigstoreDouble]:
    with serving_sigstore() as double:
        yield double


@pytest.fixture
def sigstore(served_sigstore: SigstoreDouble) -> Iterator[SigstoreDouble]:
    served_sigstore.refuses = False
    yield served_sigstore
    served_sigstore.refuses = False
