"""What is read of a registry on a distribution server, sound, damaged or hostile."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_remote import Access, FakeRemote, Reply
from tests.oci_registries import registry_at
from tests.releases import contract, publish, release
from toolkit.errors import OutsideError, RemoteError
from toolkit.limits import RECORD_SIZE
from toolkit.oci.descriptor import OCI_MANIFEST
from toolkit.registry.finding import find
from toolkit.registry.names import parse_request
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.release import CONTRACT, README
from toolkit.registry.semver import parse_version

Opened = Callable[[str], OciRegistry]
NAME = release().name
REPOSITORY = "team/ml/train"
IMAGE = b'{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"},"layers":[]}'


def test_what_is_published_is_read_by_others(registry: OciRegistry, opened: Opened) -> None:
    readme = b"# Train\n"
    for version in ("1.0.0", "1.1.0-rc.1", "1.1.0"):
        assert publish(registry, release(version, readme=readme), readme=readme) is True
    assert publish(registry, release("1.0.0", name="score")) is True
    bob = opened("bob")
    assert [str(name) for name in bob.names()] == ["ml/score", "ml/train"]
    assert [*map(str, bob.versions(NAME))] == ["1.0.0", "1.1.0-rc.1", "1.1.0"]
    found = find(bob, parse_request("ml/train@^1"))
    assert found == release("1.1.0", readme=readme)
    assert bob.content(found, CONTRACT) == contract("1.1.0")
    assert bob.content(found, README) == readme
    assert [(entry.name, entry.version, entry.versions) for entry in bob.entries()] == [
        ("ml/score", "1.0.0", 1),
        ("ml/train", "1.1.0", 3),
    ]
    assert [entry.name for entry in bob.entries(["SCORE"])] == ["ml/score"]
    with pytest.raises(KeyError):
        bob.content(found, "LICENSE")


def test_a_component_that_does_not_exist_has_nothing(registry: OciRegistry) -> None:
    assert (registry.names(), registry.versions(NAME), registry.marks(NAME).yanked) == ([], [], {})
    assert list(registry.entries()) == []
    with pytest.raises(OutsideError, match=r"has no release ml/train@1\.0\.0"):
        registry.release(NAME, parse_version("1.0.0"))


def test_tags_that_are_no_versions_are_passed_over(fake: FakeRemote, registry: OciRegistry) -> None:
    publish(registry, release())
    fake.tags[REPOSITORY] |= dict.fromkeys(("latest", "1.0", "v1.0.0", "sha256-" + "0" * 64), "sha256:x")
    assert [*map(str, registry.versions(NAME))] == ["1.0.0"]


def test_a_login_is_used(fake: FakeRemote, tmp_path: Path) -> None:
    fake.access = Access("bearer")
    path = tmp_path / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"auths": {fake.host: {"username": "ann", "password": "s3cret"}}}))
    registry = registry_at(f"oci://{fake.host}/team", tmp_path)
    assert publish(registry, release()) is True
    assert registry.versions(NAME)
    with pytest.raises(RemoteError, match="who are you"):
        registry_at(f"oci://{fake.host}/team", tmp_path / "stranger").versions(NAME)


def test_contents_come_from_a_mirror(fake: FakeRemote, registry: OciRegistry, tmp_path: Path) -> None:
    publish(registry, release())
    place = f"oci://{fake.host}/team"
    mirrored = registry_at(place, tmp_path / "bob", COMP_MIRRORS=f"{fake.host}={fake.host}/mirror")
    fake.manifests[f"mirror/{REPOSITORY}"] = fake.manifests[REPOSITORY]
    fake.blobs[f"mirror/{REPOSITORY}"] = fake.blobs[REPOSITORY]
    fake.tags[f"mirror/{REPOSITORY}"] = fake.tags[REPOSITORY]
    fake.calls.clear()
    found = mirrored.release(NAME, release().version)
    assert mirrored.content(found, CONTRACT) == contract("1.0.0")
    assert {call.path.partition("/team/")[0] for call in fake.calls} == {"/v2/", "/v2/mirror"}


def _changed(fake: FakeRemote, part: str, value: object) -> None:
    """Set the tag 1.0.0 to a manifest in which one part is another."""
    manifest = json.loads(fake.manifests[REPOSITORY][fake.tags[REPOSITORY]["1.0.0"]][1])
    manifest[part] = value
    fake.put_manifest(REPOSITORY, json.dumps(manifest).encode(), OCI_MANIFEST, tag="1.0.0")


def test_a_manifest_that_was_edited_is_refused(fake: FakeRemote, registry: OciRegistry, opened: Opened) -> None:
    publish(registry, release())
    other = fake.put_blob(REPOSITORY, b"name: Other\n")
    manifest = json.loads(fake.manifests[REPOSITORY][fake.tags[REPOSITORY]["1.0.0"]][1])
    layers = manifest["layers"]
    layers[1] |= {"digest": other, "size": 12}
    _changed(fake, "layers", layers)
    bob = opened("bob")
    found = bob.release(NAME, release().version)
    with pytest.raises(OutsideError, match=f"has another component.yaml than its record says: {other}, expected"):
        bob.content(found, CONTRACT)
    _changed(fake, "layers", [*layers[:1], *layers])
    with pytest.raises(OutsideError, match="it has 2 records and 1 files"):
        opened("coy").release(NAME, release().version)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"<html>", "is damaged"),
        (b"[]", "is damaged"),
        (b'{"api":2}', "is damaged: api is 2, expected 1"),
        (release("2.0.0").to_bytes(), r"has the record of ml/train@2\.0\.0"),
        (release(name="score").to_bytes(), r"has the record of ml/score@1\.0\.0"),
    ],
)
def test_another_record_is_refused(
    fake: FakeRemote, registry: OciRegistry, opened: Opened, record: bytes, message: str
) -> None:
    publish(registry, release())
    manifest = json.loads(fake.manifests[REPOSITORY][fake.tags[REPOSITORY]["1.0.0"]][1])
    manifest["layers"][0] |= {"digest": fake.put_blob(REPOSITORY, record), "size": len(record)}
    _changed(fake, "layers", manifest["layers"])
    with pytest.raises(OutsideError, match=message):
        opened("bob").release(NAME, release().version)


def test_a_blob_with_other_content_is_refused(fake: FakeRemote, registry: OciRegistry, opened: Opened) -> None:
    publish(registry, release())
    found = opened("bob").release(NAME, release().version)
    fake.faults.corrupt_blobs = True
    with pytest.raises(OutsideError, match="has another content"):
        opened("bob").content(found, CONTRACT)


def test_huge_documents_are_refused(
    fake: FakeRemote, registry: OciRegistry, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(registry, release())
    found = opened("bob").release(NAME, release().version)
    _changed(fake, "annotations", {"x": "y" * (9 << 20)})
    with pytest.raises(RemoteError, match="is longer than"):
        opened("bob").release(NAME, release().version)
    _changed(fake, "annotations", {})
    monkeypatch.setenv(RECORD_SIZE.variable, "20")
    with pytest.raises(OutsideError, match="exceeds the limit of 20"):
        opened("coy").content(found, CONTRACT)
    with pytest.raises(OutsideError, match="exceeds the limit of 20"):
        opened("coy").release(NAME, release().version)


def test_a_list_that_is_no_list_is_the_fault_of_the_server(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.faults.replies.append(("GET", "/tags/list", Reply(200, body=b"<html>")))
    with pytest.raises(RemoteError, match="gave an invalid answer"):
        registry.versions(NAME)
