"""The keys of Debian's archive, for machines that have none: fetched from the archive, and known by their fingerprints.

What sends a key need not be trusted: one counts only if its fingerprint is below. Keys of later releases come with a
later version of this program, or by COMP_DEBIAN_KEYRING.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.debian.deb import Deb
from toolkit.debian.fetching import Mirrors
from toolkit.debian.keys import keyring_for
from toolkit.debian.sources import Source, address_of
from toolkit.debian.version import sort_key
from toolkit.errors import CompError, InputError, OutsideError
from toolkit.limits import PACKAGE_FILE_SIZE
from toolkit.system import temporary

# Of Debian 11 to 13: those that sign the archive, its security updates, and the stable releases.
_FINGERPRINTS = frozenset(
    {
        "1f89983e0081fde018f3cc9673a4f27b8dd47936",
        "ac530d520f2f3269f5e98313a48449044aad5c5d",
        "a4285295fc7b1a81600062a9605c66f00d6c9793",
        "b8b80b5b623eab6ad8775c45b7c5d7d6350947f8",
        "05ab90340c0c5e797f44a8c8254cf3b5aec0a8f0",
        "4d64fec119c2029067d6e791f8d2585b8783d481",
        "04b54c3cdca79751b16bc6b5225629df75b188bd",
        "5e04a1e3223a19a20706e20f9904613d4cce68c6",
        "41587f7db8c774bccf131416762f67a0b2c39de4",
    }
)
_PACKAGE = "debian-archive-keyring"
_FOLDER = f"pool/main/d/{_PACKAGE}"
_FILE = re.compile(rf"{_PACKAGE}_([0-9][\w.+~-]{{0,60}})_all\.deb")
_KEYS = re.compile(rf"(?:\./)?usr/share/keyrings/{_PACKAGE}\.(?:gpg|pgp)")


def archive_keys(source: Source, mirrors: Mirrors) -> Mapping[str, str]:
    """Return keys by path, in base64, as those of a base; empty if the user or this machine has keys of the archive.

    Raises OutsideError if there are none, and none can be had.
    """
    try:
        keyring_for(source, {}, mirrors.environ)
    except OutsideError as error:
        try:
            found = b"".join(_fetched(f"{address_of(source.archive, mirrors.environ)}/{_FOLDER}", mirrors))
        except CompError as problem:
            raise OutsideError(f"{error.message}: {problem.message}", hint=error.hint) from problem
        if not found:
            raise
        return {f"usr/share/keyrings/{_PACKAGE}.gpg": base64.b64encode(found).decode()}
    return {}


def _fetched(address: str, mirrors: Mirrors) -> Iterator[bytes]:
    """Yield the known keys in the newest package of keys. Raises CompError if it cannot be had."""
    listing = mirrors.document(f"{address}/") or b""
    versions = {match[1] for match in _FILE.finditer(listing.decode("utf-8", "replace"))}
    if not versions:
        return
    name = f"{_PACKAGE}_{max(versions, key=sort_key)}_all.deb"
    data = mirrors.document(f"{address}/{name}") or b""
    with temporary.folder("keys") as folder:
        path = folder / name
        path.write_bytes(data)
        yield from known_keys(path)


def known_keys(path: Path) -> Iterator[bytes]:
    """Yield the keys of Debian's archive in a package of keys; others that it holds are left out.

    Raises InputError for a damaged package.
    """
    deb = Deb.open(path, path.name)
    with deb.tar("data") as archive:
        for member in deb.files(archive):
            content = archive.extractfile(member) if member.isreg() and _KEYS.fullmatch(member.name) else None
            if content is not None:
                PACKAGE_FILE_SIZE.check(member.size, f"the keys in {path.name}")
                yield from (bytes(key) for key in _certificates(content.read()) if key.fingerprint in _FINGERPRINTS)


def _certificates(data: bytes) -> list[Any]:
    """Return the certificates in a file of keys. Raises InputError."""
    import pysequoia

    try:
        return list(pysequoia.Cert.split_bytes(data))
    except Exception as error:
        raise InputError(f"the keys of {_PACKAGE} cannot be read", hint="choose another mirror") from error
