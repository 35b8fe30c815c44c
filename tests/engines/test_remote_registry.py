import base64
import hashlib
import json
import random
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Certificates, make_certificates
from tests.images import image_of, layer_of, tar_of
from tests.registries import serving_registry
from toolkit.cache import Cache
from toolkit.errors import RemoteError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_LAYER, Descriptor, Platform
from toolkit.oci.digest import Digest
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import parse_reference
from toolkit.progress import Progress, silent
from toolkit.remote.client import Remote
from toolkit.remote.probe import manifest_exists

AMD64 = Platform("linux", "amd64")
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_registry(tmp_path_factory.mktemp("registry")) as served:
        yield served


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(environ={"HOME": str(tmp_path)})


@pytest.fixture
def image() -> Image:
    return image_of([layer_of(tar_of("etc/os-release")), layer_of(tar_of("opt/comp/app/main.py"))])


def big_layer() -> Layer:
    """Make 30 MB that do not compress, from a seed, anew each time they are read."""

    def tar() -> Iterator[bytes]:
        import tarfile

        header = tarfile.TarInfo("big")
        header.size = 30 * MEBIBYTE
        yield header.tobuf()
        numbers = random.Random(7)  # noqa: S311 (any bytes will do)
        for _ in range(30):
            yield numbers.randbytes(MEBIBYTE)
        yield bytes(1024)

    def chunks() -> Iterator[bytes]:
        import zlib

        packer = zlib.compressobj(1, wbits=31)
        for block in tar():
            yield packer.compress(block)
        yield packer.flush()

    diff, blob, size = hashlib.sha256(), hashlib.sha256(), 0
    for block in tar():
        diff.update(block)
    for block in chunks():
        blob.update(block)
        size += len(block)
    descriptor = Descriptor(media_type=OCI_LAYER, digest=Digest(blob.hexdigest()), size=size)
    return Layer(descriptor=descriptor, diff_id=Digest(diff.hexdigest()), chunks=chunks)


def test_round_trip(host: str, remote: Remote, tmp_path: Path) -> None:
    image = image_of([layer_of(tar_of("a")), big_layer()])
    assert check_image(image) == []
    seen = list[Progress]()
    target = parse_reference(f"{host}/round/trip")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert remote.push(image, target, tags=["1.0.0", "latest"], report=seen.append) == image.digest
    pulled = remote.pull(target, AMD64, Cache(tmp_path / "cache"))
    assert (pulled.manifest, pulled.config) == (image.manifest, image.config)
    assert check_image(pulled) == []
    # Kilobytes; a layer held anywhere would show.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    assert max(progress.done for progress in seen) == image.layers[1].descriptor.size
    assert remote.head(target.with_tag("1.0.0")) == image.descriptor
    assert remote.head(target.with_tag("2.0.0")) is None
    by_digest = target.with_digest(image.digest)
    assert manifest_exists(by_digest, environ={}, tags=["1.0.0", "latest"]) is True
    assert manifest_exists(by_digest, environ={}, tags=["2.0.0"]) is False


def test_layers_are_mounted_from_a_neighbour(host: str, remote: Remote, image: Image, tmp_path: Path) -> None:
    base = parse_reference(f"{host}/mount/base:1")
    remote.push(image, base)
    cache = Cache(tmp_path / "cache")
    pulled = remote.pull(base, AMD64, cache)
    target = parse_reference(f"{host}/mount/target:1")
    assert remote.push(pulled, target) == image.digest
    assert not any(cache.has_blob(layer.descriptor.digest.hex) for layer in pulled.layers)
    assert check_image(remote.pull(target, AMD64, cache)) == []


def test_what_we_push_skopeo_copies(host: str, remote: Remote, image: Image, tmp_path: Path) -> None:
    target = parse_reference(f"{host}/skopeo/source:1")
    remote.push(image, target)
    copied = f"docker://{host}/skopeo/copy:1"
    layout = f"oci:{tmp_path}/layout:1"
    for source, destination in ((f"docker://{target}", layout), (layout, copied)):
        skopeo = ["skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"]
        done = subprocess.run([*skopeo, source, destination], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    there = parse_reference(copied.removeprefix("docker://"))
    assert check_image(remote.pull(there, AMD64, Cache(tmp_path / "cache"))) == []
    index = json.loads((tmp_path / "layout/index.json").read_text())
    assert index["manifests"][0]["digest"] == str(image.digest)


def test_a_password(tmp_path: Path, image: Image) -> None:
    with serving_registry(tmp_path / "registry", password=True) as host:
        target = parse_reference(f"{host}/ml/train:1")
        with pytest.raises(RemoteError) as caught:
            Remote(environ={"HOME": str(tmp_path)}).push(image, target)
        assert caught.value.status == 401
        assert caught.value.hint
        assert f"docker login {host}" in caught.value.hint
        auth = base64.b64encode(b"ann:s3cret").decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        remote = Remote(environ={"DOCKER_CONFIG": str(tmp_path)})
        remote.push(image, target)
        assert check_image(remote.pull(target, AMD64, Cache(tmp_path / "cache"))) == []
        assert manifest_exists(target.with_digest(image.digest), environ={}) is None


def test_tls(tmp_path: Path, image: Image, certificates: Certificates) -> None:
    with serving_registry(tmp_path / "registry", tls=certificates) as host:
        target = parse_reference(f"{host}/ml/train:1")
        with pytest.raises(RemoteError, match="is not trusted"):
            Remote(environ={"HOME": str(tmp_path)}).push(image, target)
        remote = Remote(environ={"HOME": str(tmp_path), "SSL_CERT_FILE": str(certificates.authority)})
        remote.push(image, target, report=silent)
        assert check_image(remote.pull(target, AMD64, Cache(tmp_path / "cache"))) == []
        listed = Remote(environ={"HOME": str(tmp_path)}, insecure_hosts=[host])
        assert listed.head(target) == image.descriptor
