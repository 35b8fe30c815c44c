"""The one form of wheels that are built here: equal content has equal bytes, on every machine."""

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from packaging.utils import parse_wheel_filename

from toolkit import limits

# Raise it with any change of the form; it is part of the key of a built wheel.
FORM_VERSION = 2

# 1980-01-01, the first day that a zip file knows.
_FILE_TIME = (1980, 1, 1, 0, 0, 0)
_GLIBC = re.compile(rb"GLIBC_2\.(\d{1,4})")
_LONGEST_LEVEL = len("GLIBC_2.9999")
_CHUNK = 1 << 20


def repacked(wheel: Path) -> Iterator[bytes]:
    """Return the bytes of a wheel with its members in order of name, with fixed times and modes, uncompressed."""
    with zipfile.ZipFile(wheel) as source:
        # The sizes that its directory states bound what is unpacked: zipfile reads no more of a member.
        limits.BUILD_FILE.check(sum(info.file_size for info in source.infolist()), f"the content of {wheel.name}")
    with tempfile.TemporaryFile() as packed:
        _pack(wheel, packed)
        packed.seek(0)
        while chunk := packed.read(_CHUNK):
            yield chunk


def _pack(wheel: Path, packed: IO[bytes]) -> None:
    """Write the members of a wheel into `packed`, in the one form."""
    # Uncompressed, since compressors differ by version and machine.
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        for info in sorted(source.infolist(), key=lambda info: info.filename):
            # Build tools differ in whether they write these, and installers make them anyway.
            if info.is_dir():
                continue
            entry = zipfile.ZipInfo(info.filename, _FILE_TIME)
            # Of the mode, only this matters to an installed file; the rest depends on the umask of the build.
            executable = bool((info.external_attr >> 16) & 0o111)
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.create_system = 3  # Unix, whatever this machine is.
            entry.file_size = info.file_size  # It decides the form of the header, which is written first.
            with source.open(info) as content, target.open(entry, "w") as member:
                shutil.copyfileobj(content, member, _CHUNK)


def newest_glibc(wheel: Path) -> int:
    """Return the newest glibc 2.x that the shared libraries in a wheel require, as the number x; 0 if none does."""
    newest = 0
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            # Also libx.so.1.2, as vendored libraries are called.
            if ".so" not in name:
                continue
            with archive.open(name) as stream:
                rest = b""
                while chunk := stream.read(_CHUNK):
                    newest = max([newest, *map(int, _GLIBC.findall(rest + chunk))])
                    # A name may lie across two chunks.
                    rest = chunk[-_LONGEST_LEVEL:]
    return newest


def is_pure(filename: str) -> bool:
    """Whether a wheel runs everywhere, by its file name."""
    try:
        return all(tag.abi == "none" and tag.platform == "any" for tag in parse_wheel_filename(filename)[3])
    except ValueError:
        return False
