"""Malformed tars, made from small recipes."""

import struct
import tarfile
from collections.abc import Mapping


def header(name: str = "a", *, size: bytes | None = None, kind: bytes = b"0", data: bytes = b"") -> bytes:
    """Make one member; `size` are the twelve bytes of its field when they are not what the data says."""
    info = tarfile.TarInfo(name[:100])
    info.size, info.type = len(data), kind
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT)[:512])
    if size is not None:
        block[124:136] = size
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data + bytes(-len(data) % 512)


def base256(number: int) -> bytes:
    """Write a size as GNU tar does when it is too large for octal digits, or negative."""
    return (b"\x80" if number >= 0 else b"\xff") + number.to_bytes(11, "big", signed=True)


def misread(block: bytes) -> bytes:
    """Break the checksum of a member's header."""
    return block[:148] + b"000000\0 " + block[156:]


def pax(records: Mapping[str, str], name: str = "a", data: bytes = b"") -> bytes:
    """Make a member with extended headers."""
    written = b""
    for key, value in records.items():
        length = len(f" {key}={value}\n".encode())
        total = length + len(str(length))
        total = length + len(str(total))
        written += f"{total} {key}={value}\n".encode()
    return header("pax", kind=b"x", data=written) + header(name, data=data)


def raw_pax(records: bytes) -> bytes:
    """Make a member whose extended header is these bytes."""
    return header("pax", kind=b"x", data=records) + header()


def sparse(*pieces: tuple[int, int], real: int = 100) -> bytes:
    """Make an old GNU sparse file of these pieces."""
    block = bytearray(header("sparse", kind=b"S", data=b""))
    fields = b"".join(b"%011o\0%011o\0" % piece for piece in pieces[:4]).ljust(96, b"\0")
    block[257:265] = b"ustar  \0"
    block[386:482] = fields
    block[483:495] = b"%011o\0" % real
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(512)


LONG = "a/" * 40_000

# What tarfile takes for 0 or nothing: harmless, and so read.
ODD: dict[str, bytes] = {
    "a size of thousands of digits": pax({"size": "9" * 5000}),
    "a size that is no number": pax({"size": "x"}),
    "a sparse map of one": pax({"GNU.sparse.map": "1", "GNU.sparse.size": "5"}),
}

# What each archive is about, and its bytes; each is refused, soon and in words.
TARS: dict[str, bytes] = {
    "a size without end": pax({"size": "9" * 30}),
    "a negative size": pax({"size": "-512"}),
    "a broken header after a sound one": header() + misread(header("b")),
    "a huge size in base 256": header(size=base256(1 << 80)),
    "a negative size in base 256": header(size=base256(-512)),
    "a long path": pax({"path": LONG}),
    "a long link": pax({"linkpath": LONG}),
    "a sparse map of words": pax({"GNU.sparse.map": "a,b", "GNU.sparse.size": "5"}),
    "a sparse size of words": pax({"GNU.sparse.size": "x", "GNU.sparse.map": "0,5"}),
    "a sparse header without a map": pax(
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "5"}
    ),
    "a sparse map without numbers": pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}, data=b"x\n" * 256),
    "a sparse map that overlaps": pax({"GNU.sparse.map": "5,5,0,5", "GNU.sparse.size": "10"}, "etc/os-release"),
    "an old sparse map that overlaps": sparse((50, 10), (0, 10)),
    "many headers in a row": header("././@LongLink", kind=b"L", data=b"a") * 3000 + header(),
    "a record of length 0": raw_pax(b"0 a=b\n"),
    "a record of thousands of digits": raw_pax(b"9" * 5000 + b" a=b\n"),
}


def whole(members: bytes) -> bytes:
    """End a tar."""
    return members + bytes(1024)


def elf(*, offset: int = 64, count: int = 1, size: int = 56, start: int = 0, length: int = 0) -> bytes:
    """Make the head of an ELF program with one segment that names its loader."""
    top = struct.pack("<16xHHIQQQIHHHHHH", 2, 62, 1, 0, offset, 0, 0, 64, size, count, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 3, 4, start, 0, 0, length, length, 1)
    return b"\x7fELF\x02\x01" + top[6:] + segment
