"""The files of a layer, read once from front to back, whatever its compression: gzip of any number of members, or none.

Zstandard is not read: no interpreter before Python 3.14 has it.
"""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from toolkit.errors import InputError
from toolkit.oci.blob import ChunkStream, gunzip, gunzip_errors
from toolkit.oci.image import Layer

_PLAIN = (".tar", ".diff.tar")
_ZSTD = "zstd"


@contextmanager
def layer_tar(layer: Layer) -> Iterator[tarfile.TarFile]:
    """Open a layer's tar as a stream. Raises InputError, also while it is read, for what is none."""
    descriptor = layer.descriptor
    what = f"the layer {descriptor.digest} ({descriptor.media_type})"
    if descriptor.media_type.endswith(_ZSTD):
        raise InputError(f"{what} is compressed with zstd, which cannot be read", hint="use an image with gzip layers")
    stream = ChunkStream(layer.chunks())
    # A buffer, since tarfile wants whole blocks and a chunk may end anywhere.
    plain = cast("IO[bytes]", io.BufferedReader(stream)) if descriptor.media_type.endswith(_PLAIN) else gunzip(stream)
    broken: tuple[type[Exception], ...] = (tarfile.TarError, *gunzip_errors())
    try:
        with tarfile.open(fileobj=plain, mode="r|") as archive:
            yield archive
    except broken as error:
        raise InputError(f"{what} is not the tar that it says: {error}") from error
