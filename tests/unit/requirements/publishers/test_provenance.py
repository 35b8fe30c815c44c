import base64
import json
from typing import Any

import pytest

from tests.attested import provenance_of, unsigned
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.requirements.publishers.provenance import read_provenance

NAME, DATA = "alpha-1.0-py3-none-any.whl", b"a wheel"
DIGEST = Digest.of(DATA)
GOOD: dict[str, Any] = json.loads(provenance_of(NAME, DATA))


def _attesting(statement: object) -> bytes:
    text = base64.b64encode(json.dumps(statement).encode()).decode()
    return provenance_of(NAME, DATA, envelope={"statement": text, "signature": ""})


def test_a_provenance_has_its_publishers_in_order() -> None:
    second = {"publisher": {"kind": "Google", "email": "a@b.example"}, "attestations": [unsigned(NAME, DATA)]}
    document = GOOD | {"attestation_bundles": [*GOOD["attestation_bundles"], second]}
    read = read_provenance(json.dumps(document).encode(), NAME, DIGEST)
    assert [bundle.publisher.shown for bundle in read.bundles] == [
        "GitHub good/alpha (release.yml)",
        "Google a@b.example",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        json.dumps(GOOD | {"version": 2}).encode(),
        json.dumps(GOOD | {"attestation_bundles": []}).encode(),
        json.dumps(GOOD | {"attestation_bundles": {"a": 1}}).encode(),
        json.dumps(GOOD | {"attestation_bundles": [{"publisher": {"kind": "GitHub", "repository": "a/b"}}]}).encode(),
        json.dumps(
            GOOD | {"attestation_bundles": [{"publisher": {"kind": "GitHub", "repository": "a/b"}, "attestations": []}]}
        ).encode(),
        provenance_of(NAME, DATA, {"kind": "GitHub"}),
        provenance_of(NAME, DATA, envelope={"statement": "?", "signature": ""}),
        provenance_of(NAME, DATA, envelope=None),
        _attesting([]),
        _attesting({"subject": []}),
        _attesting({"subject": [{"digest": {"sha512": "a"}}]}),
        _attesting({"subject": [{"digest": {"sha256": DIGEST.hex}}, {"digest": {"sha256": DIGEST.hex}}]}),
    ],
)
def test_what_is_not_a_provenance_of_the_file_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        read_provenance(body, NAME, DIGEST)


def test_an_attestation_of_another_file_is_refused() -> None:
    with pytest.raises(InputError, match="an attestation of another file than alpha"):
        read_provenance(provenance_of(NAME, b"another wheel"), NAME, DIGEST)
