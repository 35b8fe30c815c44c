"""Shared objects with only the bytes that the reader of their needs reads (System V ABI)."""

import struct


def shared_object(*needed: str, wide: bool = True, order: str = "<") -> bytes:
    """Make an ELF file that asks for libraries: headers, a dynamic section, and its strings, loaded at 0x1000."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in needed)
    offsets = [strings.index(b"\0" + name.encode() + b"\0") + 1 for name in needed]
    header_size, segment_size = (64, 56) if wide else (52, 32)
    entry = struct.Struct(f"{order}qQ" if wide else f"{order}iI")
    dynamic_at = header_size + 2 * segment_size
    strings_at = dynamic_at + entry.size * (len(needed) + 2)
    size = strings_at + len(strings)
    tags = [*((1, offset) for offset in offsets), (5, 0x1000 + strings_at), (0, 0)]
    dynamic = b"".join(entry.pack(*tag) for tag in tags)
    identification = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    if wide:
        rest = struct.pack(f"{order}HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        loaded = struct.pack(f"{order}II6Q", 1, 5, 0, 0x1000, 0x1000, size, size, 1)
        pointed = (dynamic_at, 0x1000 + dynamic_at, 0, len(dynamic), len(dynamic), 8)
        described = struct.pack(f"{order}II6Q", 2, 6, *pointed)
    else:
        rest = struct.pack(f"{order}HHIIIIIHHHHHH", 3, 3, 1, 0, 52, 0, 0, 52, 32, 2, 0, 0, 0)
        loaded = struct.pack(f"{order}8I", 1, 0, 0x1000, 0x1000, size, size, 5, 1)
        described = struct.pack(f"{order}8I", 2, dynamic_at, 0x1000 + dynamic_at, 0, len(dynamic), len(dynamic), 6, 4)
    return identification + rest + loaded + described + dynamic + strings
