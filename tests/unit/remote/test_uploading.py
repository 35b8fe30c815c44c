"""Large blobs: sent at once, gone on with where they broke, and what happens with servers that do not play along."""

import random
from collections.abc import Callable

import pytest

from tests.fake_remote import Access, FakeRemote, Reply, serving
from tests.images import image_of, layer_of
from toolkit.errors import OutsideError, RemoteError, SlowError
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote import pushing, uploading
from toolkit.remote.client import Remote

Client = Callable[..., Remote]
SIZE = 10_000
DATA = random.Random(3).randbytes(SIZE)  # noqa: S311 (any bytes will do)
NO_ADDRESS = ["http://[::1", "http://host:port/x", "https://[v1.x]/", "ftp://host/x", "http://a:b@host/x"]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "CHUNK", 1000)
    monkeypatch.setattr(uploading, "LARGE", 4000)
    monkeypatch.setattr(uploading, "_LEAST", 100)
    # One after the other, so that faults meet the layer and not the config.
    monkeypatch.setattr(pushing, "THREADS", 1)


@pytest.fixture
def image() -> Image:
    return image_of([layer_of(b"", compressed=DATA)])


def push(fake: FakeRemote, client: Client, image: Image) -> list[tuple[str, str | None]]:
    """Push, check what arrived, and give the requests about uploads with their ranges."""
    client().push(image, parse_reference(f"{fake.host}/a/b:1"))
    assert fake.blobs["a/b"][str(image.layers[0].descriptor.digest)] == DATA
    # The first PUT closes the layer's upload, the second sends the config.
    return [(call.method, call.range) for call in fake.calls if "/uploads/" in call.path][:-2]


def test_everything_in_one_request_and_the_close(fake: FakeRemote, client: Client, image: Image) -> None:
    assert push(fake, client, image) == [("POST", None), ("PATCH", "0-9999"), ("PUT", None)]


def test_it_goes_on_where_it_broke(fake: FakeRemote, client: Client, image: Image) -> None:
    fake.faults.cut_chunks = [3500]
    assert push(fake, client, image) == [
        ("POST", None),
        ("PATCH", "0-9999"),
        ("GET", None),
        *[("PATCH", f"{start}-{min(start + 999, 9999)}") for start in range(3500, 10_000, 1000)],
        ("PUT", None),
    ]


def test_it_goes_on_however_often_it_breaks(
    fake: FakeRemote, client: Client, image: Image, pauses: list[float]
) -> None:
    fake.faults.cut_chunks = [100, 10, 20, 30, 40, 50, 60]
    sent = push(fake, client, image)
    assert [method for method, _ in sent].count("GET") == 7
    assert [span for method, span in sent if method == "PATCH"][:3] == ["0-9999", "100-1099", "110-1099"]
    # Each time something arrived, so patience begins anew.
    assert max(pauses) < 1


def test_what_arrived_with_the_connection_lost_is_not_sent_again(
    fake: FakeRemote, client: Client, image: Image
) -> None:
    fake.faults.cut_chunks = [SIZE]
    assert [method for method, _ in push(fake, client, image)] == ["POST", "PATCH", "GET", "PUT"]


def test_an_upload_that_makes_no_progress_is_an_error(fake: FakeRemote, client: Client, image: Image) -> None:
    fake.faults.cut_chunks = [0] * 20
    with pytest.raises(RemoteError, match="broke"):
        push(fake, client, image)


@pytest.mark.parametrize("forget", [1, 3])
def test_a_forgotten_upload_starts_again(fake: FakeRemote, client: Client, image: Image, forget: int) -> None:
    fake.faults.cut_chunks = [500] * forget
    fake.faults.forget = forget
    sent = push(fake, client, image)
    assert [method for method, _ in sent] == ["POST", "PATCH", "GET"] * forget + ["POST", "PATCH", "PUT"]


