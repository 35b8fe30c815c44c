"""Build with a docker daemon: a generated Dockerfile copies the plan's tree. Nothing runs in it."""

import logging
from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from toolkit.builders.describe import describe, layers_above
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.dockerfile_image import described
from toolkit.builders.dockerfile_order import failed, ordered
from toolkit.builders.engine_layers import engine_layers
from toolkit.builders.keeping import kept_image, kept_layer
from toolkit.builders.materialise import materialise
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.cache.store import Cache
from toolkit.engines import buildkit
from toolkit.engines import docker as engine
from toolkit.engines.docker_classic import build as classic
from toolkit.engines.image_build import Failure
from toolkit.errors import Location, OutsideError
from toolkit.image_paths import PREFIX, absolute
from toolkit.oci.archive import read_archive
from toolkit.oci.image import Image, Layer
from toolkit.progress import Report
from toolkit.system import temporary
from toolkit.system.signals import undone

if TYPE_CHECKING:
    from docker import DockerClient

log = logging.getLogger(__name__)


class DockerBuilder:
    """Lets docker make the layer, and describes the image as every builder does."""

    name = "docker"

    def __init__(self, cache: Cache, environ: Mapping[str, str]) -> None:
        self.cache = cache
        self.environ = environ

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        """Do nothing: docker makes one layer of everything."""

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`; layers that docker made before come from the cache. Raises OutsideError without a daemon."""
        del report
        client = engine.connect(self.environ)
        named = f"docker {engine.daemon_version(client)}"
        layers, history = engine_layers(plan, self.cache, named, partial(self._made, client))
        return describe(plan, layers, history=history)

    def _made(self, client: "DockerClient", plan: Plan) -> tuple[Layer, ...]:
        """Let docker make the layers of a part. The base is loaded into the daemon, the result is saved from it."""
        base_name = _loaded(client, plan.base)
        with temporary.folder("docker") as folder:
            materialise(plan, folder / "context")
            (folder / "context" / "Dockerfile").write_text(f"FROM {base_name}\nCOPY {PREFIX} {absolute(PREFIX)}\n")
            built = engine.build_image(client, folder / "context")
            # The layer is taken from the saved archive, so the daemon need not keep the image.
            with undone(partial(engine.remove_image, client, built)):
                engine.save_image(client, built, folder / "saved.tar")
            saved = read_archive(folder / "saved.tar", platform=plan.platform, cache=self.cache)
            return tuple(kept_layer(layer, self.cache) for layer in layers_above(plan, saved, engine=self.name))

    @cached_property
    def _kit(self) -> buildkit.BuildKit | None:
        """The way to BuildKit, None without BuildKit; said once for all platforms."""
        kit = buildkit.find_buildkit(self.environ)
        log.info("docker builds by %s", kit.name if kit else "its SDK, without BuildKit: buildx is not installed")
        return kit

    def build_dockerfile(self, plan: DockerfilePlan, report: Report) -> Image:
        """Build by BuildKit, or where docker's program lacks it by the SDK; the daemon keeps its cache alone."""
        client, kit = engine.connect(self.environ), self._kit
        if kit is None:
            _check_classic(plan)
        plan = plan.with_bases(partial(_loaded, client))
        # Memory of the container itself, so that no mount leaves an empty file in a layer.
        with ordered(plan, self.environ, "/dev/comp" if kit else None) as order:
            name = f"comp-build:{order.folder.name.lower()}"
            with undone(partial(_remove, client, name)):
                if kit:
                    built = buildkit.build(kit, order, name, self.environ, report) or name
                else:
                    built = classic(client, order, report)
                if isinstance(built, Failure):
                    raise failed(built, plan, self.name)

                def saved() -> Image:
                    """Take the image out of the daemon."""
                    engine.save_image(client, built, order.folder / "saved.tar")
                    return read_archive(order.folder / "saved.tar", platform=plan.platform, cache=self.cache)

                made = kept_image(engine.image_id(client, built), saved, self.cache)
                return described(plan, made, order.arguments, self.cache)


def _loaded(client: "DockerClient", base: Image) -> str:
    """Return the name of a base in the daemon, which keeps it for the next build."""
    # Named by its whole digest: no other base has the name, nor can be made to have it.
    name = f"comp-base:{base.digest.hex}"
    if not engine.has_image(client, name):
        engine.load_image(client, base, names=[name])
    return name


def _check_classic(plan: DockerfilePlan) -> None:
    """Raise OutsideError for what docker builds only by BuildKit."""
    if plan.secrets or plan.ssh:
        raise OutsideError(
            "docker gives secrets and ssh to steps by BuildKit alone, and its program here has none",
            where=Location(path=plan.dockerfile),
            hint="install docker's plug-in buildx, or use --builder buildah",
        )


def _remove(client: "DockerClient", name: str) -> None:
    """Remove a name, and the image if it has no other. A failed build left neither."""
    try:
        if engine.has_image(client, name):
            engine.remove_image(client, name, keep_parents=True)
    except OutsideError as error:
        # A daemon that died has made the build fail, and that error says more.
        log.warning("%s stays in docker: %s", name, error.message)
