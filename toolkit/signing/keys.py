"""Keys of ECDSA P-256 in PEM files: PKCS #8, perhaps with a passphrase (RFC 5958), SubjectPublicKeyInfo (RFC 5480)."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from toolkit.errors import InputError, Location, UsageError
from toolkit.limits import SETTINGS_SIZE
from toolkit.redaction import learn
from toolkit.system.reading import read_foreign

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

_MAKE = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -out key.pem"
_COSIGN = b"SIGSTORE PRIVATE KEY"


class PublicKey(Struct, frozen=True):
    """A key that signatures are verified with; `name` is its file as the user named it."""

    key: "EllipticCurvePublicKey"
    name: str

    @property
    def der(self) -> bytes:
        """The key as SubjectPublicKeyInfo."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def hint(self) -> str:
        """What bundles name a key by: the sha256 of its DER in base64, as cosign has it."""
        return base64.b64encode(hashlib.sha256(self.der).digest()).decode()

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Return whether a signature (ASN.1, as ECDSA with SHA-256 has it) is this key's over the data."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.key.verify(signature, data, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


class PrivateKey(Struct, frozen=True):
    """A key to sign with; `name` is its file as the user named it."""

    key: "EllipticCurvePrivateKey"
    name: str

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are verified with."""
        return PublicKey(self.key.public_key(), self.name)

    def sign(self, data: bytes) -> bytes:
        """Sign data. No two signatures of the same data are equal."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.key.sign(data, ECDSA(SHA256()))


def read_private_key(path: Path, passphrase: Callable[[], str | None]) -> PrivateKey:
    """Read a key to sign with. `passphrase` is called for an encrypted one alone, and may know none.

    Raises InputError for what is not such a key and for a wrong passphrase, UsageError without one.
    """
    _require_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(path)
    if _COSIGN in data:
        raise InputError(
            "this is a key in cosign's own encryption",
            where=Location(path=path),
            hint=f"make a key that both read: {_MAKE}; without its passphrase cosign imports it",
        )
    secret = None
    if b"ENCRYPTED" in data:
        secret = passphrase()
        if secret is None:
            raise UsageError(f"{path} needs a passphrase", hint="set COMP_SIGN_PASSPHRASE, or run it in a terminal")
        learn(secret)
    try:
        key = load_pem_private_key(data, secret.encode() if secret is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if secret is not None:
            # The library's words alone tell one from the other, and not for each kind of damage.
            problem = "cannot decrypt this key: the passphrase is wrong, or the file is damaged"
            raise InputError(problem, where=Location(path=path)) from error
        raise _not_a_key(path, "private key") from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise _not_a_key(path, "private key")
    return PrivateKey(key, str(path))


def read_public_key(path: Path) -> PublicKey:
    """Read a key to verify with. Raises InputError for what is not such a key."""
    _require_library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read(path)
    if b"PRIVATE KEY" in data:
        raise InputError(
            "this is a private key, and verifying needs the public one",
            where=Location(path=path),
            hint=f"openssl pkey -in {path} -pubout",
        )
    try:
        key = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _not_a_key(path, "public key") from error
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise _not_a_key(path, "public key")
    return PublicKey(key, str(path))


def _read(path: Path) -> bytes:
    """Read a key's file."""
    try:
        return read_foreign(path, SETTINGS_SIZE)
    except OSError as error:
        raise InputError(f"cannot read the key {path}: {error.strerror}", hint=f"make one: {_MAKE}") from error


def _not_a_key(path: Path, what: str) -> InputError:
    """Return the error for a file that is not a key of the one kind."""
    return InputError(
        f"this is not a {what} of ECDSA P-256 in PEM", where=Location(path=path), hint=f"make one: {_MAKE}"
    )


def _require_library() -> None:
    """Raise UsageError unless the library is installed."""
    try:
        import cryptography  # noqa: F401 (its parts are imported where they are used)
    except ImportError:
        raise UsageError(
            "signatures need the package cryptography", hint='pip install "comp-toolkit[signing]"'
        ) from None
