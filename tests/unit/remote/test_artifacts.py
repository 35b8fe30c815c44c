"""Artifacts with a config of their own media type, found by a tag or a digest."""

import json
from collections.abc import Callable

import pytest

from tests.fake_remote import FakeRemote
from toolkit.digest import Digest
from toolkit.errors import InputError, RemoteError
from toolkit.oci.descriptor import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from toolkit.oci.reference import parse_reference
from toolkit.remote.artifacts import Artifact
from toolkit.remote.client import Remote

Client = Callable[..., Remote]
KIND = "application/vnd.example.notes.v1+json"
CONFIG = {"mediaType": KIND, "digest": str(Digest.of(b"notes")), "size": 5}


def put(fake: FakeRemote, manifest: object, media_type: str = OCI_MANIFEST) -> Digest:
    """Store a manifest under the tag 1."""
    return Digest.parse(fake.put_manifest("team/notes", json.dumps(manifest).encode(), media_type, tag="1"))


def find(fake: FakeRemote, remote: Remote, identifier: str = ":1") -> Artifact | None:
    return remote.artifact(parse_reference(f"{fake.host}/team/notes{identifier}"), KIND)


def test_an_artifact_is_found_by_tag_and_digest(fake: FakeRemote, client: Client) -> None:
    digest = put(fake, {"schemaVersion": 2, "config": CONFIG, "layers": []})
    found = find(fake, client())
    assert found is not None
    assert (found.digest, found.config.to_dict()) == (digest, CONFIG)
    assert find(fake, client(), f"@{digest}") == found


def test_a_missing_artifact_is_none_and_a_failing_server_is_an_error(fake: FakeRemote, client: Client) -> None:
    assert find(fake, client()) is None
    put(fake, {"schemaVersion": 2, "config": CONFIG, "layers": []})
    assert find(fake, client(), ":2") is None
    fake.faults.fail("GET", "/manifests/", 403)
    with pytest.raises(RemoteError) as caught:
        find(fake, client())
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("manifest", "media_type", "found"),
    [
        ({"config": {**CONFIG, "mediaType": OCI_CONFIG}, "layers": []}, OCI_MANIFEST, OCI_CONFIG),
        # The right `artifactType` is not enough.
        ({"config": {**CONFIG, "mediaType": f"{KIND}x"}, "artifactType": KIND}, OCI_MANIFEST, f"{KIND}x"),
        ({"manifests": []}, OCI_INDEX, "an index"),
    ],
)
def test_anything_else_under_the_tag_is_named(
    fake: FakeRemote, client: Client, manifest: dict[str, object], media_type: str, found: str
) -> None:
    put(fake, manifest, media_type)
    with pytest.raises(InputError) as caught:
        find(fake, client())
    assert caught.value.message == f"{fake.host}/team/notes:1 is {found}, expected {KIND}"


def test_a_long_media_type_is_cut_in_the_message(fake: FakeRemote, client: Client) -> None:
    put(fake, {"config": {**CONFIG, "mediaType": f"application/{'x' * 1000}"}})
    with pytest.raises(InputError) as caught:
        find(fake, client())
    assert len(caught.value.message) < 250


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        {"config": "notes"},
        {"config": [CONFIG]},
        {"config": {"mediaType": KIND}},
        {"config": {**CONFIG, "digest": "sha256:../x"}},
        {"config": {**CONFIG, "size": -1}},
    ],
)
def test_an_invalid_manifest_is_the_fault_of_the_server(fake: FakeRemote, client: Client, manifest: object) -> None:
    put(fake, manifest)
    with pytest.raises(RemoteError, match=f"{fake.host} gave an invalid answer: the manifest of an artifact"):
        find(fake, client())


def test_a_mirror_is_never_asked(fake: FakeRemote, client: Client) -> None:
    put(fake, {"schemaVersion": 2, "config": CONFIG, "layers": []})
    assert find(fake, client(COMP_MIRRORS=f"{fake.host}={fake.host}/mirror")) is not None
    assert fake.called("GET", "/manifests/") == ["/v2/team/notes/manifests/1"]
