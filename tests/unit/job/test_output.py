import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.artifacts import base_image, component
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.engines import docker
from toolkit.errors import OutsideError
from toolkit.job.output import image_for, write_image
from toolkit.oci.archive import read_archive
from toolkit.oci.descriptor import Platform, host_platform
from toolkit.oci.image import Image, ImageIndex
from toolkit.oci.layout import read_layout

AMD64, ARM64, RISCV64 = (Platform("linux", name) for name in ("amd64", "arm64", "riscv64"))
IMAGE = base_image()
PROCESSORS = ("riscv64", "amd64", "arm64")
INDEX = ImageIndex.of([base_image(config={"architecture": name}) for name in PROCESSORS], annotations={})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return component(tmp_path / "component", image="example.com/ml/count")


def test_a_layout_is_made_or_added_to(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "layout"
    assert write_image(project, IMAGE, f"layout:{folder}", {}) == str(folder)
    assert read_layout(folder, platform=AMD64).digest == IMAGE.digest
    write_image(project, INDEX, f"layout:{folder}", {})
    names = [entry["annotations"] for entry in json.loads((folder / "index.json").read_text())["manifests"]]
    assert names[-1]["org.opencontainers.image.ref.name"] == "1.2.0"
    assert [path.name for path in folder.parent.iterdir()] == ["layout"]


def test_a_layout_that_cannot_be_made_leaves_nothing(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError):
        write_image(project, IMAGE, f"layout:{tmp_path / 'file' / 'layout'}", {})
    assert (tmp_path / "file").read_text() == ""


def test_an_archive_has_the_name_and_the_version(project: Project, tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "a" / "image.tar"
    assert write_image(project, IMAGE, f"archive:{path}", {}) == str(path)
    assert read_archive(path, platform=AMD64, cache=cache).config == IMAGE.config
    with tarfile.open(path) as archive:
        stream = archive.extractfile("manifest.json")
        assert stream is not None
        assert json.load(stream)[0]["RepoTags"] == ["example.com/ml/count:1.2.0"]


def test_docker_gets_the_image_of_this_machine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def load_image(client: object, image: Image, *, names: Sequence[str]) -> str:
        loaded.append((client, image.platform.architecture, list(names)))
        return "sha256:1"

    monkeypatch.setattr(docker, "connect", lambda environ: environ)
    monkeypatch.setattr(docker, "load_image", load_image)
    name, here = "example.com/ml/count:1.2.0", host_platform()
    assert write_image(project, INDEX, "docker", {"a": "b"}) == f"{name} in docker ({here})"
    assert write_image(project, IMAGE, "docker", {}) == f"{name} in docker"
    assert loaded == [({"a": "b"}, here.architecture, [name]), ({}, "amd64", [name])]


def test_an_image_is_chosen_by_its_processor() -> None:
    assert image_for(INDEX, ARM64).platform == ARM64
    assert image_for(INDEX, Platform("darwin", "arm64")).platform == ARM64
    assert image_for(INDEX, Platform("linux", "s390x")).platform == RISCV64
