from collections.abc import Callable

from tests.fake_remote import FakeRemote, store
from toolkit.digest import Digest
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote

Client = Callable[..., Remote]


def test_head_without_the_digest_header_reads_the_manifest(
    fake: FakeRemote, client: Client, image: Image, source: Reference
) -> None:
    store(fake, image)
    fake.faults.no_digest_header = True
    assert client().head(source) == image.descriptor


def test_a_head_describes_a_manifest_or_finds_none(
    fake: FakeRemote, client: Client, image: Image, source: Reference
) -> None:
    assert client().head(source) is None
    store(fake, image)
    assert client().head(source) == image.descriptor
    assert fake.called("GET", "/manifests/") == []


def test_a_blob_is_looked_for_in_its_repository(
    fake: FakeRemote, client: Client, image: Image, source: Reference
) -> None:
    store(fake, image)
    blob = image.layers[0].descriptor.digest
    assert client().has_blob(source, blob)
    assert not client().has_blob(parse_reference(f"{fake.host}/other/one"), blob)
    assert not client().has_blob(source, Digest.of(b"missing"))


def test_a_host_that_speaks_the_protocol(fake: FakeRemote, client: Client) -> None:
    client().ping(fake.host)
    assert fake.called("GET", "/v2/")
