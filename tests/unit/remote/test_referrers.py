"""What refers to an image, on servers that list it and on those that keep a tag for it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fake_remote import Access, FakeRemote, Reply
from toolkit.digest import Digest
from toolkit.errors import OutsideError, RemoteError
from toolkit.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote
from toolkit.remote.endpoints import next_page

Client = Callable[..., Remote]
SIGNATURE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": str(Digest.of(b"{}"))}


@pytest.fixture
def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train")


def attach(fake: FakeRemote, image: Image, **more: Any) -> Descriptor:  # noqa: ANN401 (JSON values)
    """Store a manifest that refers to the image."""
    fake.put_blob("ml/train", b"{}")
    parsed = {"schemaVersion": 2, "config": EMPTY, "layers": [EMPTY], "subject": image.descriptor.to_dict(), **more}
    data = json.dumps(parsed).encode()
    digest = Digest.parse(fake.put_manifest("ml/train", data, OCI_MANIFEST))
    return Descriptor(media_type=OCI_MANIFEST, digest=digest, size=len(data))


def test_every_page_of_a_list_is_read(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    client().push(image, target)
    assert client().referrers(target, image.digest) == ()
    made = [attach(fake, image, artifactType=SIGNATURE, annotations={"n": str(number)}) for number in range(3)]
    plain = attach(fake, image)
    found = client().referrers(target, image.digest)
    assert [one.descriptor for one in found] == [*made, plain]
    assert [one.artifact_type for one in found] == [SIGNATURE] * 3 + [EMPTY["mediaType"]]
    assert client().referrers(target, made[0].digest) == ()


def test_an_old_server_keeps_a_tag(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    fake.faults.no_referrers = True
    client().push(image, target)
    assert client().referrers(target, image.digest) == ()
    made = attach(fake, image, artifactType=SIGNATURE)
    listed = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{**made.to_dict(), "artifactType": SIGNATURE}]}
    fake.put_manifest("ml/train", json.dumps(listed).encode(), OCI_INDEX, tag=f"sha256-{image.digest.hex}")
    (found,) = client().referrers(target.with_digest(image.digest), image.digest)
    assert (found.artifact_type, found.descriptor) == (SIGNATURE, made)


def test_listing_needs_the_right_to_read(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    client().push(image, target)
    attach(fake, image)
    fake.access = Access("bearer", anonymous_pull=True)
    assert len(client().referrers(target, image.digest)) == 1
    fake.access = Access("bearer")
    with pytest.raises(RemoteError) as caught:
        client().referrers(target, image.digest)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "body", [b"[]", b"no JSON", b'{"manifests": 3}', b'{"manifests": [3]}', b'{"manifests": [{}]}']
)
def test_an_invalid_list_is_refused(
    fake: FakeRemote, client: Client, image: Image, target: Reference, body: bytes
) -> None:
    fake.faults.no_referrers = True
    fake.put_manifest("ml/train", body, OCI_INDEX, tag=f"sha256-{image.digest.hex}")
    with pytest.raises(RemoteError):
        client().referrers(target, image.digest)


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("", None),
        ('</v2/a/referrers/x?last=1&n=2>; rel="next"', "/v2/a/referrers/x?last=1&n=2"),
        ("</a>; rel=next", "/a"),
        ('</b>; rel="prev", </c>; title="x"; rel="next"', "/c"),
        ('</b>; rel="nextish"', None),
    ],
)
def test_where_a_list_goes_on(link: str, page: str | None) -> None:
    assert next_page(link) == page


@pytest.mark.parametrize("link", ["http://[::1", "http://host:port/x"])
def test_a_next_page_at_no_address(
    fake: FakeRemote, client: Client, target: Reference, image: Image, link: str
) -> None:
    body = b'{"schemaVersion": 2, "manifests": []}'
    headers = {"Link": f'<{link}>; rel="next"', "Content-Type": OCI_INDEX}
    fake.faults.replies.append(("GET", "/referrers/", Reply(200, headers, body)))
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer"):
        client().referrers(target, image.digest)


def test_whether_a_server_lists_referrers_is_known(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    assert client().lists_referrers(target, image.digest) is True
    fake.faults.no_referrers = True
    assert client().lists_referrers(target, image.digest) is False
