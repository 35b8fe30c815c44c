"""Layers that an engine makes: one of the packages, one of the code, each kept in the cache by what decides its bytes.

Neither needs the other below it. So after a change of the code the engine makes the small one alone, and after none it
makes nothing.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from msgspec.structs import replace

from toolkit.builders.plan import Plan, PlannedLayer
from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.image import Layer
from toolkit.oci.tar import LAYOUT_VERSION

# Raise it when engines are asked for layers in another way.
_MAKER_VERSION = 1


class _Made(Record, frozen=True, kw_only=True):
    """A layer that an engine made: its blob in the cache."""

    KIND: ClassVar[str] = "engine-layer"

    digest: Digest
    size: int
    diff_id: Digest
    media_type: str


def engine_layers(
    plan: Plan, cache: Cache, engine: str, make: Callable[[Plan], Sequence[Layer]]
) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    """Return the layers of a plan from bottom to top, and a line of history for each.

    `engine` is its name and version. `make` returns the layers that the engine puts on the base for a part of the plan.
    """
    parts = tuple(part for part in (plan.layers[:-1], plan.layers[-1:]) if part)
    layers = [_layer(replace(plan, layers=part), cache, engine, make) for part in parts]
    name = engine.partition(" ")[0]
    lines = [f"comp: {name}: {', '.join(planned.name for planned in part)}" for part in parts]
    return (
        tuple(layer for part in layers for layer in part),
        tuple(line for part, line in zip(layers, lines, strict=True) for _ in part),
    )


def _layer(plan: Plan, cache: Cache, engine: str, make: Callable[[Plan], Sequence[Layer]]) -> tuple[Layer, ...]:
    """Return the layers of one part, from the cache if it has them."""
    key = _key(plan, engine)
    with cache.turn("engine layer", str(key)):
        known = cache.recall(_Made, key)
        hit = known is not None and cache.has_blob(known.digest)
        cache.tally.note("layers", str(key), hit=hit)
        if known is not None and hit:
            return (_kept(known, cache),)
        made = tuple(make(plan))
        # Only one has a record; an engine that makes several is asked again.
        if len(made) == 1:
            cache.remember(key, _record(made[0]))
        return made


def _key(plan: Plan, engine: str) -> object:
    """Return everything that decides the bytes of a part's layer, as JSON."""
    return {
        "engine": engine,
        "maker": _MAKER_VERSION,
        "layout": LAYOUT_VERSION,
        "base": str(plan.base.digest),
        "layers": [_layer_key(layer, plan.facts.minor) for layer in plan.layers],
    }


def _layer_key(layer: PlannedLayer, minor: str) -> object:
    """Return what identifies a planned layer, with its kind: kinds may have equal keys."""
    return [type(layer).__name__, layer.key(minor)]


def _record(layer: Layer) -> _Made:
    """Return what is remembered about a layer."""
    descriptor = layer.descriptor
    return _Made(
        digest=descriptor.digest, size=descriptor.size, diff_id=layer.diff_id, media_type=descriptor.media_type
    )


def _kept(made: _Made, cache: Cache) -> Layer:
    """Return a layer that lies in the cache."""
    descriptor = Descriptor(media_type=made.media_type, digest=made.digest, size=made.size)
    return Layer(descriptor=descriptor, diff_id=made.diff_id, chunks=partial(cache.read_blob, made.digest))
