import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fake_remote import Access, FakeRemote, Reply, serving, store
from tests.images import image_of, layer_of, tar_of
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import CompError, InputError, OutsideError, RemoteError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Platform,
)
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.progress import Progress
from toolkit.remote.client import Remote
from toolkit.remote.pulling import choose_platform

AMD64 = Platform("linux", "amd64")
Client = Callable[..., Remote]
DEEP = b"[" * 200_000
PLATFORM = Platform("linux", "amd64")


def store_index(fake: FakeRemote, entries: list[dict[str, Any]], media_type: str = OCI_INDEX) -> bytes:
    data = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
    fake.put_manifest("base/python", data, media_type, tag="3.11")
    return data


def entry(image: Image, platform: str) -> dict[str, Any]:
    return replace(image.descriptor, platform=Platform.parse(platform)).to_dict()


def test_layers_come_only_when_they_are_read_and_then_once(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache
) -> None:
    store(fake, image)
    pulled = client().pull(source, AMD64, cache)
    assert len(fake.called("GET", "/blobs/")) == 1  # the config
    assert check_image(pulled) == []
    assert check_image(pulled) == []
    assert len(fake.called("GET", "/blobs/")) == 3


def test_a_pull_by_digest_of_what_is_cached_needs_no_network(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache
) -> None:
    store(fake, image)
    client().pull(source, AMD64, cache)
    fake.calls.clear()
    again = client().pull(source.with_digest(image.digest), AMD64, cache)
    assert (again.manifest, again.config) == (image.manifest, image.config)
    assert fake.calls == []


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_INDEX])
def test_an_index_gives_the_platforms_image(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache, media_type: str
) -> None:
    arm = image_of(image.layers, config=lambda data: data.update(architecture="arm64"))
    store(fake, image, tag=None)
    store(fake, arm, tag=None)
    attestation = entry(arm, "unknown/unknown")
    index = store_index(fake, [attestation, entry(arm, "linux/arm64/v8"), entry(image, "linux/amd64")], media_type)
    assert client().pull(source, AMD64, cache).digest == image.digest
    assert client().pull(source, Platform("linux", "arm64"), cache).digest == arm.digest
    assert client().head(source) == Descriptor(media_type=media_type, digest=Digest.of(index), size=len(index))
    with pytest.raises(InputError, match="has no image for linux/s390x") as caught:
        client().pull(source, Platform("linux", "s390x"), cache)
    assert caught.value.hint == "it has linux/amd64, linux/arm64/v8"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("linux/arm/v7", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/arm", "linux/arm/v6"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
    ],
)
def test_variants(image: Image, wanted: str, chosen: str) -> None:
    names = ["linux/amd64/v3", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "unknown/unknown"]
    found = choose_platform(
        {"manifests": [entry(image, name) for name in names]}, Platform.parse(wanted), parse_reference("a")
    )
    assert str(found.platform) == chosen


def test_docker_schema_2_is_read(fake: FakeRemote, client: Client, source: Reference, cache: Cache) -> None:
    image = image_of([layer_of(tar_of("a"), media_type=DOCKER_LAYER)], types=(DOCKER_MANIFEST, DOCKER_CONFIG))
    store(fake, image)
    pulled = client().pull(source, AMD64, cache)
    assert pulled.media_type == DOCKER_MANIFEST
    assert check_image(pulled) == []


def test_a_manifest_that_does_not_name_its_type_is_read_from_the_cache_too(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache
) -> None:
    image = image_of([layer_of(tar_of("a"))], manifest=lambda data: data.pop("mediaType"))
    store(fake, image)
    assert client().pull(source, AMD64, cache).media_type == OCI_MANIFEST
    assert client().pull(source.with_digest(image.digest), AMD64, cache).media_type == OCI_MANIFEST


def test_schema_1_is_refused(fake: FakeRemote, client: Client, source: Reference, cache: Cache) -> None:
    signed = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    fake.put_manifest("base/python", b'{"schemaVersion": 1, "fsLayers": []}', signed, tag="3.11")
    fake.faults.content_type = signed
    with pytest.raises(InputError, match="Docker's schema 1") as caught:
        client().pull(source, AMD64, cache)
    assert caught.value.hint


def test_an_image_for_another_platform_is_refused(
    fake: FakeRemote, client: Client, source: Reference, image: Image, cache: Cache
) -> None:
    store(fake, image)
    with pytest.raises(InputError, match="has no image for linux/arm64") as caught:
        client().pull(source, Platform("linux", "arm64"), cache)
    assert caught.value.hint == "it has linux/amd64"


