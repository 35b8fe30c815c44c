"""Layers of wheels as the embedded builder makes them."""

from collections.abc import Iterator, Sequence

from toolkit.cache.store import Cache
from toolkit.oci import layer
from toolkit.oci.recipe import remember
from toolkit.wheels.splice import key_of, spliced
from toolkit.wheels.wheel import Wheel, cache_suspected


def splice(wheels: Sequence[Wheel], *, minor: str) -> Iterator[bytes]:
    """Yield the compressed bytes of a layer of wheels."""
    with cache_suspected(wheels):
        yield from layer.compressed(spliced(wheels, minor=minor))


def measure(wheels: Sequence[Wheel], *, minor: str, cache: Cache) -> layer.Measured:
    """Measure a layer of wheels, or recall what it measured."""
    with cache_suspected(wheels):
        return remember(cache, key_of(wheels, minor=minor), lambda: spliced(wheels, minor=minor))
