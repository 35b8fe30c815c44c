"""The files of a layer, read once from front to back, whatever its compression."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from toolkit.errors import InputError
from toolkit.oci.blob import BoundedInfo, ChunkStream, compression_errors, plain_content
from toolkit.oci.image import Layer

_BUFFER = 1 << 18
_HINT = "the image is damaged, or was made wrongly; get or build it again, or use another"


@contextmanager
def layer_tar(layer: Layer) -> Iterator[tarfile.TarFile]:
    """Open a layer's tar as a stream.

    Raises InputError, also while it is read and after it, for what is no tar, and for one with another diff_id.
    """
    descriptor = layer.descriptor
    what = f"the layer {descriptor.digest} ({descriptor.media_type})"
    plain = plain_content(ChunkStream(layer.chunks()), descriptor.media_type)
    broken: tuple[type[Exception], ...] = (tarfile.TarError, *compression_errors())
    try:
        # A buffer, since tarfile wants whole blocks and a chunk may end anywhere.
        buffered = cast("IO[bytes]", io.BufferedReader(plain, _BUFFER))
        with tarfile.open(fileobj=buffered, mode="r|", tarinfo=BoundedInfo) as archive:
            yield archive
        plain.drain()
    except broken as error:
        raise InputError(f"{what} is not the tar that it says: {error}", hint=_HINT) from error
    if plain.digest != layer.diff_id:
        raise InputError(f"{what} holds {plain.digest}, the image's config says {layer.diff_id}", hint=_HINT)
