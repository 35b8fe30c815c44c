from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from tests.artifacts import component
from tests.dockerfiles import write_dockerfile_component
from tests.images import image_of, layer_of, tar_of
from tests.planned import make
from toolkit.builders.buildah import BuildahBuilder
from toolkit.cache.store import Cache
from toolkit.config.project import Project, read_project
from toolkit.engines.buildah import Buildah
from toolkit.errors import OutsideError
from toolkit.job.dockerfile import dockerfile_plans
from toolkit.oci.layout import read_layout, write_layout
from toolkit.progress import silent


def test_it_copies_one_tree_into_a_container_of_the_base(tmp_path: Path) -> None:
    plan = make(component(tmp_path / "c"))
    top = layer_of(tar_of("opt/comp/x"))
    calls: list[tuple[str, ...]] = []
    files: list[set[str]] = []

    class Recorder(Buildah, frozen=True):
        """An engine that writes down what it does."""

        @contextmanager
        def container(self, image: str) -> Iterator[str]:
            base = read_layout(Path(image.removeprefix("oci:")), platform=plan.platform)
            assert base.digest == plan.base.digest
            yield "working"
            calls.append(("end",))

        def needed_version(self) -> str:
            return "1.28.2"

        def call(self, *arguments: str, folder: Path | None = None) -> str:
            calls.append(arguments)
            if arguments[0] == "copy":
                tree = Path(arguments[-2])
                files.append({path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()})
            else:
                assert folder is not None
                write_layout(image_of([*plan.base.layers, top]), folder / "made")
            return ""

    image = BuildahBuilder(Cache(tmp_path / "cache"), Recorder(environment={})).build(plan, silent)
    assert [call[0] for call in calls] == ["copy", "commit", "end"] * 2
    assert calls[0][-1] == "/opt/comp"
    assert "--timestamp=315532800" in calls[1]
    # The packages, and the code.
    assert "launch.py" in files[0]
    assert files[1] == {"app/count_words.py", "interface.json"}
    # The folder that buildah wrote is gone; the layer is in the cache.
    assert b"".join(image.layers[-1].chunks()) == b"".join(top.chunks())
    assert [layer.diff_id for layer in image.layers] == [plan.base.layers[0].diff_id, top.diff_id, top.diff_id]


def test_a_base_is_pulled_once_under_a_name_of_its_digest(tmp_path: Path) -> None:
    base = image_of([layer_of(tar_of("etc/x"))])
    name = f"comp-base-{base.digest.hex}"
    pulled: list[str] = []

    class Store(Buildah, frozen=True):
        """A storage of images."""

        def call(self, *arguments: str, folder: Path | None = None) -> str:
            if arguments[0] == "images":
                if arguments[-1] not in pulled:
                    raise OutsideError("image not known")
                return "123"
            assert folder
            assert (
                read_layout(folder / arguments[-1].removeprefix("oci:"), platform=base.platform).digest == base.digest
            )
            pulled.append(f"localhost/{name}")
            return ""

    plan = replace(next(iter(dockerfile_plans(_project(tmp_path), {}))), bases={"BASE": base})
    builder = BuildahBuilder(Cache(tmp_path / "cache"), Store(environment={"PATH": "/nowhere"}))
    for _ in range(2):
        assert plan.with_bases(builder.loaded).arguments == {"BASE": f"localhost/{name}"}
    assert pulled == [f"localhost/{name}"]


def _project(folder: Path) -> Project:
    return read_project(write_dockerfile_component(folder / "c", "ARG BASE\nFROM $BASE\n"), environ={})
