"""One component for two architectures: an index of two images, each with its own wheels, made without emulation."""

import json
import os
import struct
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bases import make_debian_base
from tests.commands import comp, ok
from tests.conftest import Sample
from tests.daemons import require
from tests.package_index import small_wheel
from tests.servers import Server
from toolkit.engines.docker import connect
from toolkit.oci.blob import ChunkStream, gunzip
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_INDEX, Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
# e_machine of the ELF header (System V ABI, "ELF Header").
MACHINES = {AMD64: 62, ARM64: 183}
LINE = 'platforms = ["linux/amd64", "linux/arm64"]\n'
CODE = "import numpy\n\n\ndef add(rows: int) -> float:\n    return float(numpy.arange(rows).sum())\n"
PROJECT = f"""[project]
name = "add"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["numpy==1.26.4", "markupsafe==3.0.2"]

[tool.comp]
entrypoint = "add:add"
{LINE}"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Path:
    """A base for both, of Debian's packages."""
    folder = tmp_path_factory.mktemp("bases") / "both"
    made = make_debian_base(folder, cache=cache_folder, platforms=(AMD64, ARM64))
    assert [image.platform for image in made.images] == [AMD64, ARM64]
    return folder


@pytest.fixture
def folder(sample: Sample, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component that wants two wheels of machine code."""
    assert sample
    monkeypatch.setenv("COMP_BASE", f"layout:{base}")
    folder = tmp_path / "add"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "add.py").write_text(CODE)
    (folder / "pyproject.toml").write_text(PROJECT)
    ok("generate", folder)
    return folder


def _files(image: Image) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Read the files of our layers."""
    for layer in image.layers[1:]:
        with tarfile.open(fileobj=gunzip(ChunkStream(layer.chunks())), mode="r|") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                yield member, stream.read() if stream else b""


def test_every_shared_object_is_of_its_image(folder: Path, tmp_path: Path) -> None:
    digest = ok("build", folder, "--output", f"layout:{tmp_path / 'out'}")
    index = json.loads((tmp_path / "out" / "index.json").read_bytes())["manifests"]
    assert [(entry["mediaType"], entry["digest"]) for entry in index] == [(OCI_INDEX, digest)]
    images = {platform: read_layout(tmp_path / "out", platform=platform) for platform in MACHINES}
    for platform, image in images.items():
        assert check_image(image) == []
        found = [struct.unpack_from("<H", data, 18)[0] for _, data in _files(image) if data.startswith(b"\x7fELF")]
        assert len(found) > 10
        assert set(found) == {MACHINES[platform]}
    assert "platform  linux/arm64 of linux/amd64, linux/arm64\n" in ok(
        "inspect", f"layout:{tmp_path / 'out'}", "--platform", "linux/arm64"
    )
    # What does not depend on the architecture is there once: the launcher below, the code above.
    amd64, arm64 = (image.layers for image in images.values())
    assert (amd64[1].descriptor, amd64[-1].descriptor) == (arm64[1].descriptor, arm64[-1].descriptor)


def test_one_lock_for_both_and_the_same_digest_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ok("build", folder)
    lock = (folder / "requirements.lock").read_text()
    assert "# platform: linux/amd64, linux/arm64\n" in lock
    assert lock.count("    --hash=") == 4
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "another"))
    # A lock is never resolved again, and one that is stale is refused.
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    assert comp("build", folder, "--locked").code == 3
    monkeypatch.delenv("UV_INDEX_URL")
    assert ok("build", folder, "--locked") == first
    (folder / "pyproject.toml").write_text(PROJECT.replace("3.0.2", "3.0.1"))
    for command in (("build", folder, "--locked"), ("lock", folder, "--check")):
        stale = comp(*command)
        assert stale.code == 1
        assert "requirements.lock: the lock is stale" in stale.err
    assert (folder / "requirements.lock").read_text() == lock


def test_a_push_pins_the_index_and_docker_runs_its_own(
    folder: Path, remote: Server, docker_host: str, tmp_path: Path
) -> None:
    reference = ok("build", folder, "--push", "--image", f"{remote.host}/both/add")
    assert f"image: {reference}\n" in (folder / "component.yaml").read_text()
    raw = subprocess.run(
        [require("skopeo"), "inspect", "--raw", "--tls-verify=false", f"docker://{remote.host}/both/add:1.0.0"],
        capture_output=True,
        check=True,
    ).stdout
    assert [entry["platform"]["architecture"] for entry in json.loads(raw)["manifests"]] == ["amd64", "arm64"]
    assert docker_host
    with closing(connect(os.environ)) as client:
        assert client.images.pull(reference).attrs["Architecture"] == "amd64"
    assert ok("run", folder, "--runner", "docker", "--input", "rows=5") == "Output=10.0"
    shown = {name: ok("inspect", reference, "--platform", name) for name in ("linux/amd64", "linux/arm64")}
    assert all(f"platform  {name} of linux/amd64, linux/arm64\n" in text for name, text in shown.items())
    assert all(" days ago)\n" in text for text in shown.values())
    # Pushed again, and from nothing: the same.
    again = ok("build", folder, "--push", "--image", f"{remote.host}/twice/add")
    assert again.partition("@")[2] == reference.partition("@")[2]
    assert tmp_path.is_dir()


def test_the_other_architecture_runs_under_emulation(folder: Path, tmp_path: Path) -> None:
    emulator = Path(require("qemu-aarch64-static"))
    ok("build", folder, "--output", f"layout:{tmp_path / 'out'}")
    image = read_layout(tmp_path / "out", platform=ARM64)
    root = tmp_path / "root"
    for layer in image.layers:
        with tarfile.open(fileobj=gunzip(ChunkStream(layer.chunks())), mode="r|") as archive:
            archive.extractall(root, filter="tar")
    (root / "emulator").write_bytes(emulator.read_bytes())
    (root / "emulator").chmod(0o755)
    command = image.parsed_config()["config"]["Cmd"]
    arguments = ["add", "--rows", "5", "--outputs", "--Output", "/tmp/out/data"]  # noqa: S108 (in a root of its own)
    subprocess.run(["chroot", root, "/emulator", *command, *arguments], check=True)
    assert (root / "tmp/out/data").read_text() == "10.0"


def test_a_wheel_that_one_platform_lacks(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    name = "onlyhere-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    (wheels / name).write_bytes(small_wheel("onlyhere", "1.0"))
    (folder / "pyproject.toml").write_text(PROJECT.replace('"markupsafe==3.0.2"', '"onlyhere==1.0"'))
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    failed = comp("build", folder)
    assert failed.code == 1
    assert "onlyhere 1.0 has no wheel for linux/arm64, Python 3.11" in failed.err
    assert not (folder / "requirements.lock").exists()