def test_what_does_not_exist(fake: FakeRemote, client: Client, source: Reference, cache: Cache) -> None:
    assert client().head(source) is None
    with pytest.raises(RemoteError, match="MANIFEST_UNKNOWN: manifest unknown") as caught:
        client().pull(source, AMD64, cache)
    assert (caught.value.status, caught.value.exit_code) == (404, 3)
    assert caught.value.message.startswith(f"{fake.host} does not have it (pull {source})")


@pytest.mark.parametrize("data", [b"not json", b"[]", b'{"manifests": [], "layers": []}'])
def test_documents_that_make_no_sense(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache, data: bytes
) -> None:
    fake.put_manifest("base/python", data, OCI_MANIFEST, tag="3.11")
    with pytest.raises(OutsideError, match=r"the manifest of"):
        client().pull(source, AMD64, cache)


@pytest.mark.parametrize(
    "broken",
    [
        {"config": {"digest": "sha256:1"}},
        {"config": None},
        {"layers": [{"digest": 3}]},
        {"layers": []},
        {"layers": [None]},
    ],
)
def test_manifests_with_broken_parts(
    fake: FakeRemote, client: Client, source: Reference, image: Image, cache: Cache, broken: dict[str, Any]
) -> None:
    store(fake, image)
    data = json.dumps(json.loads(image.manifest) | broken).encode()
    fake.put_manifest("base/python", data, OCI_MANIFEST, tag="3.11")
    with pytest.raises(OutsideError, match=r"is broken|has 0 layers, its config 2"):
        client().pull(source, AMD64, cache)


def test_an_artifact_is_not_an_image(fake: FakeRemote, client: Client, source: Reference, cache: Cache) -> None:
    fake.put_manifest("base/python", b'{"schemaVersion": 2, "blobs": []}', OCI_MANIFEST, tag="3.11")
    with pytest.raises(InputError, match="is not an image"):
        client().pull(source, AMD64, cache)


def test_a_config_that_makes_no_sense(fake: FakeRemote, client: Client, source: Reference, cache: Cache) -> None:
    store(fake, image_of([], config=lambda data: data.pop("rootfs")))
    with pytest.raises(OutsideError, match=r"the config of .* is broken"):
        client().pull(source, AMD64, cache)


def test_a_manifest_with_another_digest_is_refused(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache
) -> None:
    store(fake, image)
    other = Digest("11" * 32)
    fake.manifests["base/python"][str(other)] = (image.media_type, image.manifest)
    with pytest.raises(OutsideError, match=f"{image.digest}, expected {other}"):
        client().pull(source.with_digest(other), AMD64, cache)
    fake.faults.wrong_digest_header = str(other)
    with pytest.raises(OutsideError, match=f"{image.digest}, expected {other}"):
        client().pull(source, AMD64, cache)
    assert not cache.has_blob(image.digest)


def test_a_blob_with_other_content_is_refused_and_not_kept(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache
) -> None:
    store(fake, image)
    pulled = client().pull(source, AMD64, cache)
    fake.faults.corrupt_blobs = True
    with pytest.raises(OutsideError, match=r"does not have the expected content"):
        list(pulled.layers[0].chunks())
    assert not cache.has_blob(image.layers[0].descriptor.digest)
    fake.faults.corrupt_blobs = False
    assert check_image(pulled) == []


@pytest.mark.parametrize("ignore_range", [False, True])
def test_a_download_goes_on_where_it_broke(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache, *, ignore_range: bool
) -> None:
    store(fake, image)
    pulled = client().pull(source, AMD64, cache)
    fake.calls.clear()
    fake.faults.truncate = [20, 30 if not ignore_range else 50]
    fake.faults.ignore_range = ignore_range
    assert b"".join(pulled.layers[0].chunks()) == b"".join(image.layers[0].chunks())
    assert [call.range for call in fake.calls] == [None, "bytes=20-", "bytes=50-"]


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: writes fail in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_nothing_half_written(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache
) -> None:
    image = image_of([layer_of(b"", compressed=bytes(range(256)) * 4000)])
    store(fake, image)
    remote = client()
    pulled = remote.pull(source, AMD64, cache)
    before = sorted(path for path in cache.root.rglob("*") if path.is_file())
    # The manifest, the config, and the lock of those who use the cache.
    assert len(before) == 3
    with little_room(300_000), pytest.raises(OutsideError, match="cannot write to the cache") as caught:
        list(pulled.layers[0].chunks())
    assert caught.value.message.endswith(": File too large")
    assert caught.value.hint
    assert "comp cache prune" in caught.value.hint
    assert sorted(path for path in cache.root.rglob("*") if path.is_file()) == before
    again = remote.pull(source, AMD64, cache)
    assert b"".join(again.layers[0].chunks()) == bytes(range(256)) * 4000
    assert [entry for entry in cache.entries() if entry.leftover] == []
    assert list(cache.damaged()) == []
    # The first try ended where the disk did, and the second began with the first byte.
    assert [call.range for call in fake.calls if str(image.layers[0].descriptor.digest) in call.path] == [None, None]


