"""Mirrors are asked first, believed by digest only, and passed over when they do not help."""

from collections.abc import Callable, Iterator

import pytest

from tests.fake_remote import Access, FakeRemote, serving
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError, UsageError
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote
from toolkit.remote.mirrors import Mirrors

Client = Callable[..., Remote]
AMD64 = Platform("linux", "amd64")


@pytest.fixture
def mirror() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


def pull(fake: FakeRemote, mirror: str, client: Client, cache: Cache) -> Image:
    remote = client(COMP_MIRRORS=f"{fake.host}={mirror}")
    reference = parse_reference(f"{fake.host}/a/b:1")
    found = remote.head(reference)
    assert found is not None
    image = remote.pull(reference, AMD64, cache)
    assert found.digest == image.digest
    for layer in image.layers:
        assert b"".join(layer.chunks())
        assert layer.origin == f"{fake.host}/a/b"
    return image


def test_a_mirror_that_has_it_is_enough(
    fake: FakeRemote, mirror: FakeRemote, client: Client, cache: Cache, image: Image
) -> None:
    client().push(image, parse_reference(f"{mirror.host}/hub/a/b:1"))
    assert pull(fake, f"{mirror.host}/hub/", client, cache).digest == image.digest
    assert fake.calls == []


def test_a_mirror_that_lacks_it_is_passed_over(
    fake: FakeRemote, mirror: FakeRemote, client: Client, cache: Cache, image: Image
) -> None:
    client().push(image, parse_reference(f"{fake.host}/a/b:1"))
    assert pull(fake, mirror.host, client, cache).digest == image.digest
    assert mirror.called("GET", "/manifests/")


def test_a_mirror_that_is_down_is_asked_once(
    fake: FakeRemote, client: Client, cache: Cache, image: Image, pauses: list[float]
) -> None:
    client().push(image, parse_reference(f"{fake.host}/a/b:1"))
    assert pull(fake, "127.0.0.1:9", client, cache).digest == image.digest
    assert pauses == []


def test_a_mirror_that_lies_is_found_out(
    fake: FakeRemote, mirror: FakeRemote, client: Client, cache: Cache, image: Image
) -> None:
    for remote in (fake, mirror):
        client().push(image, parse_reference(f"{remote.host}/a/b:1"))
    mirror.faults.corrupt_blobs = True
    with pytest.raises(OutsideError, match="does not have the expected content"):
        pull(fake, mirror.host, client, cache)


def test_the_hosts_password_is_not_for_the_mirror(
    fake: FakeRemote,
    mirror: FakeRemote,
    client: Client,
    cache: Cache,
    image: Image,
    docker_login: Callable[[str], None],
) -> None:
    fake.access = Access("basic")
    docker_login(fake.host)
    for remote in (fake, mirror):
        client().push(image, parse_reference(f"{remote.host}/a/b:1"))
    mirror.calls.clear()
    pull(fake, mirror.host, client, cache)
    assert mirror.calls
    assert {call.authorization for call in mirror.calls} == {None}


def test_pushes_never_go_to_mirrors(fake: FakeRemote, mirror: FakeRemote, client: Client, image: Image) -> None:
    client(COMP_MIRRORS=f"{fake.host}={mirror.host}").push(image, parse_reference(f"{fake.host}/a/b:1"))
    assert mirror.calls == []


def test_several_in_order() -> None:
    text = "docker.io=one:5000/hub docker.io=two.example,ghcr.io=three.example/x/"
    mirrors = Mirrors.of({"COMP_MIRRORS": text})
    assert [str(place) for place in mirrors.of_reference(parse_reference("python:3.11-slim"))] == [
        "one:5000/hub/library/python:3.11-slim",
        "two.example/library/python:3.11-slim",
    ]
    digest = f"sha256:{'a' * 64}"
    assert [str(place) for place in mirrors.of_reference(parse_reference(f"ghcr.io/a/b@{digest}"))] == [
        f"three.example/x/a/b@{digest}"
    ]
    assert list(mirrors.of_reference(parse_reference("quay.io/a/b"))) == []


@pytest.mark.parametrize("text", ["docker.io", "docker.io=", "=mirror", "docker.io=Not A Host", "docker.io=x y z=/"])
def test_an_invalid_mirror_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="COMP_MIRRORS has"):
        Mirrors.of({"COMP_MIRRORS": text})
