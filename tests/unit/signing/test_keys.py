from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.signing_keys import write_keys
from toolkit.errors import InputError, UsageError
from toolkit.redaction import hide
from toolkit.signing.keys import read_private_key, read_public_key


def _none() -> str | None:
    return None


def test_what_a_key_signs_its_public_key_verifies(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    _, other = write_keys(tmp_path, "other")
    key = read_private_key(private, _none)
    signature = key.sign(b"data")
    assert read_public_key(public).verifies(signature, b"data")
    assert key.public.hint == read_public_key(public).hint
    assert not read_public_key(public).verifies(signature, b"date")
    assert not read_public_key(public).verifies(signature[:-1] + bytes([signature[-1] ^ 1]), b"data")
    assert not read_public_key(public).verifies(b"", b"data")
    assert not read_public_key(other).verifies(signature, b"data")


def test_an_encrypted_key_needs_its_passphrase(tmp_path: Path) -> None:
    private, _ = write_keys(tmp_path, passphrase="open-sesame-42")
    assert read_private_key(private, lambda: "open-sesame-42").name == str(private)
    assert hide("it is open-sesame-42") == "it is ***"
    with pytest.raises(InputError, match="the passphrase is wrong"):
        read_private_key(private, lambda: "another")
    with pytest.raises(UsageError, match="needs a passphrase"):
        read_private_key(private, _none)
    first, *_, last = private.read_text().splitlines()
    private.write_text(f"{first}\nAAAA\n{last}\n")
    with pytest.raises(InputError, match="or the file is damaged"):
        read_private_key(private, lambda: "open-sesame-42")


def test_a_plain_key_asks_for_no_passphrase(tmp_path: Path) -> None:
    private, _ = write_keys(tmp_path)

    def never() -> str:
        raise AssertionError

    assert read_private_key(private, never).name == str(private)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"\xff" * 100,
    ],
)
def test_a_file_that_is_not_a_key_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a private key of ECDSA P-256"):
        read_private_key(path, _none)
    with pytest.raises(InputError, match="public"):
        read_public_key(path)
    with pytest.raises(InputError, match="cannot read the key"):
        read_public_key(tmp_path / "absent")


def test_another_curve_is_refused(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, curve=ec.SECP384R1())
    with pytest.raises(InputError, match="not a private key of ECDSA P-256"):
        read_private_key(private, _none)
    with pytest.raises(InputError, match="not a public key of ECDSA P-256"):
        read_public_key(public)


def test_keys_that_are_mistaken_for_others_have_a_hint(tmp_path: Path) -> None:
    private, _ = write_keys(tmp_path)
    with pytest.raises(InputError, match="this is a private key") as caught:
        read_public_key(private)
    assert caught.value.hint == f"openssl pkey -in {private} -pubout"
    private.write_text("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n")
    with pytest.raises(InputError, match="cosign's own encryption"):
        read_private_key(private, _none)
