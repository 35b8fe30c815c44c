"""Outputs of steps in the cache: a step with the same code, command and inputs need not run again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import CompError
from toolkit.pipelines.content import Entry, content_digest, entries_of, keep, restore
from toolkit.pipelines.values import Artifact, Parameter, Value, plain_value
from toolkit.redaction import clean


class CachedOutput(Struct, frozen=True, kw_only=True):
    """One output. `facts` is a blob with JSON: a parameter's value, or an artifact's metadata."""

    name: str
    facts: Digest
    schema: str | None
    entries: tuple[Entry, ...]


class CachedStep(Record, frozen=True, kw_only=True):
    """The outputs of one step."""

    KIND: ClassVar[str] = "pipeline-step"
    outputs: tuple[CachedOutput, ...]


def remember_step(cache: Cache, key: object, outputs: Mapping[str, Value]) -> None:
    """Keep the outputs of a step; none of them if a value, metadata or a path looks like a secret."""
    # The cache keeps no secret, and a cleaned value would come back changed.
    known = [dict(value.metadata) if isinstance(value, Artifact) else plain_value(value) for value in outputs.values()]
    if clean(known) != known:
        return
    kept = []
    for name, value in outputs.items():
        match value:
            case Artifact():
                entries = entries_of(value.path)
                keep(value.path, entries, cache)
                facts: Any = dict(value.metadata)
                kept.append(CachedOutput(name=name, facts=_blob(cache, facts), schema=value.schema, entries=entries))
            case Parameter():
                kept.append(CachedOutput(name=name, facts=_blob(cache, value.value), schema=None, entries=()))
            case _:
                # A component gives no list that a loop gathers.
                return
    record = CachedStep(outputs=tuple(kept))
    if clean(record.to_dict()) == record.to_dict():
        cache.remember(key, record)


def recall_step(cache: Cache, key: object, places: Mapping[str, Path]) -> dict[str, Value] | None:
    """Return the outputs of a step, written to `places` if they are artifacts; None if the cache does not have them."""
    record = cache.recall(CachedStep, key)
    if record is None or not {output.name for output in record.outputs} <= places.keys():
        return None
    outputs: dict[str, Value] = {}
    for output in record.outputs:
        facts = _facts(cache, output.facts)
        if facts is None:
            return None
        if output.schema is None:
            outputs[output.name] = Parameter(value=facts[0])
            continue
        place = places[output.name]
        if not restore(place, output.entries, cache):
            return None
        outputs[output.name] = Artifact(
            path=place, schema=output.schema, digest=content_digest(output.entries), metadata=facts[0]
        )
    return outputs


def _blob(cache: Cache, value: object) -> Digest:
    """Put a JSON value into the cache."""
    return cache.store([json.dumps(value).encode()])[0]


def _facts(cache: Cache, digest: Digest) -> tuple[Any] | None:
    """Return a JSON value of the cache; None if it is lost."""
    try:
        data = cache.read_verified(digest)
        return None if data is None else (json.loads(data),)
    except (CompError, ValueError, RecursionError):
        return None
