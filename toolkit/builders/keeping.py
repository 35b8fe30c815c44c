"""Images out of an engine's files, which go when the build ends: their layers move into the cache."""

from functools import partial

from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.oci.compressed import compressed
from toolkit.oci.image import Image, Layer

_PLAIN = "tar"


def kept_layers(image: Image, cache: Cache) -> tuple[Layer, ...]:
    """Return an image's layers, read from the cache, where plain ones are compressed."""
    return tuple(kept_layer(layer, cache) for layer in image.layers)


def kept_layer(layer: Layer, cache: Cache) -> Layer:
    """Return one layer, read from the cache. Raises OutsideError if it is not the one that the config names."""
    descriptor = layer.descriptor
    if descriptor.media_type.endswith(_PLAIN):
        try:
            descriptor = compressed(layer.chunks, layer.diff_id, cache)
        except ValueError as error:
            raise OutsideError(f"the engine gave another layer than it built: {error}") from error
    elif not cache.has_blob(descriptor.digest):
        cache.store_verified(layer.chunks(), descriptor.digest, what=str(descriptor.digest))
    return replace(layer, descriptor=descriptor, chunks=partial(cache.read_blob, descriptor.digest))
