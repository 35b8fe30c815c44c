"""The signature of an archive: the signed text of an InRelease file, verified by Sequoia's OpenPGP.

A program such as gpgv is not on every machine, and Debian itself has replaced it
(docs/decisions/0056-system-packages.md).
"""

from collections.abc import Iterator
from typing import Any

from toolkit.debian.keys import Keyring
from toolkit.errors import OutsideError, RemoteError


def verified_text(signed: bytes, keyring: Keyring, what: str) -> str:
    """Return the text that a key of `keyring` signed, and nothing that stands around it (RFC 9580, section 7).

    `what` names the document in errors. Raises RemoteError for a document without such a signature.
    """
    import pysequoia

    if not signed.lstrip().startswith(b"-----BEGIN PGP SIGNED MESSAGE-----"):
        raise RemoteError(f"{what} is not signed", hint=_HINT)
    certificates = list(_certificates(keyring))
    asked: list[str] = []

    def known(names: list[str]) -> list[Any]:
        """Return the certificates that may have signed."""
        asked.extend(names)
        return certificates

    try:
        verified = pysequoia.verify(bytes=signed, store=known)
    except Exception as error:  # noqa: BLE001 (the library has no class of its own)
        raise RemoteError(
            f"the signature of {what} is not valid: {_reason(error, keyring, asked)}", hint=_HINT
        ) from None
    if not verified.valid_sigs or verified.bytes is None:
        raise RemoteError(f"the signature of {what} is not valid: no key of {keyring.place} made it", hint=_HINT)
    return bytes(verified.bytes).decode("utf-8", "replace")


_HINT = "another mirror may serve it as it was signed (COMP_DEBIAN_MIRROR); COMP_DEBIAN_KEYRING=FILE names other keys"


def _certificates(keyring: Keyring) -> Iterator[Any]:
    """Yield the certificates of a keyring's files. Raises OutsideError if they hold none."""
    import pysequoia

    count = 0
    for data in keyring.files:
        try:
            found = pysequoia.Cert.split_bytes(data)
        except Exception:  # noqa: BLE001, S112 (as above; another file may hold the key)
            continue
        count += len(found)
        yield from found
    if not count:
        raise OutsideError(f"{keyring.place} holds no OpenPGP key", hint="COMP_DEBIAN_KEYRING=FILE names a keyring")


def _reason(error: Exception, keyring: Keyring, asked: list[str]) -> str:
    """Return the library's reason in one line: it appends a trace."""
    said = str(error).strip().partition("\n")[0].removeprefix("Signature verification failed: ").rstrip(".")
    names = ", ".join(dict.fromkeys(name[-16:].upper() for name in asked[:3]))
    return f"{said} by the keys of {keyring.place}{f' (it names the keys {names})' if names else ''}"
