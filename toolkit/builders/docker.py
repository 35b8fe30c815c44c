"""Build with a docker daemon: a generated Dockerfile copies the plan's tree. Nothing runs in it."""

from collections.abc import Mapping
from functools import partial

from toolkit.builders.describe import describe_copy
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.materialise import materialise
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.cache.store import Cache
from toolkit.engines import docker as engine
from toolkit.errors import OutsideError
from toolkit.image_paths import PREFIX, absolute
from toolkit.oci.archive import read_archive
from toolkit.oci.image import Image
from toolkit.progress import Report
from toolkit.system import temporary
from toolkit.system.signals import undone


class DockerBuilder:
    """Lets docker make the layer, and describes the image as every builder does."""

    name = "docker"

    def __init__(self, cache: Cache, environ: Mapping[str, str]) -> None:
        self.cache = cache
        self.environ = environ

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        """Do nothing: docker makes one layer of everything."""

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`. The base is loaded into the daemon, the result is saved from it."""
        del report
        client = engine.connect(self.environ)
        # Named by its digest: the daemon keeps it for the next build, and no other base has the name.
        base_name = f"comp-base:{plan.base.digest.hex[:12]}"
        if not engine.has_image(client, base_name):
            engine.load_image(client, plan.base, names=[base_name])
        with temporary.folder("docker") as folder:
            materialise(plan, folder / "context")
            (folder / "context" / "Dockerfile").write_text(f"FROM {base_name}\nCOPY {PREFIX} {absolute(PREFIX)}\n")
            built = engine.build_image(client, folder / "context")
            # The layer is taken from the saved archive, so the daemon need not keep the image.
            with undone(partial(engine.remove_image, client, built)):
                engine.save_image(client, built, folder / "saved.tar")
            saved = read_archive(folder / "saved.tar", platform=plan.platform, cache=self.cache)
            return describe_copy(plan, saved, engine=self.name)

    def build_dockerfile(self, plan: DockerfilePlan, report: Report) -> Image:
        """Raise OutsideError: this comes next."""
        del report
        raise OutsideError(f"docker does not build {plan.dockerfile} yet")
