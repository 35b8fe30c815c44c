"""The files of a layer, read once from front to back, whatever its compression."""

import io
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

from toolkit.errors import InputError
from toolkit.limits import LAYER_SIZE, PATH_LENGTH
from toolkit.oci.blob import BoundedInfo, ChunkStream, compression_errors, plain_content
from toolkit.oci.image import Layer

_BUFFER = 1 << 18
_HINT = "the image is damaged, or was made wrongly; get or build it again, or use another"


@contextmanager
def layer_tar(layer: Layer) -> Iterator[tarfile.TarFile]:
    """Open a layer's tar as a stream.

    Raises InputError, also while it is read and after it, for content that is not a tar or has another diff_id.
    """
    descriptor = layer.descriptor
    what = f"the layer {descriptor.digest} ({descriptor.media_type})"
    plain = plain_content(ChunkStream(layer.chunks()), descriptor.media_type)
    broken: tuple[type[Exception], ...] = (tarfile.TarError, *compression_errors())
    try:
        # A buffer, since tarfile wants whole blocks and a chunk may end anywhere.
        buffered = cast("IO[bytes]", io.BufferedReader(plain, _BUFFER))
        with opened_tar(fileobj=buffered, mode="r|") as archive:
            yield archive
        # Blocks after the end of the tar count for the diff_id.
        plain.drain()
    except broken as error:
        raise InputError(f"{what} is not the tar that it says: {error}", hint=_HINT) from error
    if plain.digest != layer.diff_id:
        raise InputError(f"{what} holds {plain.digest}, the image's config says {layer.diff_id}", hint=_HINT)


def opened_tar(
    path: Path | None = None, *, fileobj: IO[bytes] | None = None, mode: Literal["r:", "r|"]
) -> tarfile.TarFile:
    """Open a tar from elsewhere. Raises tarfile.TarError, also for a first header that makes no sense."""
    with _sensible():
        return tarfile.open(path, mode, fileobj, tarinfo=BoundedInfo)


# The end of the year 9999, in seconds since 1970: no calendar here goes on.
_LAST_TIME = 253_402_300_799


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar from elsewhere, one after the other.

    Raises tarfile.TarError for a header that makes no sense, InputError for a path or a size above the limits.
    """
    size = 0
    while True:
        with _sensible():
            member = archive.next()
        if member is None:
            return
        for path in (member.name, member.linkname):
            if len(path) > PATH_LENGTH.value:
                raise PATH_LENGTH.exceeded(f"the path {path[:40]!r}…")
        if member.size < 0:
            raise tarfile.ReadError(f"{member.name!r} has the size {member.size}")
        # Extended headers have times as texts; some of these are numbers for Python alone.
        if not abs(member.mtime) <= _LAST_TIME:
            raise tarfile.ReadError(f"{member.name!r} has the time {member.mtime}")
        # The sum is bounded, not each file: many files fill a disk as one does.
        size += member.size
        LAYER_SIZE.check(size, "the size of the files")
        if member.sparse is not None:
            _check_sparse(member)
        # An archive keeps every member that it has read.
        archive.members.clear()  # type: ignore[attr-defined]
        yield member


def _check_sparse(member: tarfile.TarInfo) -> None:
    """Check that the pieces of a sparse file lie in it, one after the other: tarfile takes any numbers."""
    end = 0
    # The stubs say that it is a number.
    for offset, length in cast("Sequence[tuple[int, int]]", member.sparse or ()):
        # GNU tar marks a hole at a file's end by a piece of no length.
        if length == 0:
            continue
        if offset < end or length < 0:
            raise tarfile.ReadError(f"the sparse file {member.name!r} has overlapping pieces")
        end = offset + length
    if end > member.size:
        raise tarfile.ReadError(f"the sparse file {member.name!r} is larger than it says")


@contextmanager
def _sensible() -> Iterator[None]:
    """Turn what tarfile raises over numbers and records that make no sense into its own error."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        raise tarfile.ReadError(f"a header that makes no sense: {error}") from error
