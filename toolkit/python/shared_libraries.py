"""The shared libraries that machine code asks for, and the Debian packages that have them.

ELF as in the System V ABI: "Program Header" and "Dynamic Section". Files are 64-bit or 32-bit, of either byte order.
"""

import re
import struct
from collections.abc import Container, Iterable, Iterator

from msgspec import Struct

from toolkit.limits import LIBRARY_SIZE

_MAGIC = b"\x7fELF"
# PT_LOAD and PT_DYNAMIC of segments; DT_NULL, DT_NEEDED and DT_STRTAB of entries.
_LOADED, _DYNAMIC = 1, 2
_END, _NEEDED, _STRINGS = 0, 1, 5
# Bounds on the work that a damaged file can ask for.
_MOST_HEADERS = 200
_LONGEST_NAME = 256
_MOST_ENTRIES = 4000
_LIBRARY = re.compile(r"[^/\0-\x20\x7f]{1,200}\.so(?:\.[\w.-]{1,50})?")
# Drivers, which a container runtime adds to the container, and the C library's own loader.
_FROM_ELSEWHERE = re.compile(r"(?:libcuda|libnvidia-[\w-]+|libnvcuvid|libvulkan_[\w]+|ld-linux[\w-]*)\.so(?:\..*)?")
# Debian names the package of a library after its soname (Debian Policy, section 8.1), except for these.
_PACKAGES = {
    "libz.so.1": "zlib1g",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libgmodule-2.0.so.0": "libglib2.0-0",
    "libgdk-3.so.0": "libgtk-3-0",
    "libatk-1.0.so.0": "libatk1.0-0",
    "libgstreamer-1.0.so.0": "libgstreamer1.0-0",
    "libxml2.so.2": "libxml2",
    "libcurl-gnutls.so.4": "libcurl3-gnutls",
    "libatlas.so.3": "libatlas3-base",
    "libnsl.so.1": "libnsl2",
    "libmvec.so.1": "libc6",
}


class _Form(Struct, frozen=True, kw_only=True):
    """How the numbers of a file are written: an address, a program header, an entry of the dynamic section."""

    header: struct.Struct
    segment: struct.Struct
    entry: struct.Struct
    wide: bool


def needed_libraries(chunks: Iterable[bytes]) -> tuple[str, ...]:
    """List the libraries that an ELF file asks for (DT_NEEDED), in its order; empty for anything else.

    `chunks` are the file's content from its beginning; no more is read than is needed, and nothing of a file that
    needs more than `COMP_LIMIT_LIBRARY_SIZE`.
    """
    file = _Beginning(iter(chunks))
    form = _form(file.bytes(0, 16))
    if form is None:
        return ()
    segments = list(_segments(file, form))
    dynamic = next((one for one in segments if one[0] == _DYNAMIC), None)
    if dynamic is None:
        return ()
    entries = list(_entries(file.bytes(dynamic[1], min(dynamic[3], _MOST_ENTRIES * form.entry.size)), form))
    strings = next((value for tag, value in entries if tag == _STRINGS), None)
    if strings is None:
        return ()
    names = []
    for tag, value in entries:
        # DT_STRTAB is an address in memory, not an offset in the file.
        place = _place(segments, strings + value) if tag == _NEEDED else None
        if place is not None:
            name, end, _ = file.bytes(place, _LONGEST_NAME).partition(b"\0")
            names += [name.decode("utf-8", "replace")] if end else []
    return tuple(name for name in dict.fromkeys(names) if _LIBRARY.fullmatch(name))


def is_library(path: str) -> bool:
    """Return whether a file has the name of a shared library: `lib.so`, `lib.so.1.2`."""
    return _LIBRARY.fullmatch(path.rpartition("/")[2]) is not None


def missing_of(asked: Iterable[str], present: Container[str]) -> tuple[str, ...]:
    """List the missing libraries, sorted; drivers do not count, since they come from outside of the image.

    A library of that name anywhere counts as present: whether the loader finds it is known only when it runs.
    """
    return tuple(sorted({name for name in asked if name not in present and not _FROM_ELSEWHERE.fullmatch(name)}))


def debian_package(library: str) -> str:
    """Name the package of Debian that has a library, by Debian's rule: `libGL.so.1` is in `libgl1`."""
    if library in _PACKAGES:
        return _PACKAGES[library]
    stem, _, version = library.partition(".so")
    version = version.lstrip(".")
    joint = "-" if version and stem[-1:].isdigit() else ""
    return f"{stem}{joint}{version}".replace("_", "-").lower()


class _Beginning:
    """The beginning of a stream, read as far as needed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._read = bytearray()

    def bytes(self, start: int, size: int) -> bytes:
        """Return up to `size` bytes from `start` on; less at the end of the file, or beyond the limit."""
        end = start + size
        if end > LIBRARY_SIZE.value:
            return b""
        # The stream cannot go back, and tables may stand in any order, so what was read is kept.
        while len(self._read) < end:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._read += chunk
        return bytes(self._read[start:end])


def _form(identification: bytes) -> _Form | None:
    """Return how a file writes its numbers, by its first bytes; None if it is not ELF."""
    if len(identification) < 16 or not identification.startswith(_MAGIC):  # noqa: PLR2004 (EI_NIDENT)
        return None
    wide, order = identification[4] == 2, "<" if identification[5] == 1 else ">"  # noqa: PLR2004 (ELFCLASS64)
    if wide:
        return _Form(
            header=struct.Struct(f"{order}32xQ14xHH"),
            segment=struct.Struct(f"{order}II6Q"),
            entry=struct.Struct(f"{order}qQ"),
            wide=True,
        )
    return _Form(
        header=struct.Struct(f"{order}28xI10xHH"),
        segment=struct.Struct(f"{order}8I"),
        entry=struct.Struct(f"{order}iI"),
        wide=False,
    )


def _segments(file: _Beginning, form: _Form) -> Iterator[tuple[int, int, int, int]]:
    """Yield type, offset in the file, address and size in the file of each segment."""
    header = file.bytes(0, form.header.size)
    if len(header) < form.header.size:
        return
    offset, size, count = form.header.unpack(header)
    if size < form.segment.size:
        return
    for number in range(min(count, _MOST_HEADERS)):
        raw = file.bytes(offset + number * size, form.segment.size)
        if len(raw) < form.segment.size:
            return
        if form.wide:
            # The 64-bit form has the flags second, the 32-bit form seventh.
            kind, _, start, address, _, length, _, _ = form.segment.unpack(raw)
        else:
            kind, start, address, _, length, _, _, _ = form.segment.unpack(raw)
        yield kind, start, address, length


def _entries(raw: bytes, form: _Form) -> Iterator[tuple[int, int]]:
    """Yield tag and value of the dynamic section's entries, up to its end mark."""
    for position in range(0, len(raw) - form.entry.size + 1, form.entry.size):
        tag, value = form.entry.unpack_from(raw, position)
        if tag == _END:
            return
        yield tag, value


def _place(segments: Iterable[tuple[int, int, int, int]], address: int) -> int | None:
    """Return the offset in the file of an address in memory."""
    for kind, start, first, length in segments:
        if kind == _LOADED and first <= address < first + length:
            return start + address - first
    return None
