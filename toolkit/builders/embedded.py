"""The builder that needs nothing but this program: layers are spliced or framed, never run or compressed."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from toolkit.builders.plan import BytecodeLayer, Plan, PlannedLayer, WheelsLayer
from toolkit.cache import Cache
from toolkit.files import File
from toolkit.oci import estargz
from toolkit.oci import layer as layers
from toolkit.oci.assemble import assemble, layer_media_type
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.image import Image, Layer
from toolkit.oci.recipe import Recipe, remember
from toolkit.progress import Progress, Report
from toolkit.python import splice
from toolkit.python.wheels import cache_suspected
from toolkit.threads import threads

# Inflating and hashing leave Python's lock alone, so a second thread helps; more would only use memory.
_THREADS = 2


class EmbeddedBuilder:
    """Builds from wheels and files with no daemon. Layers stay lazy: their bytes are made when somebody reads them."""

    name = "oci"

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        """Measure a layer, which is then known when an image is built."""
        if estargz:
            self._measure_lazy(layer, minor=minor)
        else:
            self._measure(layer, minor=minor)

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`. Raises InputError naming what cannot be built."""
        media_type = layer_media_type(plan.base)
        made = []
        with threads(_THREADS) as pool:
            make = partial(self._lazy if plan.estargz else self._plain, media_type=media_type, minor=plan.facts.minor)
            for number, layer in enumerate(pool.map(make, plan.layers), start=1):
                made.append(layer)
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

    def _plain(self, planned: PlannedLayer, *, media_type: str, minor: str) -> Layer:
        measured = self._measure(planned, minor=minor)
        descriptor = Descriptor(media_type=media_type, digest=measured.digest, size=measured.size)
        chunks = partial(_chunks, self.cache, planned, measured.recipe, minor=minor)
        return Layer(descriptor=descriptor, diff_id=measured.diff_id, chunks=chunks)

    def _lazy(self, planned: PlannedLayer, *, media_type: str, minor: str) -> Layer:
        """Make a layer that can be pulled lazily."""
        lazy = self._measure_lazy(planned, minor=minor)
        measured = lazy.measured
        descriptor = Descriptor(
            media_type=media_type, digest=measured.digest, size=measured.size, annotations=lazy.annotations
        )
        return Layer(
            descriptor=descriptor,
            diff_id=measured.diff_id,
            chunks=lambda: estargz.compressed(_entries(planned, minor), lazy.toc),
        )

    def _measure(self, planned: PlannedLayer, *, minor: str) -> layers.Measured:
        if isinstance(planned, WheelsLayer):
            return splice.measure(planned.wheels, minor=minor, cache=self.cache, part=planned.part)
        return remember(self.cache, _key(planned, minor), lambda: _entries(planned, minor))

    def _measure_lazy(self, planned: PlannedLayer, *, minor: str) -> estargz.Lazy:
        with cache_suspected(planned.wheels if isinstance(planned, WheelsLayer) else ()):
            return estargz.measure(self.cache, _key(planned, minor), _entries(planned, minor))


def history(plan: Plan) -> tuple[str, ...]:
    """Give the line of history of each layer, from bottom to top."""
    return tuple(f"comp: {layer.name}" for layer in plan.layers)


def _chunks(cache: Cache, planned: PlannedLayer, recipe: str | None, *, minor: str) -> Iterator[bytes]:
    known = Recipe.read(cache, recipe) if recipe else None
    if known:
        return known.chunks()
    if isinstance(planned, WheelsLayer):
        return splice.splice(planned.wheels, minor=minor, part=planned.part)
    return layers.compressed(_entries(planned, minor))


def _key(planned: PlannedLayer, minor: str) -> object:
    """Give what a layer is a function of."""
    if isinstance(planned, WheelsLayer):
        return splice.key_of(planned.wheels, minor=minor, part=planned.part)
    if isinstance(planned, BytecodeLayer):
        return {"bytecode": [part.sha256 for part in planned.parts], "left out": sorted(planned.left_out)}
    return [file.identity() for file in planned.files]


def _entries(planned: PlannedLayer, minor: str) -> Iterator[layers.Entry]:
    if isinstance(planned, WheelsLayer):
        return splice.entries(planned.wheels, minor=minor, part=planned.part)
    if isinstance(planned, BytecodeLayer):
        return _bytecode_entries(planned)
    return _file_entries(planned.files)


def _bytecode_entries(planned: BytecodeLayer) -> Iterator[layers.Entry]:
    for wheel, file in planned.files():
        yield layers.Entry(path=file.path, what=f"the bytecode of {wheel}", content=file.content)


def _file_entries(files: Sequence[File]) -> Iterator[layers.Entry]:
    for file in files:
        content = file.data if file.source is None else _content(file, file.source)
        yield layers.Entry(
            path=file.path,
            what=str(file.source or file.path),
            mode=file.mode,
            content=content or b"",
            target=file.target,
        )


def _content(file: File, source: Path) -> layers.Stream:
    return layers.Stream(chunks=file.chunks, size=source.stat().st_size)
