"""A small deflate encoder whose output is the same everywhere, and the gzip framing around it.

Layer digests must not depend on a compressor's version or on the processor, so bytes that no wheel has
deflated already go through this encoder: fixed Huffman codes (RFC 1951, section 3.2.6) or stored blocks, in
gzip members with constant headers (RFC 1952). It is for tar headers, padding and small texts; it does not
try to compress well.
"""

import re
import zlib
from bisect import bisect_right
from functools import cache, lru_cache

# Raise it with any change that alters one output byte for any input; it is part of every layer's cache key.
ENCODER_VERSION = 1

# No flags, no time, no extra flags, unknown operating system.
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

# Up to here only runs of zeros are sought: a tar header has nothing else to find.
_RUNS_ONLY = 2048
# Above this size data is stored: matching byte by byte in Python would take longer than it saves. It is also
# the farthest that a match can reach back, so distances need no check.
LARGEST_ENCODED = 32768

LONGEST_STORED = 65535  # bytes of one stored block
_LONGEST_MATCH = 258
_SHORTEST_RUN = 3  # after its first byte, which is a literal
_KEY = 4  # bytes that must agree before a match is looked at
_STRIDE = 16

# What tar headers are full of: empty fields and octal numbers.
_RUN = re.compile(rb"\0{4,}|0{4,}")
_LAST_FIXED_BLOCK = "110"
_END_OF_BLOCK = "0000000"

# The tables of RFC 1951, section 3.2.5: the shortest length or distance of each code, and its number of extra bits.
_LENGTH_BASES = (
    *(3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115),
    *(131, 163, 195, 227, 258),
)
_LENGTH_EXTRA = (0,) * 8 + (1,) * 4 + (2,) * 4 + (3,) * 4 + (4,) * 4 + (5,) * 4 + (0,)
_DISTANCE_BASES = (
    *(1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049),
    *(3073, 4097, 6145, 8193, 12289, 16385, 24577),
)


def _symbol(value: int) -> str:
    """Return the code of a literal/length symbol as text, first bit first."""
    if value < 144:  # noqa: PLR2004 (the table of section 3.2.6)
        return f"{0x30 + value:08b}"
    if value < 256:  # noqa: PLR2004
        return f"{0x190 + value - 144:09b}"
    if value < 280:  # noqa: PLR2004
        return f"{value - 256:07b}"
    return f"{0xC0 + value - 280:08b}"


def _extra(value: int, bits: int) -> str:
    """Return the extra bits of a length or distance as text."""
    # Extra bits go least significant first, unlike the codes before them.
    return f"{value:0{bits}b}"[::-1] if bits else ""


def _length(value: int) -> str:
    """Return the code of a match's length with its extra bits."""
    index = bisect_right(_LENGTH_BASES, value) - 1
    return _symbol(257 + index) + _extra(value - _LENGTH_BASES[index], _LENGTH_EXTRA[index])


@cache
def _distance(value: int) -> str:
    """Return the code of a match's distance with its extra bits."""
    index = bisect_right(_DISTANCE_BASES, value) - 1
    # Codes of distances are plain numbers of five bits (section 3.2.6); each second code has one extra bit more.
    return f"{index:05b}" + _extra(value - _DISTANCE_BASES[index], max(0, index // 2 - 1))


_LITERALS = tuple(_symbol(value) for value in range(256))
# Three empty texts, so that the index is the length: no match is shorter than 3.
_LENGTHS = ("",) * 3 + tuple(_length(value) for value in range(3, _LONGEST_MATCH + 1))


def deflate(data: bytes) -> bytes:
    """Encode `data` as one complete deflate stream."""
    if len(data) <= LARGEST_ENCODED:
        bits = _runs(data) if len(data) <= _RUNS_ONLY else _matches(data)
        text = "".join((_LAST_FIXED_BLOCK, *bits, _END_OF_BLOCK))
        # A stored block has a header of 5 bytes; data that fixed codes make larger than that is stored.
        if len(text) <= 8 * (len(data) + 5):
            # Deflate fills each byte from its lowest bit on (section 3.1.1), so the text reads backwards as one number.
            return int(text[::-1], 2).to_bytes((len(text) + 7) // 8, "little")
    return stored(data, last=True)


def stored(data: bytes, *, last: bool) -> bytes:
    """Encode `data` as stored blocks; `last` ends the stream."""
    pieces: list[bytes] = []
    # Empty data too needs one block, to end the stream.
    for start in range(0, len(data) or 1, LONGEST_STORED):
        piece = data[start : start + LONGEST_STORED]
        ends = last and start + LONGEST_STORED >= len(data)
        size = len(piece)
        pieces += (bytes((ends,)), size.to_bytes(2, "little"), (size ^ 0xFFFF).to_bytes(2, "little"), piece)
    return b"".join(pieces)


def gzip_member(data: bytes) -> bytes:
    """Encode `data` as one gzip member."""
    return b"".join((GZIP_HEADER, deflate(data), gzip_trailer(zlib.crc32(data), len(data))))


def gzip_trailer(crc: int, size: int) -> bytes:
    """End a gzip member whose content has this CRC32 and size."""
    # The size is kept modulo 2**32 (RFC 1952, section 2.3.1).
    return crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def _runs(data: bytes) -> list[str]:
    """Tokens of `data`: literals, and runs of zeros as matches at distance 1."""
    bits: list[str] = []
    position = 0
    for match in _RUN.finditer(data):
        start, end = match.span()
        # The first byte of a run is a literal, since a match needs something to refer back to.
        bits += (_literals(data[position : start + 1]), _run(end - start - 1, data[start]))
        position = end
    bits.append(_literals(data[position:]))
    return bits


@lru_cache(1024)
def _literals(data: bytes) -> str:
    """Return the codes of bytes that no match covers."""
    # Tar headers repeat most of their fields; remembering them halves the time they take.
    return "".join(map(_LITERALS.__getitem__, data))


@cache
def _run(length: int, value: int) -> str:
    """Return the codes of a run of `length` bytes that follow one of their kind."""
    bits = []
    while length >= _SHORTEST_RUN:
        step = min(length, _LONGEST_MATCH)
        bits.append(_LENGTHS[step] + _distance(1))
        length -= step
    # What is left over is too short for a match.
    return "".join(bits) + _LITERALS[value] * length


def _matches(data: bytes) -> list[str]:
    """Tokens of `data`: greedy matches against the latest place where the same four bytes began."""
    bits: list[str] = []
    latest: dict[bytes, int] = {}
    position, end = 0, len(data)
    while position < end:
        key = data[position : position + _KEY]
        before = latest.get(key, -1)
        latest[key] = position
        if before < 0 or len(key) < _KEY:
            bits.append(_LITERALS[data[position]])
            position += 1
        else:
            # Places inside a match are not recorded, since that would take time for each byte.
            size = _common(data, before, position, min(_LONGEST_MATCH, end - position))
            bits.append(_LENGTHS[size] + _distance(position - before))
            position += size
    return bits


def _common(data: bytes, before: int, position: int, limit: int) -> int:
    """Count how many bytes agree from both places on, at most `limit`, knowing that the key does."""
    size = _KEY
    # Slices are compared first: a loop over bytes costs Python more than one comparison of 16.
    while (
        size + _STRIDE <= limit
        and data[before + size : before + size + _STRIDE] == data[position + size : position + size + _STRIDE]
    ):
        size += _STRIDE
    while size < limit and data[before + size] == data[position + size]:
        size += 1
    return size
