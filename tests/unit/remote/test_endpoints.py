import pytest

from toolkit.digest import Digest
from toolkit.oci.descriptor import OCI_MANIFEST, Descriptor
from toolkit.oci.reference import parse_reference
from toolkit.remote import endpoints

DIGEST = Digest.of(b"blob")
REFERENCE = parse_reference("registry.example.com/ml/train:1")
BLOB = Descriptor(media_type="x", digest=DIGEST, size=4)


def test_reading_needs_less_than_writing() -> None:
    reading = [
        endpoints.get_manifest(REFERENCE),
        endpoints.get_blob(REFERENCE, BLOB, start=0),
        endpoints.get_referrers(REFERENCE, DIGEST),
    ]
    writing = [
        endpoints.head_blob(REFERENCE, DIGEST),
        endpoints.start_upload(REFERENCE),
        endpoints.patch_blob(REFERENCE, "/u", b"x", 0),
        endpoints.blob_status(REFERENCE, "/u"),
        endpoints.put_blob(REFERENCE, DIGEST, "/u", body=b"", restart=None),
    ]
    assert {scope for endpoint in reading for scope in endpoint.scopes} == {"repository:ml/train:pull"}
    assert {scope for endpoint in writing for scope in endpoint.scopes} == {"repository:ml/train:pull,push"}
    mount = endpoints.mount_blob(REFERENCE, DIGEST, "ml/base")
    assert mount.scopes == {"repository:ml/train:pull,push", "repository:ml/base:pull"}
    assert mount.path.endswith(f"/uploads/?mount=sha256%3A{DIGEST.hex}&from=ml%2Fbase")


def test_a_manifest_is_asked_for_by_digest_if_the_reference_has_one() -> None:
    assert endpoints.get_manifest(REFERENCE).path == "/v2/ml/train/manifests/1"
    pinned = REFERENCE.with_digest(DIGEST)
    assert endpoints.get_manifest(pinned).path == f"/v2/ml/train/manifests/{DIGEST}"
    assert OCI_MANIFEST in endpoints.get_manifest(pinned).headers["Accept"]


def test_ranges() -> None:
    assert endpoints.get_blob(REFERENCE, BLOB, start=0).headers == {}
    assert endpoints.get_blob(REFERENCE, BLOB, start=3).headers == {"Range": "bytes=3-"}
    assert endpoints.patch_blob(REFERENCE, "/u", b"abc", 5).headers["Content-Range"] == "5-7"


@pytest.mark.parametrize(
    ("location", "closing"),
    [("/u/1", f"/u/1?digest=sha256%3A{DIGEST.hex}"), ("/u/1?s=a%2Bb", f"/u/1?s=a%2Bb&digest=sha256%3A{DIGEST.hex}")],
)
def test_the_query_of_a_location_is_kept(location: str, closing: str) -> None:
    assert endpoints.closing_url(location, DIGEST) == closing
