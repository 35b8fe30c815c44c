"""The builder that needs nothing but this program: layers are spliced or framed, never run or compressed."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from toolkit.builders.plan import FilesLayer, Plan, WheelsLayer
from toolkit.cache import Cache
from toolkit.files import File
from toolkit.oci import layer as layers
from toolkit.oci.assemble import assemble, layer_media_type
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.image import Image, Layer
from toolkit.oci.tar import LAYOUT_VERSION
from toolkit.progress import Progress, Report
from toolkit.python import splice
from toolkit.python.install import collisions
from toolkit.python.wheels import apart_by_case

_log = logging.getLogger(__name__)

# Inflating and hashing leave Python's lock alone, so a second thread helps; more would only use memory.
_THREADS = 2
_NAMED = 3


class EmbeddedBuilder:
    """Builds from wheels and files with no daemon. Layers stay lazy: their bytes are made when somebody reads them."""

    name = "oci"

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`. Raises InputError naming what cannot be built."""
        warn_of_collisions(plan, self.cache)
        media_type = layer_media_type(plan.base)
        made = []
        with ThreadPoolExecutor(_THREADS) as pool:
            measured = pool.map(partial(self._measure, minor=plan.facts.minor), plan.layers)
            for number, (planned, measures) in enumerate(zip(plan.layers, measured, strict=True), start=1):
                descriptor = Descriptor(media_type=media_type, digest=measures.digest, size=measures.size)
                chunks = partial(_chunks, planned, minor=plan.facts.minor)
                made.append(Layer(descriptor=descriptor, diff_id=measures.diff_id, chunks=chunks))
                report(Progress(task="layers", done=number, total=len(plan.layers), unit="layers"))
        return assemble(
            plan.base,
            made,
            history=history(plan),
            command=plan.command,
            env=plan.env,
            labels=plan.labels,
            annotations=plan.annotations,
            created=plan.created,
            user=plan.user,
        )

    def _measure(self, planned: FilesLayer | WheelsLayer, *, minor: str) -> layers.Measured:
        if isinstance(planned, WheelsLayer):
            return splice.measure(planned.wheels, minor=minor, cache=self.cache)
        key = [(file.path, file.mode, _identity(file)) for file in planned.files]
        return layers.remember(self.cache, key, lambda: _entries(planned.files))


def history(plan: Plan) -> tuple[str, ...]:
    """Give the line of history of each layer, from bottom to top."""
    return tuple(f"comp: {layer.name}" for layer in plan.layers)


def warn_of_collisions(plan: Plan, cache: Cache) -> None:
    """Warn of files that several wheels install; the one higher in the image stays. Raises InputError."""
    wheels = [wheel for layer in plan.layers if isinstance(layer, WheelsLayer) for wheel in layer.wheels]
    key = {"wheels": [wheel.sha256 for wheel in wheels], "minor": plan.facts.minor, "layout": LAYOUT_VERSION}
    known = cache.record("collisions", key) or {}
    same, case = _triples(known, "found"), _triples(known, "case")
    if same is None or case is None:
        same = [(one.path, one.loser, one.winner) for one in collisions(wheels, minor=plan.facts.minor)]
        case = [(wheel.filename, *names) for wheel in wheels for names in apart_by_case(wheel)]
        cache.write_record("collisions", key, {"found": same, "case": case})
    for filename, one, other in case:
        _log.warning("%s: %s and %s differ in case alone; some disks cannot hold both", filename, one, other)
    pairs: dict[tuple[str, str], list[str]] = {}
    for path, loser, winner in same:
        pairs.setdefault((loser, winner), []).append(path)
    for (loser, winner), paths in pairs.items():
        more = len(paths) - _NAMED
        names = ", ".join(paths[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        _log.warning("%s and %s install the same files; the latter's stay: %s", loser, winner, names)


def _triples(record: Mapping[str, Any], name: str) -> list[tuple[str, str, str]] | None:
    """Read rows of three words from a record; None when another version of this program wrote it otherwise."""
    rows = record.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == 3 for row in rows):  # noqa: PLR2004
        return None
    return [(str(first), str(second), str(third)) for first, second, third in rows]


def _chunks(planned: FilesLayer | WheelsLayer, *, minor: str) -> Iterator[bytes]:
    if isinstance(planned, WheelsLayer):
        return splice.splice(planned.wheels, minor=minor)
    return layers.compressed(_entries(planned.files))


def _entries(files: Sequence[File]) -> Iterator[layers.Entry]:
    for file in files:
        content = file.data if file.source is None else _content(file.source)
        yield layers.Entry(
            path=file.path,
            what=str(file.source or file.path),
            mode=file.mode,
            content=content or b"",
            target=file.target,
        )


def _content(source: Path) -> bytes | layers.Stream:
    size = source.stat().st_size
    return layers.Stream(chunks=lambda: _read(source), size=size)


def _read(source: Path) -> Iterator[bytes]:
    with source.open("rb") as stream:
        while chunk := stream.read(layers.CHUNK):
            yield chunk


def _identity(file: File) -> str:
    """Name the content of a file, so that a layer of files is known by what is in it and not by times."""
    if file.target is not None:
        return f"link {file.target}"
    hasher = hashlib.sha256()
    chunks: Iterable[bytes] = _read(file.source) if file.source is not None else (file.data or b"",)
    for chunk in chunks:
        hasher.update(chunk)
    return f"sha256 {hasher.hexdigest()}"