def test_an_upload_that_is_always_forgotten_is_an_error(fake: FakeRemote, client: Client, image: Image) -> None:
    fake.faults.cut_chunks = [500] * 20
    fake.faults.forget = 20
    with pytest.raises(RemoteError):
        push(fake, client, image)
    assert str(image.layers[0].descriptor.digest) not in fake.blobs.get("a/b", {})


def test_a_server_that_forgets_what_it_acknowledged(fake: FakeRemote, client: Client, image: Image) -> None:
    fake.faults.cut_chunks = [2500, 10]
    fake.faults.tell_less = [0, 2000]
    sent = push(fake, client, image)
    assert [method for method, _ in sent].count("POST") == 2


@pytest.mark.parametrize("status", [400, 405, 415, 501])
def test_a_server_without_chunks_gets_it_whole(fake: FakeRemote, client: Client, image: Image, status: int) -> None:
    fake.faults.no_chunks = status
    assert [method for method, _ in push(fake, client, image)] == ["POST", "PATCH", "POST", "PUT"]


def test_a_busy_server_is_waited_for_as_long_as_it_says(
    fake: FakeRemote, client: Client, image: Image, pauses: list[float]
) -> None:
    fake.faults.fail("PATCH", "/uploads/", 429, Retry_After="7")
    sent = push(fake, client, image)
    assert pauses == [7.0]
    assert [method for method, _ in sent][:3] == ["POST", "PATCH", "GET"]


def test_a_server_that_refuses_a_chunk_is_believed(fake: FakeRemote, client: Client, image: Image) -> None:
    fake.faults.fail("PATCH", "/uploads/", 403)
    with pytest.raises(RemoteError, match="does not allow it") as caught:
        push(fake, client, image)
    assert caught.value.status == 403


def test_a_close_whose_answer_is_lost_counts(
    fake: FakeRemote, client: Client, image: Image, pauses: list[float]
) -> None:
    # The server closes the upload and says that it is busy: asked again, it does not know the upload any more.
    fake.put_blob("a/b", DATA)
    fake.faults.fail("HEAD", "/blobs/", 404)
    fake.faults.fail("PUT", "/uploads/", 503)
    fake.faults.fail("PUT", "/uploads/", 404)
    client().push(image, parse_reference(f"{fake.host}/a/b:1"))
    assert fake.called("HEAD", str(image.layers[0].descriptor.digest))[1:]
    assert len(pauses) == 1


def test_a_token_that_expires_in_the_middle(
    fake: FakeRemote, client: Client, image: Image, docker_login: Callable[[str], None]
) -> None:
    fake.access = Access("bearer")
    docker_login(fake.host)
    fake.faults.expire_after = 6
    push(fake, client, image)
    assert len(fake.called("GET", "/token")) >= 2


def test_a_server_that_keeps_silent_is_not_waited_for_forever(
    fake: FakeRemote, client: Client, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_LIMIT_REQUEST_TIME", "1")
    fake.faults.stall = [0, 0, 3.0]
    with pytest.raises(SlowError, match="gave no whole answer within 1 seconds"):
        push(fake, client, image)


def test_a_blob_that_is_not_what_it_says_never_arrives_whole(fake: FakeRemote, client: Client) -> None:
    layer = layer_of(b"", compressed=DATA)
    other = layer_of(b"", compressed=DATA[:-1] + b"x")
    wrong = type(layer)(descriptor=layer.descriptor, diff_id=layer.diff_id, chunks=other.chunks)
    with pytest.raises(OutsideError, match="is not what its descriptor says"):
        push(fake, client, image_of([wrong]))
    assert str(layer.descriptor.digest) not in fake.blobs.get("a/b", {})


def sizes(fake: FakeRemote, method: str = "PATCH") -> list[int]:
    return [call.size for call in fake.calls if call.method == method and "/uploads/" in call.path]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "GET"])
def test_any_success_is_one(fake: FakeRemote, client: Client, image: Image, method: str, status: int) -> None:
    """A manifest's PUT may be answered with 202, an upload's PATCH with 204; a mount with 201 is another thing."""
    fake.faults.done_is[method] = status
    fake.faults.cut_chunks = [3500]
    assert push(fake, client, image)[-1] == ("PUT", None)
    assert fake.tags["a/b"]["1"] == str(image.digest)


