"""Plain content as gzip members whose bytes are the same on every machine: by libdeflate, in one fixed version.

zlib promises nothing across versions, and some systems have another library under its name; the encoder of
`toolkit.oci.deflate` is for small pieces. pyproject.toml names the one version of libdeflate's binding: another one may
compress otherwise, and the digests of layers would change without any change of their content.
"""

import zlib
from collections.abc import Iterable, Iterator

from toolkit.oci.deflate import GZIP_HEADER, gzip_trailer

# Raise it with any change that alters one output byte for any input.
PACKING_VERSION = 1

# Smaller than zlib's usual 6, and four times as fast.
_LEVEL = 6
# Content of one member. Larger ones compress hardly better, and all of it is in memory.
_PIECE = 1 << 22


def packed(plain: Iterable[bytes]) -> Iterator[bytes]:
    """Yield gzip members (RFC 1952) that hold the content, wherever the chunks of `plain` end."""
    import deflate

    for piece in _evenly(plain):
        data = deflate.deflate_compress(piece, _LEVEL)
        yield b"".join((GZIP_HEADER, data, gzip_trailer(zlib.crc32(piece), len(piece))))


def _evenly(plain: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content in pieces of equal size, and a last one that is smaller."""
    waiting = bytearray()
    for chunk in plain:
        waiting += chunk
        while len(waiting) >= _PIECE:
            yield bytes(waiting[:_PIECE])
            del waiting[:_PIECE]
    if waiting:
        yield bytes(waiting)