def test_a_layer_that_broke_off_goes_on_the_next_time(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache
) -> None:
    data = os.urandom(3 << 20)
    (layer,) = store_layer(fake, data).layers
    pulled = client().pull(source, AMD64, cache)
    fake.faults.truncate = [2 << 20] + [0] * 20
    with pytest.raises(OutsideError):
        list(pulled.layers[0].chunks())
    (part,) = (entry for entry in cache.entries() if entry.leftover)
    assert part.size == 2 << 20
    fake.faults.truncate.clear()
    fake.calls.clear()
    reports: list[Progress] = []
    again = client().pull(source, AMD64, cache, report=reports.append)
    assert b"".join(again.layers[0].chunks()) == data
    assert [call.range for call in fake.calls if str(layer.descriptor.digest) in call.path] == ["bytes=2097152-"]
    assert reports[-1] == Progress(task=f"pull {layer.descriptor.digest.hex[:12]}", done=3 << 20, total=3 << 20)
    assert [entry for entry in cache.entries() if entry.leftover] == []


@pytest.mark.parametrize("size", [2 << 20, 3 << 20, 4 << 20])
def test_what_came_before_may_be_of_no_use(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache, size: int
) -> None:
    data = os.urandom(3 << 20)
    (layer,) = store_layer(fake, data).layers
    with cache.partial(layer.descriptor.digest) as part:
        assert part
        part.write(bytes(size))
    assert b"".join(client().pull(source, AMD64, cache).layers[0].chunks()) == data


def store_layer(fake: FakeRemote, data: bytes) -> Image:
    image = image_of([layer_of(b"", compressed=data)])
    store(fake, image)
    return image


def test_a_download_that_always_breaks_is_an_error(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache
) -> None:
    store(fake, image)
    pulled = client().pull(source, AMD64, cache)
    fake.faults.truncate = [0] * 50
    with pytest.raises(OutsideError, match=r"broke|ends after 0 of"):
        list(pulled.layers[0].chunks())
    assert not cache.has_blob(image.layers[0].descriptor.digest)


@pytest.mark.parametrize(("change", "problem"), [(-1, "is longer than"), (1, "ends after|answers 416")])
def test_a_blob_of_another_length_is_refused(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache, change: int, problem: str
) -> None:
    def manifest(data: dict[str, Any]) -> None:
        data["layers"][0]["size"] += change

    store(fake, image_of(image.layers, manifest=manifest))
    pulled = client().pull(source, AMD64, cache)
    with pytest.raises(OutsideError, match=problem):
        list(pulled.layers[0].chunks())


def test_a_redirect_to_another_server_gets_no_credentials(
    fake: FakeRemote,
    client: Client,
    image: Image,
    source: Reference,
    cache: Cache,
    docker_login: Callable[..., None],
) -> None:

    store(fake, image)
    fake.access = Access("basic")
    docker_login(fake.host)
    with serving(FakeRemote()) as storage:
        storage.blobs = fake.blobs
        fake.faults.redirect_blobs_to = f"http://{storage.host}"
        assert check_image(client().pull(source, AMD64, cache)) == []
        assert len(storage.calls) == 3
        assert {call.authorization for call in storage.calls} == {None}
        storage.faults.fail("GET", "/blobs/", 403)
        with pytest.raises(RemoteError) as caught:
            client().pull(source, AMD64, Cache(cache.root / "other"))
        assert caught.value.message.startswith(f"{storage.host} does not allow it")
        assert "hush" not in caught.value.message
        storage.calls.clear()
        elsewhere = f'Bearer realm="http://{storage.host}/token",service="fake"'
        storage.faults.fail("GET", "/blobs/", 401, WWW_Authenticate=elsewhere)
        with pytest.raises(RemoteError, match="wants other credentials"):
            client().pull(source, AMD64, Cache(cache.root / "other"))
        assert len(storage.calls) == 1
    assert fake.access.basic in {call.authorization for call in fake.calls}


