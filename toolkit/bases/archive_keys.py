"""The keys of Debian's archive, for machines that have none: fetched from the archive, and known by their fingerprints.

What sends a key need not be trusted: one counts only if its fingerprint is below. Keys of later releases come with a
later version of this program, or by COMP_DEBIAN_KEYRING.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.debian.compression import decompressed
from toolkit.debian.deb import Deb
from toolkit.debian.fetching import Mirrors
from toolkit.debian.index import is_path
from toolkit.debian.keys import keyring_for
from toolkit.debian.sources import Source
from toolkit.errors import CompError, InputError, OutsideError
from toolkit.limits import DEBIAN_INDEX_SIZE, PACKAGE_FILE_SIZE
from toolkit.redaction import without_login
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
_ENTRY = re.compile(rb"(?m)^Package: debian-archive-keyring$")
_FILENAME = re.compile(rb"(?m)^Filename: (\S{1,200})$")
_KEYS = re.compile(rf"(?:\./)?usr/share/keyrings/{_PACKAGE}\.(?:gpg|pgp)")


def archive_keys(source: Source, mirrors: Mirrors) -> Mapping[str, str]:
    """Return keys by path, in base64, as those of a base; empty if the user or this machine has keys of the archive.

    Raises OutsideError if there are none, and none can be had.
    """
    try:
        keyring_for(source, {}, mirrors.environ)
    except OutsideError as error:
        try:
            found = b"".join(_fetched(source, mirrors))
        except CompError as problem:
            raise OutsideError(f"{error.message}: {problem.message}", hint=error.hint) from problem
        if not found:
            raise
        return {f"usr/share/keyrings/{_PACKAGE}.gpg": base64.b64encode(found).decode()}
    return {}


def _fetched(source: Source, mirrors: Mirrors) -> Iterator[bytes]:
    """Yield the known keys in a suite's package of keys. Raises CompError if it cannot be had."""
    address = mirrors.address_of(source.archive)
    path = _path(source, address, mirrors)
    data = mirrors.document(f"{address}/{path}") if path else None
    if path is None or data is None:
        return
    with temporary.folder("keys") as folder:
        package = folder / path.rpartition("/")[2]
        package.write_bytes(data)
        yield from known_keys(package)


def _path(source: Source, address: str, mirrors: Mirrors) -> str | None:
    """Return the path of the package of keys on a mirror, from a list that nothing vouches for. None without one."""
    name = "main/binary-all/Packages.xz"
    place = f"{address}/dists/{source.suite}/{name}"
    data = mirrors.document(place)
    if data is None:
        return None
    text = bytearray()
    for chunk in decompressed(iter((data,)), name, without_login(place)):
        text += chunk
        DEBIAN_INDEX_SIZE.check(len(text), without_login(place))
    # The first entry alone: a hostile list may have any number.
    entry = _ENTRY.search(text)
    end = text.find(b"\n\n", entry.end()) if entry else -1
    found = _FILENAME.search(text, entry.end(), end if end >= 0 else len(text)) if entry else None
    path = found[1].decode("ascii", "replace") if found else ""
    return path if is_path(path) else None


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
