from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fake_remote import Access, FakeRemote, Reply, serving
from tests.images import image_of, layer_of, tar_of
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import Reference, parse_reference
from toolkit.progress import Progress
from toolkit.remote import pushing
from toolkit.remote.blob_locations import BlobLocations
from toolkit.remote.client import Remote
from toolkit.system.threads import at_once

AMD64 = Platform("linux", "amd64")
Client = Callable[..., Remote]


@pytest.fixture
def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train")


def counted(layer: Layer, reads: list[Digest]) -> Layer:
    def chunks() -> Iterator[bytes]:
        reads.append(layer.descriptor.digest)
        return layer.chunks()

    return replace(layer, chunks=chunks)


def test_what_was_pushed_can_be_pulled(
    fake: FakeRemote, client: Client, image: Image, target: Reference, cache: Cache
) -> None:
    assert client().push(image, target, tags=["1.0.0", "sha-abc"]) == image.digest
    assert fake.tags["ml/train"] == {"1.0.0": str(image.digest), "sha-abc": str(image.digest)}
    pulled = client().pull(target.with_tag("1.0.0"), AMD64, cache)
    assert (pulled.manifest, pulled.config, pulled.media_type) == (image.manifest, image.config, image.media_type)
    assert check_image(pulled) == []
    assert {layer.origin for layer in pulled.layers} == {f"{fake.host}/ml/train"}


