"""What a source distribution says of itself without being run (PyPA, "Source distribution format")."""

import io
import lzma
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from typing import Any

from toolkit import limits
from toolkit.oci.blob import BoundedInfo

# All that reading a zip file raises for damaged members, whatever they are compressed with.
UNREADABLE_ZIP = (
    *(OSError, EOFError, ValueError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)

LARGEST_METADATA = 4 << 20
_MOST_MEMBERS = 100_000
# Before this version a source distribution does not say which of its metadata holds (PyPA, "Core metadata").
_RELIABLE = (2, 2)
# Of a project without a build system (PEP 517, "Source trees").
_LEGACY = {"requires": ["setuptools>=40.8.0"], "build-backend": "setuptools.build_meta:__legacy__"}


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSystem:
    """How a project is built (PEP 518, PEP 517): what that requires, the backend, and where it lies in the project."""

    requires: tuple[str, ...]
    backend: str
    path: tuple[str, ...] = ()

    @classmethod
    def of_text(cls, text: str) -> "BuildSystem":
        """Read it from a pyproject.toml; what is missing or does not parse is as if nothing were said."""
        try:
            found: Any = tomllib.loads(text).get("build-system", _LEGACY)
        except (tomllib.TOMLDecodeError, RecursionError):
            found = _LEGACY
        found = found if isinstance(found, Mapping) else _LEGACY
        backend = found.get("build-backend", _LEGACY["build-backend"])
        return cls(
            requires=_texts(found.get("requires", _LEGACY["requires"])),
            backend=backend if isinstance(backend, str) else "",
            path=_texts(found.get("backend-path", [])),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sdist:
    """A source distribution: how it is built, and what it requires, None where only its build can tell."""

    system: BuildSystem
    requires: tuple[str, ...] | None


def read_sdist(path: Path) -> Sdist:
    """Read a source distribution, `.tar.gz` or `.zip`; one that does not parse says nothing."""
    try:
        found = dict(_texts_at_the_top(path))
    except (tarfile.TarError, *UNREADABLE_ZIP):
        found = {}
    system = BuildSystem.of_text(found.get("pyproject.toml", b"").decode(errors="replace"))
    return Sdist(system=system, requires=_requires(found.get("PKG-INFO", b"")))


def required_by(metadata: bytes) -> tuple[str, ...]:
    """List the requirements in core metadata."""
    return tuple(str(line) for line in BytesParser(policy=compat32).parsebytes(metadata).get_all("Requires-Dist", []))


def _requires(metadata: bytes) -> tuple[str, ...] | None:
    message = BytesParser(policy=compat32).parsebytes(metadata, headersonly=True)
    version = str(message.get("Metadata-Version", "0")).split(".")
    dynamic = {str(name).strip().lower() for name in message.get_all("Dynamic", [])}
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in version):  # noqa: PLR2004 (digits)
        return None
    if tuple(map(int, version)) < _RELIABLE or "requires-dist" in dynamic:
        return None
    return required_by(metadata)


def _texts_at_the_top(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the two files that matter by their names."""
    wanted = {"pyproject.toml", "PKG-INFO"}
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    if not packed:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist()[:_MOST_MEMBERS]:
                folder, _, name = info.filename.partition("/")
                if folder and name in wanted:
                    with archive.open(info) as stream:
                        yield name, stream.read(LARGEST_METADATA)
        return
    with tarfile.open(path, "r|gz", tarinfo=BoundedInfo) as tar:
        for number, member in enumerate(tar):
            folder, _, name = member.name.removeprefix("./").partition("/")
            if number > _MOST_MEMBERS or member.offset_data + member.size > limits.SOURCE_SIZE.value:
                return
            if folder and name in wanted and member.isreg():
                yield name, (tar.extractfile(member) or io.BytesIO()).read(LARGEST_METADATA)


def _texts(found: object) -> tuple[str, ...]:
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()
