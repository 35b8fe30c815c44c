import json
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.signing_keys import write_keys
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.signing.bundle import MEDIA_TYPE, Bundle, read_bundle
from toolkit.signing.dsse import signed, statement
from toolkit.signing.keys import read_private_key, read_public_key
from toolkit.signing.signatures import SIGNED

COSIGN = ROOT / "tests" / "examples" / "cosign"
SIGNED_DIGEST = "7fbb739b19f488dbe3cf88b1f721085f61e900c421afd6cf89d87d011de75615"
DIGEST = Digest("a" * 64)


def test_a_bundle_reads_back_and_says_what_was_signed(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    _, other = write_keys(tmp_path, "other")
    key = read_private_key(private, lambda: None)
    bundle = Bundle(envelope=signed(statement(DIGEST, "type", {}), key), hint=key.public.hint)
    document = json.loads(bundle.to_bytes())
    assert document["mediaType"] == MEDIA_TYPE
    assert document["verificationMaterial"] == {"publicKey": {"hint": key.public.hint}}
    again = read_bundle(bundle.to_bytes())
    assert again == bundle
    said = again.statement(read_public_key(public))
    assert said is not None
    assert said.subjects == (DIGEST,)
    assert again.statement(read_public_key(other)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"mediaType": "application/json"}',
        json.dumps({"mediaType": MEDIA_TYPE}).encode(),
        json.dumps({"mediaType": MEDIA_TYPE, "verificationMaterial": {}, "messageSignature": {}}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_is_not_a_bundle_of_a_statement_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_bundle(data)


def test_a_bundle_that_cosign_wrote_is_verified() -> None:
    # cosign 3.1.3: `generate-key-pair`, and `sign --key … --tlog-upload=false`.
    key = read_public_key(COSIGN / "key.pub")
    bundle = read_bundle((COSIGN / "bundle.json").read_bytes())
    assert bundle.hint == key.hint
    said = bundle.statement(key)
    assert said is not None
    assert [digest.hex for digest in said.subjects] == [SIGNED_DIGEST]
    assert said.predicate_type == SIGNED
