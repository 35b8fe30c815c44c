"""All three builders give the same tree under /opt/comp, the same config, and an image that runs."""

import hashlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import ok
from tests.conftest import Sample
from tests.servers import Server
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.job.context import BuildContext
from toolkit.job.image import build_image
from toolkit.oci.blob import ChunkStream, gunzip
from toolkit.oci.check import check_image
from toolkit.oci.image import Image

Build = Callable[[str, str], Image]
BUILDERS = ("oci", "docker", "buildah")
SAMPLES = ("summarise_text", "load_table")


def _tree(image: Image, base_layers: int) -> dict[str, tuple[str, int, str]]:
    """Give kind, mode and content of every path that the layers above the base put under opt/comp."""
    tree = {}
    for layer in image.layers[base_layers:]:
        with tarfile.open(fileobj=gunzip(ChunkStream(layer.chunks())), mode="r|") as archive:
            for member in archive:
                path = member.name.strip("/")
                if not path.startswith("opt/comp"):
                    assert path == "opt", path
                    continue
                stream = archive.extractfile(member) if member.isreg() else None
                digest = hashlib.sha256(stream.read()).hexdigest() if stream else member.linkname
                kind = "file" if member.isreg() else "link" if member.issym() else "folder"
                tree[path] = (kind, 0 if kind == "link" else member.mode & 0o7777, digest)
    return tree


@pytest.fixture(scope="module")
def images() -> dict[tuple[str, str], Image]:
    """What was built so far, since several tests look at one image."""
    return {}


@pytest.fixture
def built(sample: Sample, cache_folder: Path, docker_host: str, images: dict[tuple[str, str], Image]) -> Build:
    assert docker_host

    def build(name: str, builder: str) -> Image:
        if (name, builder) not in images:
            project = read_project(sample(name, into=builder), environ=os.environ)
            _, image = build_image(project, BuildContext(cache=Cache(cache_folder)), builder=builder)
            images[name, builder] = image.images[0]
        return images[name, builder]

    return build


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("builder", BUILDERS)
def test_every_digest_size_and_diff_id_is_right(built: Build, name: str, builder: str) -> None:
    assert check_image(built(name, builder)) == []


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("builder", BUILDERS[1:])
def test_the_tree_is_the_embedded_builders(built: Build, name: str, builder: str) -> None:
    ours, theirs = built(name, "oci"), built(name, builder)
    expected, found = _tree(ours, 1), _tree(theirs, 1)
    assert found == expected
    assert "opt/comp/launch.py" in found


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("builder", BUILDERS[1:])
def test_the_description_is_the_embedded_builders(built: Build, name: str, builder: str) -> None:
    ours, theirs = built(name, "oci"), built(name, builder)
    for key in ("config", "architecture", "os", "created"):
        assert theirs.parsed_config()[key] == ours.parsed_config()[key]
    assert theirs.parsed_config()["config"]["User"] == "65532:65532"
    assert theirs.media_type == ours.media_type
    assert theirs.layers[0].descriptor == ours.layers[0].descriptor


@pytest.mark.parametrize("builder", BUILDERS)
def test_the_image_runs_where_it_was_pushed(
    sample: Sample, remote: Server, docker_host: str, tmp_path: Path, builder: str
) -> None:
    assert docker_host
    folder = sample("summarise_text")
    image = f"{remote.host}/builders/{builder}"
    reference = ok("build", folder, "--push", "--image", image, "--builder", builder)
    assert reference.startswith(f"{image}@sha256:")
    assert f"image: {reference}\n" in (folder / "component.yaml").read_text()
    text = folder / "tests" / "cases" / "short" / "text.txt"
    printed = ok(
        *("run", folder / "component.yaml", "--runner", "docker"),
        *("-i", f"text={text}", "-i", "most=1", "-o", f"report={tmp_path / 'report.md'}"),
        folder=tmp_path,
    )
    assert printed.splitlines()[0] == "words=12"
    assert "| the | 3 |" in (tmp_path / "report.md").read_text()
