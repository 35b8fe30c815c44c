"""Wheels on disk: found by sha256 in the cache, read member by member without unpacking.

Like pip, it trusts the central directory; local headers only say where a member's bytes begin. It refuses what does not
belong in a wheel: links, encryption, paths that lead elsewhere, repeated names, members that share bytes.
"""

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from toolkit.cache.failures import unreadable
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.file import CHUNK, Stream

# APPNOTE.TXT, section 4.3.7: signature, and the lengths of name and extra field, which stand at the end.
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
# Flags of a member (APPNOTE.TXT, section 4.4.4).
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1 | 0x40
_PATCHED = 0x20
# The limits of file systems on Linux, in bytes: of a part of a path, and of a path, less the installation's prefix.
_LONGEST_PART = 255
_LONGEST_PATH = 3500
# Metadata and scripts are read whole; RECORD of the largest wheels has a few megabytes.
_LARGEST_READ = 64 << 20
_VERIFY = "`comp cache verify` removes what is damaged; then try again"
_HINT = "the wheel is broken or not meant for installing; choose another version, or tell its authors"


class Wheel(Struct, frozen=True, kw_only=True):
    """A wheel file in the cache. `filename` is its name on the index, `digest` that of its bytes."""

    filename: str
    digest: Digest
    path: Path
    size: int


class Member(Struct, frozen=True, kw_only=True):
    """One file of a wheel: its bytes begin at `start` in the archive, `deflated` False means stored."""

    name: str
    start: int
    compressed_size: int
    size: int
    crc: int
    deflated: bool
    executable: bool


class OpenWheel:
    """A wheel being read; get one from `open_wheel`."""

    def __init__(self, wheel: Wheel, file: BinaryIO, members: tuple[Member, ...]) -> None:
        self.wheel = wheel
        self.members = members
        self._file = file
        self._by_name = {member.name: member for member in members}

    def find(self, name: str) -> Member | None:
        """Return the member of this name; None if absent."""
        return self._by_name.get(name)

    def what(self, member: Member) -> str:
        """Name a member in an error."""
        return f"{self.wheel.filename}: {member.name}"

    def stream(self, member: Member) -> Stream:
        """Return a member's bytes as they lie in the file, to be carried over into a layer."""
        # Stored members get no place: the layer frames them in blocks, so their bytes do not lie in the layer as here.
        place = (self.wheel.digest, member.start) if member.deflated else None
        return Stream(
            chunks=lambda: self._raw(member), size=member.size, crc=member.crc, raw=member.deflated, place=place
        )

    def read(self, member: Member) -> bytes:
        """Read a small member whole. Raises InputError when it is not small, or its size or CRC32 is wrong."""
        if member.size > _LARGEST_READ:
            raise InputError(f"{self.what(member)} has {member.size} bytes, which is too many to look into", hint=_HINT)
        return b"".join(self.chunks(member))

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Read a member's content piece by piece, checked at its end."""
        return self.stream(member).plain(self.what(member))

    def _raw(self, member: Member) -> Iterator[bytes]:
        """Yield a member's bytes as they lie in the file. Raises InputError if the file ends too early."""
        position, left = member.start, member.compressed_size
        while left:
            # No position is shared, so several members can be read in turns.
            chunk = os.pread(self._file.fileno(), min(left, CHUNK), position)
            if not chunk:
                raise InputError(f"{self.what(member)}: the file ends before the member does", hint=_HINT)
            left -= len(chunk)
            position += len(chunk)
            yield chunk


@contextmanager
def open_wheel(wheel: Wheel) -> Iterator[OpenWheel]:
    """Open a wheel for reading its members. Raises InputError when it is not a usable archive."""
    try:
        file = wheel.path.open("rb")
    except OSError as error:
        raise _unreadable(wheel, error) from error
    with file:
        yield OpenWheel(wheel, file, read_members(wheel, file))


@contextmanager
def cache_suspected(wheels: Iterable[Wheel]) -> Iterator[None]:
    """Raise OutsideError in the place of InputError if a wheel's file in the cache does not match its sha256.

    The wheel itself is then not at fault.
    """
    try:
        yield
    except InputError as error:
        for wheel in wheels:
            try:
                with wheel.path.open("rb") as file:
                    # Only after a failure, since hashing every wheel would take time in every build.
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as missing:
                raise _unreadable(wheel, missing) from missing
            if found != wheel.digest.hex:
                raise OutsideError(
                    f"{wheel.filename} is damaged in the cache: {wheel.path} has the sha256 {found}", hint=_VERIFY
                ) from error
        raise


def _unreadable(wheel: Wheel, error: OSError) -> OutsideError:
    """Return the error for a wheel's file that cannot be read."""
    return unreadable(f"{wheel.filename} in the cache", error)