def test_an_endless_manifest_is_refused(fake: FakeRemote, client: Client, source: Reference, cache: Cache) -> None:
    fake.put_manifest("base/python", b" " * (9 << 20), OCI_MANIFEST, tag="3.11")
    with pytest.raises(RemoteError, match="longer than"):
        client().pull(source, AMD64, cache)


@pytest.mark.parametrize("part", ["manifest", "config"])
def test_sizes_that_are_wrong_are_found_whether_or_not_it_is_cached(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache, part: str
) -> None:
    def manifest(data: dict[str, Any]) -> None:
        data["config"]["size"] += 1

    if part == "manifest":
        store(fake, image, tag=None)
        store_index(fake, [{**entry(image, "linux/amd64"), "size": 3}])
    else:
        store(fake, image)
        client().pull(source, AMD64, cache)
        store(fake, image_of(image.layers, manifest=manifest))
    for kept in (cache, Cache(cache.root / "other")):
        with pytest.raises(OutsideError, match=r"says that .* has \d+ bytes, it has|ends after|answers 416") as caught:
            client().pull(source, AMD64, kept)
        assert caught.value.hint


def test_indexes_of_indexes(fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache) -> None:
    store(fake, image, tag=None)
    inner: dict[str, Any] = entry(image, "linux/amd64")
    for depth in range(4):
        data = store_index(fake, [inner])
        if depth < 2:
            assert client().pull(source, AMD64, cache).digest == image.digest
        # An index has no platform of its own.
        inner = Descriptor(media_type=OCI_INDEX, digest=Digest.of(data), size=len(data)).to_dict()
    with pytest.raises(OutsideError, match="is an index of indexes of indexes") as caught:
        client().pull(source, AMD64, cache)
    assert caught.value.hint


@pytest.mark.parametrize(
    "document",
    [
        {"mediaType": ["x"], "layers": []},
        {"mediaType": {}, "manifests": []},
        {"manifests": {"a": 1}},
        {"manifests": [{"mediaType": "x", "digest": "sha256:" + "0" * 64, "size": 1, "platform": {"os": []}}]},
        {"layers": "none", "config": 3},
        {"schemaVersion": [1], "layers": None},
    ],
)
def test_documents_of_another_shape(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache, document: dict[str, Any]
) -> None:
    fake.put_manifest("base/python", json.dumps(document).encode(), OCI_MANIFEST, tag="3.11")
    with pytest.raises(CompError, match="base/python") as caught:
        client().pull(source, AMD64, cache)
    assert caught.value.hint


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"?", lambda _: b""])
def test_a_damaged_blob_is_fetched_again_or_reported(
    fake: FakeRemote,
    client: Client,
    image: Image,
    source: Reference,
    cache: Cache,
    damage: Callable[[bytes], bytes],
) -> None:
    store(fake, image)
    pulled = client().pull(source, AMD64, cache)
    assert check_image(pulled) == []
    layer = image.layers[0].descriptor
    for digest in (image.digest, image.config_descriptor.digest, layer.digest):
        path = cache.blob_path(digest)
        path.write_bytes(damage(path.read_bytes()))
    again = client().pull(source.with_digest(image.digest), AMD64, cache)
    assert (again.manifest, again.config) == (image.manifest, image.config)
    if cache.blob_path(layer.digest).stat().st_size == layer.size:
        with pytest.raises(OutsideError, match=f"{layer.digest.hex} is damaged: its sha256 is") as caught:
            check_image(again)
        assert caught.value.hint
        assert "comp cache verify" in caught.value.hint
    else:
        assert check_image(again) == []


@pytest.fixture
def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train:1")


@pytest.mark.parametrize("body", [DEEP, b'{"errors":' * 100_000, b'{"manifests": [' * 100_000, b"\xff", b"7"])
def test_a_manifest_that_cannot_be_read(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, body: bytes
) -> None:
    fake.faults.replies.append(("GET", "/manifests/", Reply(200, {"Content-Type": OCI_INDEX}, body)))
    with pytest.raises(OutsideError, match="the manifest of"):
        client().pull(target, PLATFORM, cache)


@pytest.mark.parametrize(
    "headers",
    [
        {"Docker-Content-Digest": "sha256:xyz"},
        {"Docker-Content-Digest": "\x80" * 300},
        {"Content-Type": "\x00/\x01"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "br, zstd, x"},
    ],
)
def test_headers_of_a_manifest_that_cannot_be_read(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, headers: dict[str, str]
) -> None:
    fake.faults.replies.append(("GET", "/manifests/", Reply(200, headers, b"{}")))
    with pytest.raises(CompError):
        client().pull(target, PLATFORM, cache)
