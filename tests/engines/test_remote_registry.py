import base64
import hashlib
import json
import random
import resource
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.certificates import Certificates, make_certificates
from tests.images import image_of, layer_of, tar_of
from tests.registries import requests_to, serving_registry
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import RemoteError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_LAYER, Descriptor, Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import parse_reference
from toolkit.progress import Progress, silent
from toolkit.remote import uploading
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
    assert not any(cache.has_blob(layer.descriptor.digest) for layer in pulled.layers)
    assert check_image(remote.pull(target, AMD64, cache)) == []


def test_a_base_that_the_target_has_is_not_pulled(remote: Remote, image: Image, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with (
        serving_registry(source, log_requests=True) as source_host,
        serving_registry(target, log_requests=True) as target_host,
    ):
        base = parse_reference(f"{source_host}/base/python:1")
        app = parse_reference(f"{target_host}/ml/train:1")
        remote.push(image, base)
        for version in ("1", "2"):
            before = len(requests_to(source)), len(requests_to(target))
            cache = Cache(tmp_path / f"cache-{version}")
            pulled = remote.pull(base, AMD64, cache)
            derived = image_of([*pulled.layers, layer_of(tar_of(f"opt/comp/{version}"))])
            remote.push(derived, app.with_tag(version))
        read, sent = requests_to(source)[before[0] :], requests_to(target)[before[1] :]
    assert read == [
        "GET /v2/base/python/manifests/1 200",
        f"GET /v2/base/python/blobs/{image.config_descriptor.digest} 200",
    ]
    # The layer and the config of the second, side by side.
    assert Counter(line.partition(" ")[0] for line in sent if "/uploads/" in line) == {"POST": 2, "PUT": 2}
    assert not any(cache.has_blob(layer.descriptor.digest) for layer in image.layers)


def test_a_base_on_the_same_host_is_mounted_and_not_pulled(remote: Remote, image: Image, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    with serving_registry(folder, log_requests=True) as host:
        base = parse_reference(f"{host}/base/python:1")
        remote.push(image, base)
        before = len(requests_to(folder))
        pulled = remote.pull(base, AMD64, Cache(tmp_path / "cache"))
        derived = image_of([*pulled.layers, layer_of(tar_of("opt/comp/main.py"))])
        app = parse_reference(f"{host}/ml/train:1")
        remote.push(derived, app)
        made = requests_to(folder)[before:]
        assert check_image(remote.pull(app, AMD64, Cache(tmp_path / "other"))) == []
    blobs = [line for line in made if line.startswith("GET ") and "/blobs/" in line]
    assert blobs == [f"GET /v2/base/python/blobs/{image.config_descriptor.digest} 200"]
    mounts = [line for line in made if "mount=" in line]
    assert len(mounts) == 2
    assert {line[-3:] for line in mounts} == {"201"}
    assert [line for line in made if line.startswith("PATCH ")] == []
    assert len([line for line in made if line.startswith("PUT ") and "/uploads/" in line]) == 2


def test_a_digest_decides_what_is_pulled_and_the_tag_beside_it_is_set(
    host: str, remote: Remote, image: Image, tmp_path: Path
) -> None:
    older = image_of(image.layers[:1])
    target = parse_reference(f"{host}/both/app:1")
    remote.push(older, target)
    remote.push(image, target)
    cache = Cache(tmp_path / "cache")
    both = parse_reference(f"{target}@{older.digest}")
    pulled = remote.pull(both, AMD64, cache)
    assert pulled.digest == older.digest
    assert remote.head(target) == image.descriptor
    assert remote.push(pulled, both) == older.digest
    assert remote.head(target) == older.descriptor
    elsewhere = parse_reference(f"{host}/both/copy:2@{older.digest}")
    assert remote.push(pulled, elsewhere) == older.digest
    assert remote.head(elsewhere.with_tag("2")) == older.descriptor


def test_a_big_layer_is_one_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "LARGE", 4 * MEBIBYTE)
    with serving_registry(tmp_path / "registry", log_requests=True) as host:
        target = parse_reference(f"{host}/big/layer:1")
        remote = Remote(environ={"HOME": str(tmp_path)})
        remote.push(image_of([big_layer()]), target)
        assert check_image(remote.pull(target, AMD64, Cache(tmp_path / "cache"))) == []
        methods = Counter(line.partition(" ")[0] for line in requests_to(tmp_path / "registry") if "/uploads/" in line)
    # The layer, and beside it the config in one request.
    assert methods == {"POST": 2, "PATCH": 1, "PUT": 2}


def test_a_big_layer_arrives_although_the_connection_breaks(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "LARGE", 4 * MEBIBYTE)
    layer, breaks = big_layer(), [ConnectionResetError("broken by the test")]

    def chunks() -> Iterator[bytes]:
        for number, chunk in enumerate(layer.chunks()):
            if number == 10 and breaks:
                raise breaks.pop()
            yield chunk

    target = parse_reference(f"{host}/broken/layer:1")
    remote = Remote(environ={"HOME": str(tmp_path)}, pause=lambda _: None)
    remote.push(image_of([replace(layer, chunks=chunks)]), target)
    assert breaks == []
    assert check_image(remote.pull(target, AMD64, Cache(tmp_path / "cache"))) == []


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
        listed = Remote(environ={"HOME": str(tmp_path), "COMP_INSECURE_REGISTRIES": host})
        assert listed.head(target) == image.descriptor
