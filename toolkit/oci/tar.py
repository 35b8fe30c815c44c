"""Tar headers that depend on nothing but path, mode, size, owner and link target (POSIX.1-2017, pax).

Owner 0:0 unless another is named, without names of owners, one fixed time. A pax header appears only where ustar has no
room: for names that are long or not ASCII, and files of 8 GiB and more.
"""

# Raise it with any change, for the same inputs, to what a layer contains or to what the image's config says.
LAYOUT_VERSION = 3

# 1980-01-01 in UTC, the earliest time that a zip can hold: tools inside the image may zip these files.
MTIME = 315532800

BLOCK = 512
END_OF_ARCHIVE = bytes(2 * BLOCK)

REGULAR = b"0"
HARD_LINK = b"1"
SYMLINK = b"2"
DIRECTORY = b"5"

_PAX = b"x"
_NAME = 100
_PREFIX = 155
# The size field has eleven octal digits.
_LARGEST = 8**11 - 1


def header(
    path: str,
    *,
    kind: bytes = REGULAR,
    mode: int = 0o644,
    size: int = 0,
    target: str = "",
    owner: tuple[int, int] = (0, 0),
) -> bytes:
    """Make the header block of one entry, with a pax header before it where one is needed.

    `path` has no leading slash and, for a directory, no trailing one. `owner` has the numbers of a user and a group.
    """
    name = path + "/" if kind == DIRECTORY else path
    records = []
    split = _split(name)
    if split is None:
        records.append(_record("path", name))
        split = _approximate(name), b""
    link = _ascii(target)
    if link is None or len(link) > _NAME:
        records.append(_record("linkpath", target))
        # Readers without pax see this; the record above takes its place for all others.
        link = _approximate(target)
    if size > _LARGEST:
        records.append(_record("size", str(size)))
    # Zero for a size that has no room: the pax record decides.
    block = _block(split, kind, mode, size if size <= _LARGEST else 0, link, owner)
    if not records:
        return block
    extended = b"".join(records)
    # Readers ignore the name of a pax header; this is the one that Python's tarfile writes.
    before = _block((b"././@PaxHeader", b""), _PAX, 0o644, len(extended), b"", (0, 0))
    return before + extended + padding(len(extended)) + block


def padding(size: int) -> bytes:
    """Fill content of `size` bytes up to the next block."""
    return bytes(-size % BLOCK)


def _block(name: tuple[bytes, bytes], kind: bytes, mode: int, size: int, link: bytes, owner: tuple[int, int]) -> bytes:
    """Return one header block with its checksum."""
    last, prefix = name
    fields = b"".join(
        (
            last.ljust(_NAME, b"\0"),
            b"%07o\0%07o\0%07o\0" % (mode, *owner),
            b"%011o\0" % size,
            b"%011o\0" % MTIME,
            # The checksum counts its own field as spaces (POSIX.1-2017, pax, "ustar Interchange Format").
            b"        ",
            kind,
            link.ljust(_NAME, b"\0"),
            b"ustar\x0000",
            bytes(64),
            b"0000000\x000000000\0",
            prefix.ljust(_PREFIX + 12, b"\0"),
        )
    )
    return b"%s%06o\0 %s" % (fields[:148], sum(fields), fields[156:])


def _split(name: str) -> tuple[bytes, bytes] | None:
    """Divide a name over ustar's name and prefix fields; None when it does not fit or is not ASCII."""
    raw = _ascii(name)
    if raw is None:
        return None
    if len(raw) <= _NAME:
        return raw, b""
    # The last slash that leaves a name behind it: a folder's own slash at the end does not divide.
    cut = raw.rfind(b"/", 0, min(_PREFIX, len(raw) - 2) + 1)
    last = raw[cut + 1 :]
    if cut <= 0 or not last or len(last) > _NAME:
        return None
    return last, raw[:cut]


def _record(key: str, value: str) -> bytes:
    """Make one pax record; its length field counts itself."""
    rest = f" {key}={value}\n".encode()
    size = len(rest) + 1
    # Counting the length's own digits can add a digit.
    while len(str(size)) + len(rest) != size:
        size = len(str(size)) + len(rest)
    return str(size).encode() + rest


def _ascii(text: str) -> bytes | None:
    """Return the bytes of an ASCII text, else None."""
    return text.encode() if text.isascii() else None


def _approximate(text: str) -> bytes:
    """Return as much of a text as fits a name field, with `?` for other characters than ASCII."""
    return text.encode("ascii", "replace")[:_NAME]
