import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.signing_keys import write_keys
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.signing.dsse import Envelope, pre_authentication, read_statement, signed, statement
from toolkit.signing.keys import PublicKey, read_private_key, read_public_key

DIGEST = Digest("a" * 64)
PAYLOAD = statement(DIGEST, "https://example.com/predicate", {"b": 1})


@pytest.fixture
def made(tmp_path: Path) -> tuple[Envelope, PublicKey]:
    private, public = write_keys(tmp_path)
    return signed(PAYLOAD, read_private_key(private, lambda: None)), read_public_key(public)


def test_the_bytes_that_are_signed_are_those_of_the_protocol() -> None:
    # The example of DSSE's protocol.md.
    assert pre_authentication("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_an_envelope_reads_back_and_is_verified(made: tuple[Envelope, PublicKey]) -> None:
    envelope, key = made
    again = Envelope.from_dict(json.loads(json.dumps(envelope.to_dict())))
    assert again == envelope
    assert again.is_signed_by(key)


def test_nothing_of_an_envelope_can_be_changed(made: tuple[Envelope, PublicKey]) -> None:
    envelope, key = made
    for changed in (
        replace(envelope, payload=envelope.payload + b" "),
        replace(envelope, payload_type="text/plain"),
        replace(envelope, signatures=()),
        replace(envelope, signatures=(b"x",)),
    ):
        assert not changed.is_signed_by(key)


def test_a_statement_reads_back() -> None:
    said = read_statement(PAYLOAD)
    assert (said.subjects, said.predicate_type, dict(said.predicate)) == (
        (DIGEST,),
        "https://example.com/predicate",
        {"b": 1},
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"_type": "https://in-toto.io/Statement/v0.1"}',
        b'{"_type": ["https://in-toto.io/Statement/v1"]}',
        b'{"_type": "https://in-toto.io/Statement/v2", "subject": [], "predicateType": ""}',
        b'{"_type": "https://in-toto.io/Statement/v1", "subject": 1, "predicateType": ""}',
        b'{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": "x"}}], "predicateType": ""}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_a_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(InputError):
        read_statement(payload)


@pytest.mark.parametrize("data", [{}, {"payload": "?", "payloadType": "", "signatures": []}, {"payload": 1}])
def test_what_is_not_an_envelope_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not an envelope"):
        Envelope.from_dict(data)
