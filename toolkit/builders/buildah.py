"""Build with buildah: the plan's tree is copied into a working container and committed. Nothing runs in it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from toolkit import temporary
from toolkit.builders.docker import described
from toolkit.builders.materialise import materialise
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.cache import Cache
from toolkit.engines.buildah import buildah, container
from toolkit.oci.image import Image, Layer
from toolkit.oci.layout import read_layout, write_layout
from toolkit.progress import Report


class BuildahBuilder:
    """Lets buildah make the layer, and describes the image as every builder does."""

    name = "buildah"

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        """Do nothing: buildah makes one layer of everything."""

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan` from OCI layout to OCI layout, in folders that are removed."""
        del report
        with temporary.folder("buildah") as folder:
            materialise(plan, folder / "tree")
            write_layout(plan.base, folder / "base")
            with container(f"oci:{folder / 'base'}") as name:
                buildah("copy", "--quiet", name, str(folder / "tree" / "opt" / "comp"), "/opt/comp")
                options = ("--quiet", "--format", "oci", "--disable-compression=false")
                buildah("commit", *options, name, "oci:made", folder=folder)
            made = read_layout(folder / "made", platform=plan.platform)
            return self._kept(described(plan, made, self.name), len(plan.base.layers))

    def _kept(self, image: Image, base: int) -> Image:
        """Move the new layers from the folder that goes into the cache."""
        layers: list[Layer] = list(image.layers[:base])
        for layer in image.layers[base:]:
            digest = layer.descriptor.digest
            path = self.cache.add_blob(layer.chunks(), sha256=digest.hex, what=str(digest))
            chunks = partial(_chunks, path)
            layers.append(Layer(descriptor=layer.descriptor, diff_id=layer.diff_id, chunks=chunks))
        return Image(media_type=image.media_type, manifest=image.manifest, config=image.config, layers=tuple(layers))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            yield chunk