def apart_by_case(wheel: OpenWheel) -> tuple[tuple[str, str], ...]:
    """Return pairs of members whose names differ only in case: two files on Linux, one elsewhere."""
    first: dict[str, str] = {}
    pairs = ((first.setdefault(member.name.casefold(), member.name), member.name) for member in wheel.members)
    return tuple((one, other) for one, other in pairs if one != other)


def read_members(wheel: Wheel, file: BinaryIO) -> tuple[Member, ...]:
    """List the files of a wheel in archive order, without directories. Raises InputError."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos, end = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, OSError, struct.error) as error:
        raise InputError(f"{wheel.filename} is not a zip archive: {error}", hint=_HINT) from error
    files = [info for info in infos if not info.filename.endswith("/")]
    names = set()
    for info in files:
        problem = _problem(info)
        if problem:
            raise InputError(f"{wheel.filename}: {info.orig_filename!r} {problem}", hint=_HINT)
        if info.filename in names:
            raise InputError(f"{wheel.filename} holds {info.filename} twice", hint=_HINT)
        names.add(info.filename)
    members = tuple(_member(wheel, file, info) for info in files)
    _refuse_overlaps(wheel, [(info.header_offset, member) for info, member in zip(files, members, strict=True)], end)
    return members


def _member(wheel: Wheel, file: BinaryIO, info: zipfile.ZipInfo) -> Member:
    """Return a file of the archive. Raises InputError if its local header is invalid."""
    # Unix permissions, by convention in the upper half; a zip from another system has 0 there.
    mode = info.external_attr >> 16
    return Member(
        name=info.filename,
        start=_start(wheel, file, info),
        compressed_size=info.compress_size,
        size=info.file_size,
        crc=info.CRC,
        deflated=info.compress_type == zipfile.ZIP_DEFLATED,
        executable=stat.S_ISREG(mode) and bool(mode & 0o111),
    )


def _start(wheel: Wheel, file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Return where a member's bytes begin: after its local header, whose length is not in the directory."""
    # The bytes of the name as they stand in the archive; zipfile has decoded them by the same flag.
    raw_name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")
    wanted = _LOCAL_HEADER.size + len(raw_name)
    block = os.pread(file.fileno(), wanted, info.header_offset) if info.header_offset >= 0 else b""
    if len(block) < wanted:
        raise InputError(f"{wheel.filename}: {info.filename}: the file ends before the member does", hint=_HINT)
    signature, name_size, extra_size = _LOCAL_HEADER.unpack_from(block)
    # A tool that trusts local headers would see another file here than this one.
    if signature != _SIGNATURE or name_size != len(raw_name) or block[_LOCAL_HEADER.size :] != raw_name:
        raise InputError(
            f"{wheel.filename}: {info.filename}: the archive's directory and the member disagree", hint=_HINT
        )
    return info.header_offset + wanted + int(extra_size)


def _refuse_overlaps(wheel: Wheel, placed: Sequence[tuple[int, Member]], end: int) -> None:
    """Raise InputError when members share bytes, by which a small archive would inflate to a huge one.

    Each member comes with the offset of its header; `end` is that of the archive's directory.
    """
    done, before = 0, ""
    for begin, member in sorted(placed, key=lambda one: one[0]):
        if begin < done:
            raise InputError(f"{wheel.filename}: {before} and {member.name} overlap", hint=_HINT)
        done, before = member.start + member.compressed_size, member.name
    if done > end:
        raise InputError(f"{wheel.filename}: {before} and the archive's directory overlap", hint=_HINT)


def _problem(info: zipfile.ZipInfo) -> str | None:
    """Return why a file does not belong in a wheel; None if it does."""
    stored = info.compress_type == zipfile.ZIP_STORED
    parts = info.filename.split("/")
    lengths = [len(part.encode()) for part in parts]
    checks = (
        # zipfile cuts a name at a NUL, and turns backslashes into slashes on Windows.
        (info.orig_filename != info.filename or "\\" in info.filename, "is not a path"),
        (any(part in {"", ".", ".."} for part in parts), "leads out of the archive"),
        (max(lengths) > _LONGEST_PART or sum(lengths) + len(parts) > _LONGEST_PATH, "is longer than a path may be"),
        (stat.S_ISLNK(info.external_attr >> 16), "is a link, which wheels cannot hold"),
        (bool(info.flag_bits & _ENCRYPTED), "is encrypted"),
        (bool(info.flag_bits & _PATCHED), "is a patch of another file"),
        (not stored and info.compress_type != zipfile.ZIP_DEFLATED, "is compressed with a method other than deflate"),
        (stored and info.compress_size != info.file_size, "has two different sizes"),
    )
    return next((problem for wrong, problem in checks if wrong), None)
