"""Files of keys that are damaged, or of another kind: each is refused in plain words, and none ends in a traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.signing_keys import write_keys
from toolkit.errors import InputError
from toolkit.signing.keys import PublicKey, read_private_key, read_public_key

PASSPHRASE = "open-sesame-42"


def damages(data: bytes) -> list[bytes]:
    """Return a file cut off at many places, and with a line removed, doubled or changed."""
    lines = data.splitlines(keepends=True)
    cut = [data[:length] for length in range(0, len(data) - 2, max(1, len(data) // 40))]
    without = [b"".join([*lines[:number], *lines[number + 1 :]]) for number in range(len(lines))]
    # Behind a line of base64 another one changes what it decodes to.
    doubled = [b"".join([*lines[:number], lines[number], *lines[number:]]) for number in range(1, len(lines) - 1)]
    flipped = [data[:place] + b"?" + data[place + 1 :] for place in range(0, len(data), 7)]
    return [*cut, *without, *doubled, *flipped]


def tried(read: Callable[[], PublicKey]) -> bytes | InputError:
    """Return the key that is read, in DER, or why it is refused."""
    try:
        return read().der
    except InputError as error:
        return error


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_damaged_private_key_is_refused(tmp_path: Path, passphrase: str | None) -> None:
    private, _ = write_keys(tmp_path, passphrase=passphrase)
    data, path = private.read_bytes(), tmp_path / "damaged.pem"
    whole = read_private_key(private, lambda: PASSPHRASE).public.der
    for damaged in damages(data):
        path.write_bytes(damaged)
        outcome = tried(lambda: read_private_key(path, lambda: PASSPHRASE).public)
        if isinstance(outcome, bytes):
            # Only what is no part of the key, such as the last line's end.
            assert outcome == whole
        else:
            assert str(outcome.where) == str(path)
            assert PASSPHRASE not in outcome.message


def test_a_damaged_public_key_is_refused(tmp_path: Path) -> None:
    _, public = write_keys(tmp_path)
    data, path = public.read_bytes(), tmp_path / "damaged.pub"
    whole = read_public_key(public).der
    for damaged in damages(data):
        path.write_bytes(damaged)
        outcome = tried(lambda: read_public_key(path))
        assert outcome == whole if isinstance(outcome, bytes) else "public key of ECDSA P-256" in outcome.message


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate,
        lambda: ec.generate_private_key(ec.SECP256K1()),
        lambda: ec.generate_private_key(ec.SECP521R1()),
    ],
    ids=["rsa", "ed25519", "secp256k1", "p521"],
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, make: Callable[[], PrivateKeyTypes]) -> None:
    key, path = make(), tmp_path / "key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InputError, match="not a private key of ECDSA P-256"):
        read_private_key(path, lambda: None)
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(InputError, match="not a public key of ECDSA P-256"):
        read_public_key(path)
