"""`PIPELINE.py.lock`: every component and image that the pipelines of a file use.

A tag stays at the digest that the lock has, until `--upgrade`. The lock is committed with the pipeline, so it holds
paths relative to itself, and no secrets.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from toolkit.errors import InputError, Location
from toolkit.limits import RECORD_SIZE
from toolkit.redaction import clean
from toolkit.system.atomic import write_bytes
from toolkit.system.reading import read_foreign

LOCK_VERSION = 1
_SHOWN = 19


class LockedComponent(Struct, frozen=True, kw_only=True):
    """A component of a pipeline: its contract's digest and version, and where it comes from.

    `source` is the contract's path or address, or `FILE.py` for a function of the pipeline's own file. `release` is
    the release of a registry that it is a copy of, None for any other. `image` is its image by digest.
    """

    name: str
    digest: str
    source: str
    image: str
    version: str | None = None
    release: str | None = None


class PipelineLock(Struct, frozen=True, kw_only=True):
    """The part of a lock for one pipeline: its components by name, and the images that tags stand for."""

    components: tuple[LockedComponent, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)


def lock_path(pipeline: Path) -> Path:
    """Return the path of a pipeline file's lock."""
    return pipeline.with_name(f"{pipeline.name}.lock")


def read_lock(path: Path) -> dict[str, PipelineLock]:
    """Read a lock, by the names of its pipelines; empty if the file is missing. Raises InputError if it is not one."""
    try:
        document = json.loads(read_foreign(path, RECORD_SIZE))
        if document["version"] != LOCK_VERSION:
            raise InputError(f"its version is {document['version']!r}", where=Location(path=path), hint="update comp")
        return {str(name): _pipeline(entry) for name, entry in document["pipelines"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"not a pipeline's lock: {error!r}",
            where=Location(path=path),
            hint="restore it from version control, or remove it and compile again",
        ) from error


def write_lock(path: Path, pipelines: Mapping[str, PipelineLock]) -> bool:
    """Write a lock, sorted, so that a change shows as one; return whether the file changed."""
    document = {
        "version": LOCK_VERSION,
        "pipelines": {name: _as_data(pipelines[name]) for name in sorted(pipelines)},
    }
    data = json.dumps(clean(document), indent=2, ensure_ascii=False).encode() + b"\n"
    if path.is_file() and path.read_bytes() == data:
        return False
    write_bytes(path, data)
    return True


def differences(locked: PipelineLock, used: PipelineLock) -> Iterator[str]:
    """Yield how a pipeline differs from its lock, a sentence each."""
    yield from _other_components(locked, used)
    for image, pin in used.images.items():
        if image not in locked.images:
            yield f"the image {image} is not in the lock"
        elif locked.images[image] != pin:
            yield f"the image {image} is {_digest(pin)} here, and {_digest(locked.images[image])} in the lock"
    for image in sorted(locked.images.keys() - used.images.keys()):
        yield f"the image {image} is in the lock, and the pipeline does not use it"


def _other_components(locked: PipelineLock, used: PipelineLock) -> Iterator[str]:
    """Yield how the components differ."""
    before = {component.name: component for component in locked.components}
    now = {component.name: component for component in used.components}
    for name, component in now.items():
        if name not in before:
            yield f"the component {name} ({component.source}) is not in the lock"
        elif component != before[name]:
            yield f"the component {name} is {_shown(component)} here, and {_shown(before[name])} in the lock"
    for name, component in before.items():
        if name not in now:
            yield f"the component {name} ({component.source}) is in the lock, and the pipeline does not use it"


def _shown(component: LockedComponent) -> str:
    """Return version, digest and source of a component, the image too: any of them may be what differs."""
    version = f"{component.version}, " if component.version else ""
    image = f", image {_digest(component.image)}"
    return f"{version}{component.digest[:_SHOWN]} from {component.release or component.source}{image}"


def _digest(image: str) -> str:
    """Return the digest of an image, cut to its first digits; the name itself without one."""
    _, at, digest = image.partition("@")
    return digest[:_SHOWN] if at else image


def _as_data(pipeline: PipelineLock) -> dict[str, Any]:
    """Return one pipeline as JSON data, without what a component does not have."""
    components = {
        component.name: {key: value for key, value in asdict(component).items() if key != "name" and value is not None}
        for component in sorted(pipeline.components, key=lambda component: component.name)
    }
    return {"components": components, "images": dict(sorted(pipeline.images.items()))}


def _pipeline(entry: Mapping[str, Any]) -> PipelineLock:
    """Read one pipeline. Raises ValueError, KeyError, TypeError or AttributeError for another form."""
    components = tuple(LockedComponent(name=str(name), **facts) for name, facts in entry["components"].items())
    return PipelineLock(components=components, images={str(key): str(pin) for key, pin in entry["images"].items()})
