"""Build with buildah: the plan's tree is copied into a working container and committed. Nothing runs in it."""

from toolkit.builders.describe import describe, layers_above
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.dockerfile_image import described
from toolkit.builders.dockerfile_order import failed, ordered
from toolkit.builders.engine_layers import engine_layers
from toolkit.builders.keeping import kept_image, kept_layer
from toolkit.builders.materialise import materialise
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.cache.store import Cache
from toolkit.engines import buildah_build
from toolkit.engines.buildah import Buildah
from toolkit.engines.image_build import Failure
from toolkit.image_paths import PREFIX, absolute
from toolkit.oci.image import Image, Layer
from toolkit.oci.layout import read_layout, write_layout
from toolkit.oci.tar import MTIME
from toolkit.progress import Report
from toolkit.system import temporary


class BuildahBuilder:
    """Lets buildah make the layer, and describes the image as every builder does."""

    name = "buildah"

    def __init__(self, cache: Cache, engine: Buildah) -> None:
        self.cache = cache
        self.engine = engine

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        """Do nothing: buildah makes one layer of everything."""

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`; layers that buildah made before come from the cache. Raises OutsideError without buildah."""
        del report
        engine = f"buildah {self.engine.needed_version()}"
        layers, history = engine_layers(plan, self.cache, engine, self._made)
        return describe(plan, layers, history=history)

    def _made(self, plan: Plan) -> tuple[Layer, ...]:
        """Let buildah make the layers of a part, from OCI layout to OCI layout, in folders that are removed."""
        with temporary.folder("buildah") as folder:
            materialise(plan, folder / "tree")
            write_layout(plan.base, folder / "base")
            with self.engine.container(f"oci:{folder / 'base'}") as name:
                # Only what lies under `PREFIX` is copied: the folders above it stay the base's, with their modes.
                self.engine.call("copy", "--quiet", name, str(folder / "tree" / PREFIX), absolute(PREFIX))
                # By default buildah leaves compressing to a push, and the layer is pushed from here.
                # Else the folder that holds ours would have the time of the copy, and each build another digest.
                more = self.engine.offered("commit", "--disable-compression=false", f"--timestamp={MTIME}")
                self.engine.call("commit", "--quiet", "--format", "oci", *more, name, "oci:made", folder=folder)
            made = read_layout(folder / "made", platform=plan.platform)
            # Read now: the folder goes.
            return tuple(kept_layer(layer, self.cache) for layer in layers_above(plan, made, engine=self.name))

    def build_dockerfile(self, plan: DockerfilePlan, report: Report) -> Image:
        """Build with the engine's own cache of layers, in which alone the image stays."""
        plan = plan.with_bases(self.loaded)
        # Its isolation by chroot shows the machine's own /dev, so files of steps are mounted in /run.
        with ordered(plan, self.engine.environment, "/run") as order:
            built = buildah_build.build(self.engine, order, report)
            if isinstance(built, Failure):
                raise failed(built, plan, self.name)

            def pushed() -> Image:
                """Take the image out of buildah's storage; layers are compressed here, once for all images."""
                options = ("--quiet", "--disable-compression", "--format=oci")
                self.engine.call("push", *options, built, "oci:made", folder=order.folder)
                return read_layout(order.folder / "made", platform=plan.platform)

            return described(plan, kept_image(built, pushed, self.cache), order.arguments, self.cache)

    def loaded(self, base: Image) -> str:
        """Return the name of a base in buildah's storage, which keeps it for the next build."""
        # Buildah makes the name of the folder's; by the digest no other base has it.
        folder_name = f"comp-base-{base.digest.hex}"
        name = f"localhost/{folder_name}"
        if not self.engine.has_image(name):
            with temporary.folder("buildah") as folder:
                write_layout(base, folder / folder_name)
                self.engine.call("pull", "--quiet", f"oci:{folder_name}", folder=folder)
        return name
