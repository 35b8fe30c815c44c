"""Every fault of a registry on a server is found, and a sound one has none."""

import json
from collections.abc import Callable

import pytest

from tests.fake_remote import FakeRemote
from tests.releases import publish, release
from toolkit.digest import Digest
from toolkit.errors import RemoteError
from toolkit.oci.descriptor import OCI_MANIFEST
from toolkit.registry.fault import Checked
from toolkit.registry.marks import Yank
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.semver import parse_version

Opened = Callable[[str], OciRegistry]
NAME = release().name
REPOSITORY = "team/ml/train"
README_TEXT = b"# Train\n"


@pytest.fixture
def registry(registry: OciRegistry) -> OciRegistry:
    for version in ("1.0.0", "1.1.0"):
        publish(registry, release(version, readme=README_TEXT), readme=README_TEXT)
    return registry


def faults(registry: OciRegistry) -> list[str]:
    return [str(fault) for fault in registry.faults(Checked())]


def edit(fake: FakeRemote, change: Callable[[dict[str, object]], object], tag: str = "1.0.0") -> str:
    """Set a tag to a changed manifest, and return its digest."""
    manifest = json.loads(fake.manifests[REPOSITORY][fake.tags[REPOSITORY][tag]][1])
    change(manifest)
    return fake.put_manifest(REPOSITORY, json.dumps(manifest).encode(), OCI_MANIFEST, tag=tag)


def test_a_sound_registry_has_no_faults(registry: OciRegistry, opened: Opened) -> None:
    publish(registry, release(name="score"))
    checked = Checked()
    assert list(opened("bob").faults(checked)) == []
    assert (checked.components, checked.releases) == (2, 3)


def test_a_tag_that_was_moved_is_noticed(fake: FakeRemote, registry: OciRegistry) -> None:
    claims = [tag for tag in fake.tags[REPOSITORY] if tag.startswith("claim-1.0.0-")]
    moved = edit(fake, lambda manifest: manifest.update(annotations={"x": "y"}))
    (found,) = registry.faults(Checked())
    assert str(found) == f"ml/train:1.0.0: it was moved to {moved}; published were {claims[0]}"
    repository = f"docker://{fake.host}/{REPOSITORY}"
    assert found.help == f"`skopeo copy --all {repository}:{claims[0]} {repository}:1.0.0` puts it back"
    fake.tags[REPOSITORY]["1.0.0"] = fake.tags[REPOSITORY][claims[0]]
    assert faults(registry) == []
    fake.tags[REPOSITORY][claims[0]] = moved
    assert faults(registry) == [f"ml/train:{claims[0]}: it was moved to {moved}"]


def test_a_repository_without_claims_was_copied(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.tags[REPOSITORY] = {tag: digest for tag, digest in fake.tags[REPOSITORY].items() if "claim" not in tag}
    assert faults(registry) == []


def test_an_image_in_place_of_a_release_is_named(fake: FakeRemote, registry: OciRegistry) -> None:
    edit(fake, lambda manifest: manifest.update(config={"mediaType": "application/vnd.oci.image.config.v1+json"}))
    (found,) = faults(registry)
    what = f"ml/train:1.0.0: {fake.host}/{REPOSITORY}:1.0.0 is not a release of a component"
    assert found.startswith(f"{what}: it is application/vnd.oci.image.config.v1+json, expected application/vnd.comp.")


def test_lost_and_changed_blobs_are_named(fake: FakeRemote, registry: OciRegistry) -> None:
    readme = str(Digest.of(README_TEXT))
    del fake.blobs[REPOSITORY][readme]
    found = faults(registry)
    assert len(found) == 2
    assert all("does not have it" in fault and readme in fault for fault in found)
    fake.blobs[REPOSITORY][readme] = b"# Other\n"
    assert all("has another content: its digest is" in fault for fault in faults(registry))


def test_layers_and_config_that_differ_from_the_record_are_named(fake: FakeRemote, registry: OciRegistry) -> None:
    claims = {tag: digest for tag, digest in fake.tags[REPOSITORY].items() if tag.startswith("claim-1.0.0-")}
    other = fake.put_blob(REPOSITORY, b"other")

    def change(manifest: dict[str, object]) -> None:
        layers = manifest["layers"]
        assert isinstance(layers, list)
        assert isinstance(manifest["config"], dict)
        layers[2] |= {"digest": other, "size": 5}
        manifest["config"] |= {"digest": other, "size": 5}

    edit(fake, change)
    for claim in claims:
        del fake.tags[REPOSITORY][claim]
    assert faults(registry) == [
        f"ml/train:1.0.0: README.md is {other}, and the record says {Digest.of(README_TEXT)}",
        "ml/train:1.0.0: README.md has 5 bytes, and the record says 8",
        "ml/train:1.0.0: its config is another interface than the record's",
    ]


def test_marks_are_compared_with_the_versions(fake: FakeRemote, registry: OciRegistry) -> None:
    mark = Yank(reason="wrong", at="2026-01-31T12:00:00Z")
    registry.change_marks(NAME, lambda marks: marks.with_yank(parse_version("9.0.0"), mark))
    assert faults(registry) == ["ml/train: marks versions that the component has not: 9.0.0"]
    tag = next(tag for tag in fake.tags[REPOSITORY] if tag.startswith("marks-"))
    fake.put_manifest(REPOSITORY, b"{}", OCI_MANIFEST, tag=tag)
    found = faults(registry)
    assert found[0].startswith(f"ml/train: the marks {fake.host}/{REPOSITORY}:{tag} are damaged")


def test_names_and_the_index_are_compared_with_the_releases(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    del fake.tags["team/comp-names"]["ml__train"]
    before = fake.tags["team/comp-index"]["index"]
    publish(registry, release("1.2.0"))
    fake.tags["team/comp-index"]["index"] = before
    found = list(opened("bob").faults(Checked()))
    assert [str(fault) for fault in found] == [
        "comp-names:ml__train: missing",
        "comp-index:index: its entry of ml/train differs from the releases",
    ]
    assert all(fault.derived for fault in found)
    opened("bob").reindex()
    assert faults(registry) == []
    fake.tags["team/comp-index"].clear()
    assert faults(registry) == ["comp-index:index: missing or damaged"]


def test_other_tags_are_noted(fake: FakeRemote, registry: OciRegistry, caplog: pytest.LogCaptureFixture) -> None:
    fake.tags[REPOSITORY]["latest"] = fake.tags[REPOSITORY]["1.0.0"]
    assert faults(registry) == []
    assert "ml/train has tags that are no versions, which comp passes over: latest" in caplog.text


def test_a_publish_that_was_cut_off_is_no_fault(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.tags["team/comp-names"]["ml__score"] = fake.tags["team/comp-names"]["ml__train"]
    fake.tags[REPOSITORY]["claim-9.0.0-" + "a" * 16] = fake.tags[REPOSITORY]["1.0.0"]
    assert faults(registry) == []


def test_a_server_that_fails_is_an_error(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.faults.fail("GET", "/manifests/1.0.0", 403)
    with pytest.raises(RemoteError):
        faults(registry)