def test_locations_are_relative_to_the_request(fake: FakeRemote, client: Client, image: Image) -> None:
    fake.faults.relative_locations = True
    fake.faults.cut_chunks = [3500]
    push(fake, client, image)


def test_uploads_that_are_sent_elsewhere(
    fake: FakeRemote, client: Client, image: Image, docker_login: Callable[[str], None]
) -> None:
    """A 307 of PATCH and PUT keeps method and body, and the other server never sees the token."""
    docker_login(fake.host)
    with serving(FakeRemote()) as other:
        other.uploads, other.blobs = fake.uploads, fake.blobs
        other.faults.relative_locations = True
        fake.access = Access("bearer")
        fake.faults.redirect_uploads_to = f"http://{other.host}"
        push(fake, client, image)
    assert sizes(other)
    assert {call.authorization for call in other.calls} == {None}


@pytest.mark.parametrize("most", [9_999, 4_000, 999, 130])
def test_what_is_too_large_is_sent_in_smaller_chunks(
    fake: FakeRemote, client: Client, image: Image, pauses: list[float], most: int
) -> None:
    # Small enough for the config.
    fake.faults.most = max(most, image.config_descriptor.size) if most < 999 else most
    push(fake, client, image)
    taken = [size for size in sizes(fake) if size <= (fake.faults.most or 0)]
    assert sum(taken) == SIZE
    assert pauses == []


def test_a_small_blob_that_is_too_large_is_sent_in_chunks(fake: FakeRemote, client: Client) -> None:
    small = DATA[:3000]
    fake.faults.most = 700
    client().push(image_of([layer_of(b"", compressed=small)]), parse_reference(f"{fake.host}/a/b:1"))
    assert small in fake.blobs["a/b"].values()
    assert max(size for size in sizes(fake, "PATCH") if size <= 700) >= 350


def test_a_server_that_takes_nothing_is_an_error(fake: FakeRemote, client: Client, image: Image) -> None:
    fake.faults.most = 10
    with pytest.raises(RemoteError, match=r"takes no request of this size .*: 413 Request Entity Too Large") as caught:
        push(fake, client, image)
    assert "COMP_CHUNK_SIZE" in (caught.value.hint or "")


@pytest.mark.parametrize(("text", "most"), [("2000", 2000), ("2kB", 2000), ("3 k", 3000)])
def test_the_size_of_chunks_can_be_set(fake: FakeRemote, client: Client, image: Image, text: str, most: int) -> None:
    fake.faults.most = most
    client(COMP_CHUNK_SIZE=text).push(image, parse_reference(f"{fake.host}/a/b:1"))
    assert sizes(fake) == [most] * (SIZE // most) + ([SIZE % most] if SIZE % most else [])


@pytest.fixture
def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train:1")


@pytest.mark.parametrize("location", NO_ADDRESS)
def test_an_upload_at_no_address(
    fake: FakeRemote, client: Client, target: Reference, image: Image, location: str
) -> None:
    fake.faults.replies += [("POST", "/uploads/", Reply(202, {"Location": location}))] * 8
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer: the address of its next step"):
        client().push(image, target)


@pytest.mark.parametrize("stored", ["0-99999999999999999999", "bytes", "-1", "0--1", "\xb2-\xb3", "5-1"])
def test_a_state_of_an_upload_that_cannot_be_read(
    fake: FakeRemote, client: Client, target: Reference, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    monkeypatch.setattr("toolkit.remote.uploading.LARGE", 10)
    fake.faults.cut_chunks = [5]
    headers = {"Location": "/v2/ml/train/blobs/uploads/s1?_state=a%2Bb%2Fc%3D", "Range": stored}
    fake.faults.replies.append(("GET", "/uploads/", Reply(204, headers)))
    image = image_of([layer_of(b"", compressed=bytes(1000))])
    assert client().push(image, target) == image.digest
