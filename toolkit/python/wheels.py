"""Wheels on disk: found by sha256 in the cache, read member by member without unpacking.

The central directory is trusted, the local headers only for where a member's bytes begin; what does not
belong into a wheel (links, encryption, paths that lead elsewhere, names given twice) is refused.
"""

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from toolkit.errors import InputError, OutsideError
from toolkit.oci.layer import CHUNK, Stream, inflated

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_HINT = "the wheel is broken or not meant for installing; choose another version, or tell its authors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """A wheel file in the cache. `filename` is its name on the index, `sha256` the hex digest of its bytes."""

    filename: str
    sha256: str
    path: Path
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of a wheel: `offset` is that of its local header, `deflated` False means stored."""

    name: str
    raw_name: bytes
    offset: int
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
        """Return the member of this name, None when there is none."""
        return self._by_name.get(name)

    def what(self, member: Member) -> str:
        """Name a member in an error."""
        return f"{self.wheel.filename}: {member.name}"

    def stream(self, member: Member) -> Stream:
        """Give a member's bytes as they lie in the file, to be carried over into a layer."""
        return Stream(chunks=lambda: self._raw(member), size=member.size, crc=member.crc, raw=member.deflated)

    def read(self, member: Member) -> bytes:
        """Read a small member whole. Raises InputError when its size or CRC32 is wrong."""
        return b"".join(inflated(self.stream(member), self.what(member)))

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Read a member's content piece by piece, checked at its end."""
        return inflated(self.stream(member), self.what(member))

    def _raw(self, member: Member) -> Iterator[bytes]:
        descriptor = self._file.fileno()
        signature, name_size, extra_size = self._local_header(descriptor, member)
        start = member.offset + _LOCAL_HEADER.size
        name = os.pread(descriptor, name_size, start)
        if signature != _SIGNATURE or name != member.raw_name:
            raise InputError(f"{self.what(member)}: the archive's directory and the member disagree", hint=_HINT)
        position = start + name_size + extra_size
        left = member.compressed_size
        while left:
            chunk = os.pread(descriptor, min(left, CHUNK), position)
            if not chunk:
                raise InputError(f"{self.what(member)}: the file ends before the member does", hint=_HINT)
            left -= len(chunk)
            position += len(chunk)
            yield chunk

    def _local_header(self, descriptor: int, member: Member) -> tuple[bytes, int, int]:
        block = os.pread(descriptor, _LOCAL_HEADER.size, member.offset)
        if len(block) < _LOCAL_HEADER.size:
            raise InputError(f"{self.what(member)}: the file ends before the member does", hint=_HINT)
        signature, name_size, extra_size = _LOCAL_HEADER.unpack(block)
        return signature, name_size, extra_size


@contextmanager
def open_wheel(wheel: Wheel) -> Iterator[OpenWheel]:
    """Open a wheel for reading its members. Raises InputError when it is not a usable archive."""
    try:
        file = wheel.path.open("rb")
    except OSError as error:
        raise OutsideError(f"cannot read {wheel.filename} in the cache") from error
    with file:
        yield OpenWheel(wheel, file, read_members(wheel, file))


def read_members(wheel: Wheel, file: BinaryIO) -> tuple[Member, ...]:
    """List the files of a wheel in archive order, without directories. Raises InputError."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error) as error:
        raise InputError(f"{wheel.filename} is not a zip archive", hint=_HINT) from error
    members = tuple(_member(wheel, info) for info in infos if not info.is_dir())
    names = set()
    for member in members:
        if member.name in names:
            raise InputError(f"{wheel.filename} holds {member.name} twice", hint=_HINT)
        names.add(member.name)
    if sum(member.compressed_size for member in members) > wheel.path.stat().st_size:
        raise InputError(f"{wheel.filename}: members overlap", hint=_HINT)
    return members


def _member(wheel: Wheel, info: zipfile.ZipInfo) -> Member:
    name = info.filename
    problem = _problem(info)
    if problem:
        raise InputError(f"{wheel.filename}: {name!r} {problem}", hint=_HINT)
    mode = info.external_attr >> 16
    return Member(
        name=name,
        raw_name=info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437"),
        offset=info.header_offset,
        compressed_size=info.compress_size,
        size=info.file_size,
        crc=info.CRC,
        deflated=info.compress_type == zipfile.ZIP_DEFLATED,
        executable=stat.S_ISREG(mode) and bool(mode & 0o111),
    )


def _problem(info: zipfile.ZipInfo) -> str | None:
    stored = info.compress_type == zipfile.ZIP_STORED
    parts = info.filename.split("/")
    checks = (
        (info.orig_filename != info.filename or "\\" in info.filename, "is not a path"),
        (any(part in {"", ".", ".."} for part in parts), "leads out of the archive"),
        (stat.S_ISLNK(info.external_attr >> 16), "is a link, which wheels cannot hold"),
        (bool(info.flag_bits & _ENCRYPTED), "is encrypted"),
        (not stored and info.compress_type != zipfile.ZIP_DEFLATED, "is compressed with a method other than deflate"),
        (stored and info.compress_size != info.file_size, "has two different sizes"),
    )
    return next((problem for wrong, problem in checks if wrong), None)
