import base64
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.signing_keys import write_keys
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.signing.keys import PrivateKey, read_private_key, read_public_key
from toolkit.signing.simple_signing import payload_of, signed_digest

COSIGN = ROOT / "tests" / "examples" / "cosign"
DIGEST = Digest("a" * 64)


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    return read_private_key(write_keys(tmp_path)[0], lambda: None)


def _signature(key: PrivateKey, payload: bytes) -> str:
    return base64.b64encode(key.sign(payload)).decode()


def test_a_payload_names_the_image(key: PrivateKey) -> None:
    payload = payload_of("registry.example.com/ml/train", DIGEST)
    assert payload == (
        b'{"critical":{"identity":{"docker-reference":"registry.example.com/ml/train"},'
        b'"image":{"docker-manifest-digest":"sha256:' + b"a" * 64 + b'"},'
        b'"type":"cosign container image signature"},"optional":null}'
    )
    assert signed_digest(payload, _signature(key, payload), key.public) == DIGEST


def test_what_was_changed_is_not_signed(key: PrivateKey) -> None:
    payload = payload_of("registry.example.com/ml/train", DIGEST)
    signature = _signature(key, payload)
    assert signed_digest(payload.replace(b"aaaa", b"bbbb"), signature, key.public) is None
    assert signed_digest(payload, signature[:-4] + "AAA=", key.public) is None
    assert signed_digest(payload, "?", key.public) is None


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"critical": {"type": "other"}}', b"[" * 100_000])
def test_a_payload_that_is_not_one_is_refused_although_it_is_signed(key: PrivateKey, payload: bytes) -> None:
    with pytest.raises(InputError):
        signed_digest(payload, _signature(key, payload), key.public)


def test_what_cosign_signed_is_verified_and_our_payload_is_the_same() -> None:
    # cosign 3.1.3: `sign --key … --new-bundle-format=false --tlog-upload=false`.
    payload, signature = (COSIGN / "payload.json").read_bytes(), (COSIGN / "payload.sig").read_text()
    digest = signed_digest(payload, signature, read_public_key(COSIGN / "key.pub"))
    assert digest is not None
    assert payload_of("127.0.0.1:5999/ml/other", digest) == payload
