"""A containerd with stargz-snapshotter mounts our eStargz layers unfetched, and reads the files they hold."""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from msgspec import Struct

from tests.commands import comp, ok, run_program
from tests.conftest import Sample
from tests.daemons import require, scratch
from tests.registries import blob_bytes_sent, serving_registry
from tests.unpacking import by_stargz_snapshotter, running_containerd, skopeo_copy
from toolkit.cache.store import Cache
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

NAME = "load_table"
AMD64 = Platform("linux", "amd64")


class Registry(Struct, frozen=True, kw_only=True):
    """A server at `host` that logs into `folder`, and its two bases: as Debian's packages give it, and converted."""

    folder: Path
    host: str
    ordinary: str
    converted: str


@pytest.fixture(scope="module")
def registry(debian_base: Path) -> Iterator[Registry]:
    with scratch("lazy") as work, serving_registry(work / "registry", log_requests=True) as host:
        bases = Registry(
            folder=work / "registry", host=host, ordinary=f"{host}/base:ordinary", converted=f"{host}/base:converted"
        )
        skopeo_copy(f"oci:{debian_base}", f"docker://{bases.ordinary}")
        (work / "containerd").mkdir()
        with running_containerd(work / "containerd") as socket:
            images = (require("ctr-remote"), "--address", socket, "images")
            run_program(*images, "pull", "--plain-http", bases.ordinary)
            fast = ("--estargz-compression-level", "1")
            run_program(*images, "convert", "--estargz", *fast, "--oci", bases.ordinary, bases.converted)
            run_program(*images, "push", "--plain-http", bases.converted)
        yield bases


def _build(folder: Path, registry: Registry, base: str, *, estargz: str) -> tuple[str, str]:
    """Build and push `folder`; give the reference and stderr."""
    environment = {**os.environ, "COMP_BASE": base, "COMP_ESTARGZ": estargz}
    done = comp("build", folder, "--push", "--image", f"{registry.host}/{NAME}/{estargz}", env=environment)
    assert done.code == 0, done.err
    return done.out.strip(), done.err


def _fetched(registry: Registry, image: Image) -> float:
    """Give the share of the layers' bytes that the server has sent so far."""
    sent = blob_bytes_sent(registry.folder)
    sizes = {str(layer.descriptor.digest): layer.descriptor.size for layer in image.layers}
    return sum(sent[digest] for digest in sizes) / sum(sizes.values())


def _contents(image: Image, count: int) -> dict[str, str]:
    """Give the digest of each of comp's files in the uppermost `count` layers, as tarfile reads them."""
    digests = {}
    for layer in image.layers[-count:]:
        with TemporaryFile() as blob:
            blob.writelines(layer.chunks())
            blob.seek(0)
            with tarfile.open(fileobj=blob, mode="r:gz") as archive:
                for member in archive:
                    # The format's own two files, which the snapshotter hides, lie at the root.
                    if member.isreg() and member.name.startswith("opt/comp/"):
                        stream = archive.extractfile(member)
                        assert stream
                        digests[member.name] = hashlib.sha256(stream.read()).hexdigest()
    return digests


def _read(root: Path, paths: dict[str, str]) -> dict[str, str]:
    return {path: hashlib.sha256((root / path).read_bytes()).hexdigest() for path in paths}


def _mounted_lazily(root: Path) -> int:
    """Count the layers that the snapshotter serves."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return sum(str(root.parent) in line and " fuse.rawBridge stargz " in line for line in lines)


def test_files_are_fetched_when_they_are_read(sample: Sample, registry: Registry, tmp_path: Path) -> None:
    folder = sample(NAME)
    reference, warnings = _build(folder, registry, registry.converted, estargz="true")
    assert "estargz" not in warnings
    image = Remote(environ=os.environ).pull(parse_reference(reference), AMD64, Cache(tmp_path / "cache"))
    before = _fetched(registry, image)
    with by_stargz_snapshotter(reference) as root:
        assert _mounted_lazily(root) == len(image.layers)
        assert _fetched(registry, image) - before < 0.1
        program = ("/opt/comp/venv/bin/python", "-c", "import pandas; print(pandas.__version__)")
        assert run_program("chroot", root, *program) == "2.2.2\n"
        assert _fetched(registry, image) - before < 0.5
        ok("build", folder, "--output", f"layout:{tmp_path / 'layout'}")
        ordinary = read_layout(tmp_path / "layout", platform=AMD64)
        expected = _contents(ordinary, len(image.layers) - 1)
        assert _read(root, expected) == expected


def test_above_an_ordinary_base_a_warning_is_given_and_files_are_right(
    sample: Sample, registry: Registry, tmp_path: Path
) -> None:
    reference, warnings = _build(sample(NAME), registry, registry.ordinary, estargz="true")
    assert "estargz: the base has ordinary layers" in warnings
    image = Remote(environ=os.environ).pull(parse_reference(reference), AMD64, Cache(tmp_path / "cache"))
    with by_stargz_snapshotter(reference) as root:
        assert _mounted_lazily(root) == len(image.layers) - 1
        expected = _contents(image, 1)
        assert expected
        assert _read(root, expected) == expected
