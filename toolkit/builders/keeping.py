"""Images out of an engine's files, which go when the build ends: their layers move into the cache."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.oci.compressed import compressed
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.image import Image, Layer

_PLAIN = "tar"


class _KeptLayer(Struct, frozen=True, kw_only=True):
    """A layer in the cache, and the digest of its tar."""

    media_type: str
    digest: Digest
    size: int
    diff_id: Digest


class _EngineImage(Record, frozen=True, kw_only=True):
    """The config and the layers of an engine's image, all in the cache, by the engine's id of it."""

    KIND: ClassVar[str] = "engine-image"

    config: Digest
    layers: tuple[_KeptLayer, ...]


def kept_image(identity: str, read: Callable[[], Image], cache: Cache) -> Image:
    """Return the image that an engine calls by this id, a hash of its content; `read` takes it out of the engine.

    An image that is in the cache is not taken out again: engines pack all its layers for that.
    """
    record = cache.recall(_EngineImage, {"id": identity})
    if record and (config := cache.read_verified(record.config)) and all(map(cache.has_blob, _digests(record))):
        return Image.of(config, [_from_cache(layer, cache) for layer in record.layers])
    image = read()
    layers = kept_layers(image, cache)
    digest, _ = cache.store(iter([image.config]))
    kept = tuple(
        _KeptLayer(media_type=made.media_type, digest=made.digest, size=made.size, diff_id=layer.diff_id)
        for layer in layers
        for made in (layer.descriptor,)
    )
    cache.remember({"id": identity}, _EngineImage(config=digest, layers=kept))
    return Image.of(image.config, layers)


def _digests(record: _EngineImage) -> list[Digest]:
    """List the blobs of an image."""
    return [layer.digest for layer in record.layers]


def _from_cache(layer: _KeptLayer, cache: Cache) -> Layer:
    """Return a layer that is read from the cache."""
    descriptor = Descriptor(media_type=layer.media_type, digest=layer.digest, size=layer.size)
    return Layer(descriptor=descriptor, diff_id=layer.diff_id, chunks=partial(cache.read_blob, layer.digest))


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
