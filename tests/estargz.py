"""A reader of eStargz, written from its specification (stargz-snapshotter, docs/estargz.md), not from our writer."""

import hashlib
import io
import json
import re
import struct
import tarfile
import zlib
from typing import Any

_FOOTER = 51


def toc_of(blob: bytes, digest: str) -> list[dict[str, Any]]:
    """Find the table of contents by the footer, check it against its digest, and give its entries."""
    footer = blob[-_FOOTER:]
    # RFC 1952: magic, deflate, FEXTRA only; then the extra field, an empty stored block, CRC32 and ISIZE of nothing.
    assert footer[:4] == b"\x1f\x8b\x08\x04"
    (extra,) = struct.unpack_from("<H", footer, 10)
    identifier, length = footer[12:14], struct.unpack_from("<H", footer, 14)[0]
    assert (extra, identifier, length) == (26, b"SG", 22)
    found = re.fullmatch(rb"([0-9a-f]{16})STARGZ", footer[16:38])
    assert found
    assert footer[38:] == b"\x01\0\0\xff\xff" + bytes(8)
    # One member, from where the footer says to where it begins: the tar entry of the table.
    inflater = zlib.decompressobj(wbits=31)
    plain = inflater.decompress(blob[int(found[1], 16) : -_FOOTER])
    assert inflater.eof
    assert inflater.unused_data == b""
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        (member,) = archive.getmembers()
        assert member.name == "stargz.index.json"
        stream = archive.extractfile(member)
        assert stream
        text = stream.read()
    assert f"sha256:{hashlib.sha256(text).hexdigest()}" == digest
    document = json.loads(text)
    assert document["version"] == 1
    entries: list[dict[str, Any]] = document["entries"]
    return entries


def read_lazily(blob: bytes, entry: dict[str, Any]) -> bytes:
    """Read one regular file from where its entry says, and check it against its digest."""
    if not entry.get("size"):
        return b""
    wanted, found = entry["size"], b""
    rest = blob[entry["offset"] :]
    while len(found) < wanted:
        inflater = zlib.decompressobj(wbits=31)
        found += inflater.decompress(rest)
        rest = inflater.unused_data
    content = found[:wanted]
    assert entry["chunkDigest"] == entry["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert not entry.get("chunkSize")
    return content
