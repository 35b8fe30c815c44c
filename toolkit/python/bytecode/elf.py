"""Which loader a program names (System V ABI, "Program Header": PT_INTERP), for 64-bit little-endian ELF files."""

import struct
from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_INTERPRETER = 3


def loader_of(program: Path) -> str | None:
    """Give the path of the loader that an ELF program names; None for one that needs none, and for other files."""
    with program.open("rb") as stream:
        header = stream.read(_HEADER.size)
        if not header.startswith(_MAGIC) or len(header) < _HEADER.size:
            return None
        _, _, _, _, offset, _, _, _, size, count, *_ = _HEADER.unpack(header)
        for number in range(count):
            stream.seek(offset + number * size)
            segment = stream.read(_SEGMENT.size)
            if len(segment) < _SEGMENT.size:
                return None
            kind, _, start, _, _, length, *_ = _SEGMENT.unpack(segment)
            if kind == _INTERPRETER:
                stream.seek(start)
                return stream.read(length).rstrip(b"\0").decode("utf-8", "replace")
    return None
