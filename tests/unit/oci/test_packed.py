"""Plain content as gzip members: the same bytes for the same content, whatever it comes in."""

import gzip
import hashlib

from toolkit.oci.packed import packed

TEXT = b"".join(b"line %d of a text that compresses well\n" % number for number in range(200_000))


def pack(*pieces: bytes) -> bytes:
    return b"".join(packed(pieces))


def test_it_is_read_back_and_depends_on_the_content_alone() -> None:
    whole = pack(TEXT)
    assert gzip.decompress(whole) == TEXT
    assert len(whole) < len(TEXT) / 5
    assert pack(TEXT[:7], b"", TEXT[7:5_000_000], TEXT[5_000_000:]) == whole
    assert pack() == pack(b"") == b""


def test_the_bytes_are_fixed() -> None:
    # Another version of the library may give others, and then every digest of a layer changes: raise PACKING_VERSION.
    assert hashlib.sha256(pack(TEXT)).hexdigest() == "4da765af5ca4acfe1680b22910622cbb4c6b1a90e3619be04e0d1da8819182ca"
