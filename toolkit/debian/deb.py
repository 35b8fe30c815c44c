"""A Debian package's file: an ar archive of a control tar and a data tar (deb(5)), read and never executed."""

import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from msgspec import Struct

from toolkit.debian.compression import decompressed
from toolkit.errors import InputError, Location
from toolkit.limits import DEBIAN_PACKAGE_FILES, DEBIAN_PACKAGE_SIZE, PACKAGE_FILE_SIZE
from toolkit.oci.blob import ChunkStream
from toolkit.oci.contents import members, opened_tar

_MAGIC = b"!<arch>\n"
_HEADER = 60
_CHUNK = 1 << 20
_TAR = re.compile(r"(control|data)\.tar(?:\.(?:xz|gz|zst|lzma))?")
_NUMBER = re.compile(rb"[0-9]{1,10}")
# A version, `control.tar` and `data.tar`, and sometimes a signature.
_MOST_MEMBERS = 10


class Deb(Struct, frozen=True, kw_only=True):
    """The file of a package: its `name` in messages, and where its two tars lie, by `control` and `data`."""

    name: str
    path: Path
    tars: dict[str, tuple[str, int, int]]

    @classmethod
    def open(cls, path: Path, name: str) -> "Deb":
        """Find the parts of a package's file. Raises InputError for a file that is not one."""
        with path.open("rb") as stream:
            if stream.read(len(_MAGIC)) != _MAGIC:
                raise damaged(name, "it is not an ar archive", path)
            tars = {match[1]: part for part in _parts(stream, name, path) if (match := _TAR.fullmatch(part[0]))}
        if missing := {"control", "data"} - tars.keys():
            raise damaged(name, f"it has no {min(missing)}.tar in a compression that is known", path)
        return cls(name=name, path=path, tars=tars)

    def control(self) -> dict[str, bytes]:
        """Return the control files by name: `control` itself, maintainer scripts, `conffiles`. Raises InputError."""
        found: dict[str, bytes] = {}
        with self.tar("control") as archive:
            size = 0
            for member in members(archive):
                size += member.size
                PACKAGE_FILE_SIZE.check(size, f"the control files of {self.name}")
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    found[member.name.removeprefix("./")] = content.read()
        if "control" not in found:
            raise damaged(self.name, "it has no control file", self.path)
        return found

    def files(self, archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
        """Yield the members of the data tar. Raises InputError above the limits."""
        size = count = 0
        for member in members(archive):
            size, count = size + member.size, count + 1
            DEBIAN_PACKAGE_SIZE.check(size, f"the size of the files of {self.name}")
            DEBIAN_PACKAGE_FILES.check(count, f"the number of files of {self.name}")
            yield member

    @contextmanager
    def tar(self, part: str) -> Iterator[tarfile.TarFile]:
        """Open one of the tars as a stream. Raises InputError, also while it is read, for one that is damaged."""
        name, start, size = self.tars[part]
        plain = ChunkStream(decompressed(_slice(self.path, start, size), name, f"{self.name}: {name}"))
        try:
            with opened_tar(fileobj=cast("IO[bytes]", io.BufferedReader(plain, _CHUNK)), mode="r|") as archive:
                yield archive
        except (tarfile.TarError, EOFError) as error:
            raise damaged(self.name, f"its {name} makes no sense: {error}", self.path) from error


def damaged(name: str, problem: str, path: Path | None = None) -> InputError:
    """Return the error for the file of a package that is not what it says."""
    return InputError(
        f"{name} is not a Debian package as it should be: {problem}",
        where=Location(path=path) if path else None,
        hint="it is the file that the archive lists: tell its maintainers, or choose another version",
    )


def _parts(stream: IO[bytes], name: str, path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield the name, the position and the size of each member of an ar archive. Raises InputError."""
    end = path.stat().st_size
    for _ in range(_MOST_MEMBERS):
        header = stream.read(_HEADER)
        if not header:
            return
        size = _NUMBER.fullmatch(header[48:58].rstrip())
        if len(header) < _HEADER or header[58:] != b"`\n" or size is None:
            raise damaged(name, "a header of its ar archive makes no sense", path)
        position, length = stream.tell(), int(size[0])
        if position + length > end:
            raise damaged(name, "it ends early", path)
        yield header[:16].decode("ascii", "replace").strip().rstrip("/"), position, length
        # Members begin at even positions.
        stream.seek(position + length + length % 2)


def _slice(path: Path, start: int, size: int) -> Iterator[bytes]:
    """Yield a part of a file."""
    with path.open("rb") as stream:
        stream.seek(start)
        while size and (chunk := stream.read(min(size, _CHUNK))):
            size -= len(chunk)
            yield chunk