def test_manifest_comes_after_its_parts_and_tags_come_last(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    client().push(image, target, tags=["1"])
    puts = fake.called("PUT")
    assert ["uploads" in path for path in puts] == [True] * 3 + [False]
    # The first tag brings the manifest.
    assert puts[3:] == ["/v2/ml/train/manifests/1"]
    assert set(fake.manifests["ml/train"]) == {str(image.digest)}


def test_without_a_tag_the_manifest_goes_by_its_digest(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    client().push(image, target)
    assert fake.called("PUT", "manifests") == [f"/v2/ml/train/manifests/{image.digest}"]


def test_the_references_own_tag_is_set(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    client().push(image, target.with_tag("mine"), tags=["1"])
    assert set(fake.tags["ml/train"]) == {"1", "mine"}


def test_pushing_again_only_looks(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    client().push(image, target, tags=["1", "2"])
    fake.calls.clear()
    assert client().push(image, target, tags=["1", "2"]) == image.digest
    assert [call.method for call in fake.calls if "manifests" in call.path] == ["HEAD"] * 3
    assert not [call for call in fake.calls if "blobs" in call.path]


def test_a_tag_that_names_another_image_is_moved(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    client().push(image_of(image.layers[:1]), target, tags=["1"])
    client().push(image, target, tags=["2"])
    fake.calls.clear()
    client().push(image, target, tags=["1", "2"])
    assert fake.called("PUT") == ["/v2/ml/train/manifests/1"]
    assert fake.tags["ml/train"]["1"] == str(image.digest)


def test_layers_that_the_remote_has_are_never_read(client: Client, image: Image, target: Reference) -> None:
    client().push(image_of(image.layers[:1]), target)
    reads: list[Digest] = []
    counting = replace(image, layers=tuple(counted(layer, reads) for layer in image.layers))
    client().push(counting, target)
    assert reads == [image.layers[1].descriptor.digest]


def test_a_layer_that_stands_twice_is_sent_once(fake: FakeRemote, client: Client, target: Reference) -> None:
    layer = layer_of(tar_of("a"))
    client().push(image_of([layer, layer]), target)
    assert len(fake.called("PUT", "uploads")) == 2


@pytest.fixture
def neighbour(fake: FakeRemote, client: Client, image: Image, cache: Cache) -> Image:
    base = parse_reference(f"{fake.host}/base/python:3.11")
    client().push(image, base)
    fake.calls.clear()
    return client().pull(base, AMD64, cache)


def test_layers_of_the_same_host_are_mounted(
    fake: FakeRemote, client: Client, neighbour: Image, target: Reference, cache: Cache
) -> None:
    client().push(neighbour, target)
    assert len(fake.called("PUT", "uploads")) == 1  # the config
    assert fake.called("GET", "blobs") == [f"/v2/base/python/blobs/{neighbour.config_descriptor.digest}"]
    assert not any(cache.has_blob(layer.descriptor.digest) for layer in neighbour.layers)


@pytest.mark.parametrize(("fault", "how"), [("refuse_mounts", 405), ("refuse_mounts", 501), ("ignore_mounts", True)])
def test_without_mounts_layers_are_sent(
    fake: FakeRemote, client: Client, neighbour: Image, target: Reference, fault: str, how: object
) -> None:
    setattr(fake.faults, fault, how)
    client().push(neighbour, target)
    assert len(fake.called("PUT", "uploads")) == 3
    opened = len(fake.called("POST"))
    assert opened == (3 if fault == "ignore_mounts" else 5)


def test_layers_of_another_host_are_not_mounted(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    foreign = tuple(replace(layer, origin="elsewhere.example.com/base") for layer in image.layers)
    client().push(replace(image, layers=foreign), target)
    assert not [call for call in fake.calls if "mount" in call.query]


def test_a_mount_asks_for_the_right_to_read_its_source(
    fake: FakeRemote, client: Client, neighbour: Image, target: Reference, docker_login: Callable[[str], None]
) -> None:
    fake.access = Access("bearer")
    docker_login(fake.host)
    client().push(neighbour, target)
    scopes = [set(call.query["scope"]) for call in fake.calls if call.path == "/token"]
    assert {"repository:ml/train:pull,push", "repository:base/python:pull"} in scopes
    assert len(fake.called("PUT", "uploads")) == 1


def test_absolute_locations_keep_their_query(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    fake.faults.absolute_locations = True
    client().push(image, target)
    assert str(image.digest) in fake.manifests["ml/train"]


def test_an_upload_to_another_server_gets_no_credentials(
    fake: FakeRemote, client: Client, image: Image, target: Reference, docker_login: Callable[[str], None]
) -> None:
    fake.access = Access("basic")
    docker_login(fake.host)
    with serving(FakeRemote()) as storage:
        storage.blobs, storage.uploads = fake.blobs, fake.uploads
        fake.faults.uploads_at = f"http://{storage.host}"
        client().push(image, target)
        assert len(storage.called("PUT")) == 3
        assert {call.authorization for call in storage.calls} == {None}
    assert str(image.digest) in fake.manifests["ml/train"]


def test_an_upload_that_breaks_starts_again(
    fake: FakeRemote, client: Client, target: Reference, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    # One after the other, so that the faults meet the layer and not the config.
    monkeypatch.setattr(pushing, "THREADS", 1)
    big = layer_of(b"", compressed=bytes(range(256)) * 20_000)
    big = replace(big, chunks=lambda: iter([bytes(range(256)) * 100] * 200))
    fake.faults.drop_uploads = 2
    client().push(image_of([big]), target)
    assert fake.blobs["ml/train"][str(big.descriptor.digest)] == bytes(range(256)) * 20_000
    assert pauses == [0.3, pytest.approx(0.9)]
    assert len(fake.called("POST", "uploads")) == 4


def test_a_lost_upload_session_starts_again(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    fake.faults.lose_uploads = 1
    client().push(image, target)
    assert str(image.digest) in fake.manifests["ml/train"]


def test_an_upload_that_always_breaks_is_an_error(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    fake.faults.drop_uploads = 1000
    with pytest.raises(RemoteError, match=f"the connection to {fake.host} broke") as caught:
        client().push(image, target, tags=["1"])
    assert caught.value.status == 0
    assert "ml/train" not in fake.manifests


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(
    fake: FakeRemote, client: Client, image: Image, target: Reference, pauses: list[float], status: int
) -> None:
    for method in ("HEAD", "POST", "PUT"):
        fake.faults.fail(method, "/blobs/", status, times=1, Retry_After="7")
    fake.faults.fail("PUT", "/manifests/", status, times=2)
    client().push(image, target, tags=["1"])
    assert sorted(pauses) == [0.3, pytest.approx(0.9), 7, 7, 7]
    assert fake.tags["ml/train"] == {"1": str(image.digest)}


def test_a_server_that_stays_in_trouble_is_an_error(
    fake: FakeRemote, client: Client, image: Image, target: Reference, pauses: list[float]
) -> None:
    fake.faults.fail("HEAD", "/manifests/", 503, times=100)
    with pytest.raises(RemoteError) as caught:
        client().push(image, target)
    assert caught.value.status == 503
    assert caught.value.message == (
        f"{fake.host} answers 503 after 4 attempts (look up {fake.host}/ml/train@{image.digest})"
    )
    assert len(pauses) == 3


def test_a_repository_that_may_not_be_read_can_be_pushed_to(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    fake.faults.fail("HEAD", "/manifests/", 403)
    client().push(image, target)
    assert str(image.digest) in fake.manifests["ml/train"]


def test_a_layer_with_other_bytes_than_described_never_arrives(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    for wrong in (b"x" * image.layers[0].descriptor.size, b"short"):
        broken = replace(image.layers[0], chunks=partial(iter, [wrong]))
        with pytest.raises(OutsideError, match="is not what its descriptor says"):
            client().push(replace(image, layers=(broken,)), target)
    assert "ml/train" not in fake.manifests
    assert str(image.layers[0].descriptor.digest) not in fake.blobs.get("ml/train", {})


def test_an_error_of_a_layer_stops_the_others(fake: FakeRemote, client: Client, target: Reference) -> None:
    layers = [layer_of(tar_of(f"file-{number}")) for number in range(30)]

    def broken() -> Iterator[bytes]:
        raise OutsideError("the base is gone")

    failing = [replace(layers[0], chunks=broken), *layers[1:]]
    with pytest.raises(OutsideError, match="the base is gone"):
        client().push(image_of(failing), target)
    assert "ml/train" not in fake.manifests


def test_a_server_that_stores_something_else_is_an_error(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    fake.faults.wrong_digest_header = f"sha256:{'00' * 32}"
    with pytest.raises(OutsideError, match="stored another manifest"):
        client().push(image, target)


def test_tags_are_checked_before_anything_is_sent(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    with pytest.raises(InputError, match="is not a tag"):
        client().push(image, target, tags=["no good"])
    with pytest.raises(InputError, match="names another digest"):
        client().push(image, target.with_digest(Digest("00" * 32)))
    assert fake.calls == []


def test_progress_goes_up_to_the_size(client: Client, image: Image, target: Reference) -> None:
    seen = list[Progress]()
    client().push(image, target, report=seen.append)
    last = {progress.task: progress for progress in seen}
    assert {f"push {layer.descriptor.digest.hex[:12]}" for layer in image.layers} < set(last)
    assert all(progress.done == progress.total for progress in last.values())


def test_what_was_pushed_before_is_mounted_from_there(fake: FakeRemote, client: Client, cache: Cache) -> None:
    image = image_of([layer_of(tar_of("small")), layer_of(b"", compressed=bytes(200_000))])
    locations = BlobLocations(cache)
    client().push(image, parse_reference(f"{fake.host}/one/first:1"), locations=locations)
    fake.calls.clear()
    client().push(image, parse_reference(f"{fake.host}/two/second:1"), locations=BlobLocations(cache))
    mounts = [call.query["from"] for call in fake.calls if "mount" in call.query]
    assert mounts == [["one/first"]]
    # What is gone there is sent.
    digest = str(image.layers[1].descriptor.digest)
    for name in ("one/first", "two/second"):
        del fake.blobs[name][digest]
    client().push(image, parse_reference(f"{fake.host}/three/third:1"), locations=locations)
    assert digest in fake.blobs["three/third"]
    assert locations.find(fake.host, image.layers[1].descriptor.digest) == "three/third"
    # A small one is known to the process that pushed it.
    assert locations.find(fake.host, image.layers[0].descriptor.digest)
    assert BlobLocations(cache).find(fake.host, image.layers[0].descriptor.digest) is None
    assert locations.find("elsewhere.example", image.layers[1].descriptor.digest) is None


@pytest.fixture
def pushed(fake: FakeRemote, client: Client, target: Reference, cache: Cache) -> tuple[Image, Image]:
    """Push an image, and give it and one that shares all layers but one."""
    layers = [layer_of(tar_of(name)) for name in ("base", "wheels", "code", "changed code")]
    first, second = image_of(layers[:3]), image_of([*layers[:2], layers[3]])
    client().push(first, target, tags=["1"], locations=BlobLocations(cache))
    fake.calls.clear()
    return first, second


def test_the_manifest_that_was_pushed_last_stands_for_its_blobs(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, pushed: tuple[Image, Image]
) -> None:
    first, second = pushed
    client().push(second, target, tags=["1"], locations=BlobLocations(cache))
    # The new blobs are small, and are sent without a question.
    assert fake.called("HEAD") == [f"/v2/ml/train/manifests/{first.digest}"]
    assert len(fake.called("PUT", "uploads")) == 2
    # The scheme, that question, two requests for each blob, and the manifest.
    assert len(fake.calls) == 1 + 1 + 2 * 2 + 1
    assert check_image(client().pull(target.with_tag("1"), AMD64, cache)) == []


def test_a_manifest_that_is_gone_stands_for_nothing(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, pushed: tuple[Image, Image]
) -> None:
    first, second = pushed
    fake.manifests.clear()
    fake.blobs.clear()
    client().push(second, target, locations=BlobLocations(cache))
    assert set(fake.blobs["ml/train"]) > {str(layer.descriptor.digest) for layer in second.layers}
    assert str(first.digest) not in fake.manifests["ml/train"]


def test_blobs_that_a_server_lost_below_a_manifest_are_sent_again(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, pushed: tuple[Image, Image]
) -> None:
    _, second = pushed
    lost = str(second.layers[0].descriptor.digest)
    del fake.blobs["ml/train"][lost]
    client().push(second, target, locations=BlobLocations(cache))
    assert lost in fake.blobs["ml/train"]
    assert str(second.digest) in fake.manifests["ml/train"]


def test_a_blob_that_another_push_is_writing_is_looked_for_again(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    body = b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry"}]}'
    for tag in ("1", "2"):
        reply = Reply(400, {"Content-Type": "application/json"}, body)
        fake.faults.replies.append(("PUT", f"/manifests/{tag}", reply))
    client().push(image, target, tags=["1", "2"])
    assert fake.tags["ml/train"] == dict.fromkeys(("1", "2"), str(image.digest))
    assert len(fake.called("PUT", "/blobs/uploads/")) == len({layer.descriptor.digest for layer in image.layers}) + 1


def test_images_that_share_a_layer_send_it_once(fake: FakeRemote, client: Client, cache: Cache) -> None:
    common, locations, remote = layer_of(b"", compressed=bytes(300_000)), BlobLocations(cache), client()
    images = [image_of([common, layer_of(tar_of(f"code {number}"))]) for number in range(6)]
    sent: dict[int, list[int]] = {number: [] for number in range(6)}

    def push(number: int) -> None:
        place = parse_reference(f"{fake.host}/team/c{number}")
        remote.push(images[number], place, tags=["1"], locations=locations, sent=sent[number].append)

    at_once(push, range(6))
    digest = str(common.descriptor.digest)
    assert all(digest in fake.blobs[f"team/c{number}"] for number in range(6))
    assert sum(300_000 in sizes for sizes in sent.values()) == 1
    # One of them asked for it before it was sent, and one before it was mounted first; no other did.
    assert len([path for path in fake.called("HEAD") if digest in path]) <= 2
    for number, image in enumerate(images):
        assert sum(sent[number]) == sum(
            len(fake.blobs[f"team/c{number}"][str(blob.digest)])
            for blob in (image.config_descriptor, *(layer.descriptor for layer in image.layers))
            if blob.digest != common.descriptor.digest or 300_000 in sent[number]
        ) + len(image.manifest)


def test_a_push_that_fails_leaves_the_layer_to_the_next(fake: FakeRemote, client: Client, cache: Cache) -> None:
    layer, locations = layer_of(b"", compressed=bytes(300_000)), BlobLocations(cache)

    def broken() -> Iterator[bytes]:
        raise OutsideError("the wheel is gone")

    place = parse_reference(f"{fake.host}/team/first")
    with pytest.raises(OutsideError, match="the wheel is gone"):
        client().push(image_of([replace(layer, chunks=broken)]), place, locations=locations)
    client().push(image_of([layer]), parse_reference(f"{fake.host}/team/second"), locations=locations)
    assert str(layer.descriptor.digest) in fake.blobs["team/second"]


@pytest.mark.parametrize(("fault", "how"), [("refuse_mounts", 500), ("ignore_mounts", True)])
def test_a_host_that_stops_mounting_gets_the_layer(
    fake: FakeRemote, client: Client, cache: Cache, fault: str, how: object
) -> None:
    image, locations = image_of([layer_of(b"", compressed=bytes(300_000))]), BlobLocations(cache)
    for name in ("first", "second"):
        client().push(image, parse_reference(f"{fake.host}/team/{name}"), locations=locations)
    assert locations.mounting == {fake.host}
    setattr(fake.faults, fault, how)
    client().push(image, parse_reference(f"{fake.host}/team/third"), locations=locations)
    assert str(image.layers[0].descriptor.digest) in fake.blobs["team/third"]


def test_two_machines_push_one_component_at_once(
    fake: FakeRemote, client: Client, target: Reference, tmp_path: Path
) -> None:
    common = layer_of(b"", compressed=bytes(300_000))
    images = [image_of([common, layer_of(tar_of(f"code {number}"))]) for number in (1, 1, 2)]

    def push(number: int) -> Digest:
        locations = BlobLocations(Cache(tmp_path / str(number)))
        return client().push(images[number], target, tags=["1.0.0", f"sha-{number}"], locations=locations)

    for _ in range(3):
        assert list(at_once(push, range(3))) == [image.digest for image in images]
        # Each has its image whole; a tag that both set names one of them.
        assert {str(image.digest) for image in images} <= fake.manifests["ml/train"].keys()
        assert fake.tags["ml/train"]["1.0.0"] in {str(image.digest) for image in images}
        assert [fake.tags["ml/train"][f"sha-{number}"] for number in range(3)] == [str(i.digest) for i in images]


def test_an_image_that_is_new_to_the_repository_is_sent_without_a_question(
    fake: FakeRemote, client: Callable[..., Remote], source: Reference, image: Image
) -> None:
    held = image.layers[0].descriptor.digest
    fake.put_blob("base/python", b"".join(image.layers[0].chunks()))
    assert client().push(image, source, present=frozenset({held})) == image.digest
    assert not fake.called("HEAD")
    # The other layer and the config.
    assert len(fake.called("POST", "/blobs/uploads/")) == 2


def test_blobs_that_the_repository_was_wrongly_thought_to_have_are_sent_after_all(
    fake: FakeRemote, client: Callable[..., Remote], source: Reference, image: Image
) -> None:
    lost = frozenset(layer.descriptor.digest for layer in image.layers)
    assert client().push(image, source, present=lost) == image.digest
    assert {str(digest) for digest in lost} <= set(fake.blobs["base/python"])
