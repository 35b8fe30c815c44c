"""Build with a docker daemon: a generated Dockerfile copies the plan's tree. Nothing runs in it."""

from functools import partial

from toolkit import temporary
from toolkit.builders.materialise import materialise
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.cache import Cache
from toolkit.engines import docker as engine
from toolkit.errors import OutsideError
from toolkit.leaving import undone
from toolkit.oci.archive import read_archive
from toolkit.oci.assemble import assemble
from toolkit.oci.image import Image, Layer
from toolkit.progress import Report


class DockerBuilder:
    """Lets docker make the layer, and describes the image as every builder does."""

    name = "docker"

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        """Do nothing: docker makes one layer of everything."""

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`. The base is loaded into the daemon, the result is saved from it."""
        del report
        client = engine.connect()
        base_name = f"comp-base:{plan.base.digest.hex[:12]}"
        if not engine.has_image(client, base_name):
            engine.load_image(client, plan.base, names=[base_name])
        with temporary.folder("docker") as folder:
            materialise(plan, folder / "context")
            (folder / "context" / "Dockerfile").write_text(f"FROM {base_name}\nCOPY opt/comp /opt/comp\n")
            built = engine.build_image(client, folder / "context")
            with undone(partial(engine.remove_image, client, built)):
                engine.save_image(client, built, folder / "saved.tar")
            saved = read_archive(folder / "saved.tar", platform=plan.platform, cache=self.cache)
            return described(plan, saved, self.name)


def described(plan: Plan, made: Image, name: str) -> Image:
    """Give the image its description, and take the base's own layers for the engine's copies of them."""
    base = [layer.diff_id for layer in plan.base.layers]
    if [layer.diff_id for layer in made.layers[: len(base)]] != base:
        raise OutsideError(f"{name} built on another base than it was given", hint="report this with `comp -vv build`")
    layers: list[Layer] = list(made.layers[len(base) :])
    return assemble(
        plan.base,
        layers,
        history=[f"comp: {name}: {', '.join(layer.name for layer in plan.layers)}"] * len(layers),
        command=plan.command,
        env=plan.env,
        labels=plan.labels,
        annotations=plan.annotations,
        created=plan.created,
        user=plan.user,
    )
