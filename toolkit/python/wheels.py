"""Wheels on disk: found by sha256 in the cache, read member by member without unpacking.

The central directory is trusted, as pip does, the local headers only for where a member's bytes begin; what does
not belong into a wheel (links, encryption, paths that lead elsewhere, names given twice, members that share bytes)
is refused.
"""

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from toolkit.cache import unreadable
from toolkit.errors import InputError, OutsideError
from toolkit.oci.layer import CHUNK, Stream, inflated

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1 | 0x40
_PATCHED = 0x20
# What file systems of Linux take, in bytes: a part of a path, and a path with room for where it is installed.
_LONGEST_PART = 255
_LONGEST_PATH = 3500
# Metadata and scripts are read whole; RECORD of the largest wheels has a few megabytes.
_LARGEST_READ = 64 << 20
_VERIFY = "`comp cache verify` removes what is damaged; then try again"
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
        """Return the member of this name, None when there is none."""
        return self._by_name.get(name)

    def what(self, member: Member) -> str:
        """Name a member in an error."""
        return f"{self.wheel.filename}: {member.name}"

    def stream(self, member: Member) -> Stream:
        """Give a member's bytes as they lie in the file, to be carried over into a layer."""
        place = (self.wheel.sha256, member.start) if member.deflated else None
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
        return inflated(self.stream(member), self.what(member))

    def _raw(self, member: Member) -> Iterator[bytes]:
        position, left = member.start, member.compressed_size
        while left:
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
    """Find out, when something is wrong with one of these wheels, whether it is only the file in the cache.

    Turns InputError into OutsideError where a file is not what its sha256 says.
    """
    try:
        yield
    except InputError as error:
        for wheel in wheels:
            try:
                with wheel.path.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as missing:
                raise _unreadable(wheel, missing) from missing
            if found != wheel.sha256:
                raise OutsideError(
                    f"{wheel.filename} is damaged in the cache: {wheel.path} has the sha256 {found}", hint=_VERIFY
                ) from error
        raise


def _unreadable(wheel: Wheel, error: OSError) -> OutsideError:
    return unreadable(f"{wheel.filename} in the cache", error)


def apart_by_case(wheel: OpenWheel) -> tuple[tuple[str, str], ...]:
    """Find members whose names differ in case alone: two files on Linux, one where case does not count."""
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
    """Find where a member's bytes begin: behind its local header, whose length the directory does not tell."""
    raw_name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")
    wanted = _LOCAL_HEADER.size + len(raw_name)
    block = os.pread(file.fileno(), wanted, info.header_offset) if info.header_offset >= 0 else b""
    if len(block) < wanted:
        raise InputError(f"{wheel.filename}: {info.filename}: the file ends before the member does", hint=_HINT)
    signature, name_size, extra_size = _LOCAL_HEADER.unpack_from(block)
    if signature != _SIGNATURE or name_size != len(raw_name) or block[_LOCAL_HEADER.size :] != raw_name:
        raise InputError(
            f"{wheel.filename}: {info.filename}: the archive's directory and the member disagree", hint=_HINT
        )
    return info.header_offset + wanted + int(extra_size)


def _refuse_overlaps(wheel: Wheel, placed: Sequence[tuple[int, Member]], end: int) -> None:
    """Raise InputError when members share bytes, by which a small archive would inflate to a huge one.

    A member comes with where its header begins; `end` is where the archive's directory begins.
    """
    done, before = 0, ""
    for begin, member in sorted(placed, key=lambda one: one[0]):
        if begin < done:
            raise InputError(f"{wheel.filename}: {before} and {member.name} overlap", hint=_HINT)
        done, before = member.start + member.compressed_size, member.name
    if done > end:
        raise InputError(f"{wheel.filename}: {before} and the archive's directory overlap", hint=_HINT)


def _problem(info: zipfile.ZipInfo) -> str | None:
    stored = info.compress_type == zipfile.ZIP_STORED
    parts = info.filename.split("/")
    lengths = [len(part.encode()) for part in parts]
    checks = (
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
