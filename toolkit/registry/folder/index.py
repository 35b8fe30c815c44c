"""A component's index: one line of JSON a version, for readers that cannot list a folder, as over HTTP.

Lines are in the order of versions. They hold what never changes; yanks are in the component's marks.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.names import Name
from toolkit.registry.release import Release, interface_digest
from toolkit.registry.semver import Version, parse_version


class IndexLine(Struct, frozen=True, kw_only=True):
    """One release; `record` is the digest of its record's file."""

    name: str
    version: str
    digest: str
    record: str
    image: str
    interface_digest: str
    published: str
    by: str | None = None


def index_line(release: Release, record: bytes) -> IndexLine:
    """Return the line of a release whose record has these bytes."""
    return IndexLine(
        name=str(release.name),
        version=str(release.version),
        digest=str(release.digest),
        record=str(Digest.of(record)),
        image=release.image,
        interface_digest=str(interface_digest(release.interface)),
        published=release.published,
        by=release.by,
    )


def index_bytes(lines: Iterable[IndexLine]) -> bytes:
    """Return the file, its lines in the order of versions."""
    ordered = sorted(lines, key=lambda line: (parse_version(line.version).precedence, line.version))
    return msgspec.json.Encoder().encode_lines(ordered)


def read_index(data: bytes, name: Name) -> dict[Version, IndexLine]:
    """Read the lines of a component by version, in order. Raises InputError that says what is invalid."""
    try:
        lines: Sequence[IndexLine] = msgspec.json.Decoder(IndexLine).decode_lines(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InputError(f"not the index of a component: {error}") from error
    read = {parse_version(line.version): line for line in lines}
    if other := next((line.name for line in lines if line.name != str(name)), None):
        raise InputError(f"it is the index of {other!r}, expected {name}")
    if len(read) < len(lines):
        raise InputError("it has a version twice")
    return read
