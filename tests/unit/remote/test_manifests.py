"""Manifests one by one: read, asked for again, tagged and removed."""

from collections.abc import Callable

import pytest

from tests.fake_remote import FakeRemote, store
from tests.images import image_of, layer_of, tar_of
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference
from toolkit.remote.client import Remote

Client = Callable[..., Remote]


def test_a_manifest_is_read_as_it_is(fake: FakeRemote, client: Client, source: Reference, image: Image) -> None:
    assert client().manifest(source) is None
    assert client().tagged(source) is None
    store(fake, image)
    found = client().manifest(source)
    assert found is not None
    assert (found.digest, found.data) == (image.digest, image.manifest)
    assert client().manifest(source.with_digest(image.digest)) == found
    assert client().tagged(source) == image.digest


def test_an_unchanged_manifest_is_not_sent_again(
    fake: FakeRemote, client: Client, source: Reference, image: Image
) -> None:
    store(fake, image)
    known = client().manifest(source)
    assert client().manifest(source, known=known) is known
    other = image_of([layer_of(tar_of("other"))])
    store(fake, other)
    moved = client().manifest(source, known=known)
    assert moved is not None
    assert moved.digest == other.digest
    # A server without conditions sends the whole.
    fake.faults.ignore_conditions = True
    assert client().manifest(source, known=moved) == moved


def test_other_content_than_the_digest_is_refused(
    fake: FakeRemote, client: Client, source: Reference, image: Image
) -> None:
    store(fake, image)
    fake.faults.wrong_digest_header = str(Digest.of(b"other"))
    with pytest.raises(OutsideError, match="gives another manifest than"):
        client().manifest(source)
    fake.faults.wrong_digest_header = "sha256:nonsense"
    with pytest.raises(OutsideError, match="sent an invalid digest"):
        client().manifest(source)


def test_the_digest_of_a_tag_is_found_without_the_header(
    fake: FakeRemote, client: Client, source: Reference, image: Image
) -> None:
    store(fake, image)
    fake.faults.no_digest_header = True
    assert client().tagged(source) == image.digest


def test_mirrors_are_asked_only_on_request(fake: FakeRemote, client: Client, source: Reference, image: Image) -> None:
    store(fake, image)
    remote = client(COMP_MIRRORS=f"{fake.host}={fake.host}/mirror")
    assert remote.manifest(source) is not None
    assert not fake.called("GET", "/mirror/")
    assert remote.manifest(source, mirrors=True) is not None
    assert len(fake.called("GET", "/mirror/")) == 1


def test_a_new_tag_alone_is_set_where_the_server_can_tell(
    fake: FakeRemote, client: Client, source: Reference, image: Image
) -> None:
    store(fake, image)
    other = image_of([layer_of(tar_of("other"))])
    store(fake, other, tag=None)
    assert client().set_tag(other, source, only_new=True) is False
    assert client().tagged(source) == image.digest
    assert client().set_tag(other, source.with_tag("new"), only_new=True) is True
    fake.faults.ignore_conditions = True
    assert client().set_tag(other, source, only_new=True) is True
    assert client().tagged(source) == other.digest


def test_another_stored_manifest_is_an_error(fake: FakeRemote, client: Client, source: Reference, image: Image) -> None:
    store(fake, image)
    fake.faults.wrong_digest_header = str(Digest.of(b"other"))
    with pytest.raises(OutsideError, match="stored another manifest"):
        client().set_tag(image, source)


def test_a_tag_is_removed_if_the_server_permits_it(
    fake: FakeRemote, client: Client, source: Reference, image: Image
) -> None:
    store(fake, image)
    fake.faults.no_delete = 405
    assert client().delete(source) is False
    assert client().tagged(source) == image.digest
    fake.faults.no_delete = None
    assert client().delete(source) is True
    assert client().tagged(source) is None
    assert client().delete(source) is False
