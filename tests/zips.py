"""Zip archives written field by field, for what `zipfile` refuses to write.

PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (directory) and 4.3.16 (its end).
"""

import struct
import zlib
from collections.abc import Sequence

from msgspec import Struct

_NONE = 0xFFFFFFFF


class Part(Struct, frozen=True, kw_only=True):
    """One member: `data` as it stands in the archive; what is None is said truly."""

    name: bytes
    data: bytes = b""
    method: int = 0
    flags: int = 0x800
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    mode: int = 0o100644
    zip64: bool = False
    offset: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_crc: int | None = None
    local_extra: bytes = b""
    behind: bytes = b""


def text(name: str, content: bytes | str) -> Part:
    """Store a member, honestly."""
    return Part(name=name.encode(), data=content.encode() if isinstance(content, str) else content)


def deflated(name: str, content: bytes) -> Part:
    """Deflate a member, honestly."""
    compressor = zlib.compressobj(wbits=-15)
    data = compressor.compress(content) + compressor.flush()
    return Part(name=name.encode(), data=data, method=8, crc=zlib.crc32(content), size=len(content))


def archive(parts: Sequence[Part], *, comment: bytes = b"") -> bytes:
    """Write local headers with their data, the directory, and its end."""
    body, directory = b"", b""
    for part in parts:
        offset = len(body) if part.offset is None else part.offset
        if part.offset is None:
            body += _local(part) + part.data + part.behind
        directory += _central(part, offset)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(parts), len(parts), len(directory), len(body), len(comment))
    return body + directory + end + comment


def _local(part: Part) -> bytes:
    name = part.name if part.local_name is None else part.local_name
    crc = _crc(part) if part.local_crc is None else part.local_crc
    packed, size = len(part.data), _size(part)
    if part.local_size is not None:
        packed = size = part.local_size
    head = (b"PK\3\4", 20, part.flags, part.method, 0, 33, crc, min(packed, _NONE), min(size, _NONE))
    return struct.pack("<4s5H3L2H", *head, len(name), len(part.local_extra)) + name + part.local_extra


def _central(part: Part, offset: int) -> bytes:
    packed, size, extra = _packed(part), _size(part), b""
    if part.zip64:
        extra = struct.pack("<2H3Q", 1, 24, size, packed, offset)
        packed = size = offset = _NONE
    head = (b"PK\1\2", 20 | 3 << 8, 20, part.flags, part.method, 0, 33, _crc(part), packed, size)
    rest = (len(part.name), len(extra), 0, 0, 0, part.mode << 16, offset)
    return struct.pack("<4s6H3L", *head) + struct.pack("<5H2L", *rest) + part.name + extra


def _crc(part: Part) -> int:
    return zlib.crc32(part.data) if part.crc is None else part.crc


def _size(part: Part) -> int:
    return len(part.data) if part.size is None else part.size


def _packed(part: Part) -> int:
    return len(part.data) if part.packed_size is None else part.packed_size
