"""Source distributions, read without running them (PyPA, "Source distribution format")."""

import io
import lzma
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit import limits
from toolkit.oci.blob import BoundedInfo

# The errors that reading a damaged zip file raises, with any compression.
UNREADABLE_ZIP = (
    *(OSError, EOFError, ValueError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)

LARGEST_METADATA = 4 << 20
_MOST_MEMBERS = 100_000
# Before this version, a source distribution does not state which of its metadata is final (PyPA, "Core metadata").
_RELIABLE = (2, 2)
# The default for projects without a build system (PEP 517, "Source trees").
_LEGACY = {"requires": ["setuptools>=40.8.0"], "build-backend": "setuptools.build_meta:__legacy__"}


class BuildSystem(Struct, frozen=True, kw_only=True):
    """How a project is built (PEP 518, PEP 517): its build requirements, the backend, and the backend's path in it."""

    requires: tuple[str, ...]
    backend: str
    path: tuple[str, ...] = ()

    @classmethod
    def of_text(cls, text: str) -> "BuildSystem":
        """Return the build system in a pyproject.toml; the default if it is missing or does not parse."""
        try:
            table: Any = tomllib.loads(text).get("build-system", _LEGACY)
        except (tomllib.TOMLDecodeError, RecursionError):
            table = _LEGACY
        table = table if isinstance(table, Mapping) else _LEGACY
        backend = table.get("build-backend", _LEGACY["build-backend"])
        return cls(
            requires=_texts(table.get("requires", _LEGACY["requires"])),
            backend=backend if isinstance(backend, str) else "",
            path=_texts(table.get("backend-path", [])),
        )


class Sdist(Struct, frozen=True, kw_only=True):
    """A source distribution: how it is built, and what it requires, None if only its build can tell."""

    system: BuildSystem
    requires: tuple[str, ...] | None


def read_sdist(path: Path) -> Sdist:
    """Return what is in a source distribution, `.tar.gz` or `.zip`; the default if it does not parse."""
    try:
        texts = dict(_texts_at_the_top(path))
    except (tarfile.TarError, *UNREADABLE_ZIP):
        # The build reports it, where it can name what is wrong.
        texts = {}
    system = BuildSystem.of_text(texts.get("pyproject.toml", b"").decode(errors="replace"))
    return Sdist(system=system, requires=_requires(texts.get("PKG-INFO", b"")))


def required_by(metadata: bytes) -> tuple[str, ...]:
    """Return the requirements in core metadata."""
    return tuple(str(line) for line in BytesParser(policy=compat32).parsebytes(metadata).get_all("Requires-Dist", []))


def _requires(metadata: bytes) -> tuple[str, ...] | None:
    """Return the requirements in a PKG-INFO, None if they are not final."""
    message = BytesParser(policy=compat32).parsebytes(metadata, headersonly=True)
    version = str(message.get("Metadata-Version", "0")).split(".")
    dynamic = {str(name).strip().lower() for name in message.get_all("Dynamic", [])}
    # Foreign text: `int` takes other digits as well, and is slow for thousands of them.
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in version):  # noqa: PLR2004 (digits)
        return None
    if tuple(map(int, version)) < _RELIABLE or "requires-dist" in dynamic:
        return None
    return required_by(metadata)


def _texts_at_the_top(path: Path) -> Iterator[tuple[str, bytes]]:
    """Return the names and contents of pyproject.toml and PKG-INFO."""
    wanted = {"pyproject.toml", "PKG-INFO"}
    with path.open("rb") as stream:
        # By content: in the cache, the file is named by its digest alone.
        packed = stream.read(2) == b"\x1f\x8b"
    if not packed:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist()[:_MOST_MEMBERS]:
                folder, _, name = info.filename.partition("/")
                if folder and name in wanted:
                    with archive.open(info) as stream:
                        yield name, stream.read(LARGEST_METADATA)
        return
    # As a stream, so that what follows the limit is never inflated.
    with tarfile.open(path, "r|gz", tarinfo=BoundedInfo) as tar:
        for number, member in enumerate(tar):
            folder, _, name = member.name.removeprefix("./").partition("/")
            if number > _MOST_MEMBERS or member.offset_data + member.size > limits.SOURCE_SIZE.value:
                return
            if folder and name in wanted and member.isreg():
                yield name, (tar.extractfile(member) or io.BytesIO()).read(LARGEST_METADATA)


def _texts(value: object) -> tuple[str, ...]:
    """Return the texts in a list, nothing for any other value."""
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
