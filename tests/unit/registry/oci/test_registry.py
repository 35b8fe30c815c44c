"""What is written to a registry on a distribution server, and how little that asks."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fake_remote import FakeRemote
from tests.releases import contract, publish, release
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.oci.descriptor import OCI_MANIFEST
from toolkit.registry.fault import Checked
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Yank
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.release import CONTRACT, README, Release, ReleaseFile

Opened = Callable[[str], OciRegistry]
NAME = release().name
REPOSITORY = "team/ml/train"
IMAGE = b'{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"},"layers":[]}'


def test_a_release_is_the_same_in_a_folder_and_on_a_server(
    registry: OciRegistry, opened: Opened, tmp_path: Path
) -> None:
    files = {"LICENSE": b"MIT\n", README: b"# T\n", "examples/a.yaml": b"a: 1\n"}
    rich: Release = replace(
        release(),
        by="ann",
        files=tuple(
            ReleaseFile(path=path, digest=Digest.of(data), size=len(data)) for path, data in sorted(files.items())
        ),
        description="Überprüft\n\n" + "long " * 2000,
        licenses="MIT",
        authors=("Ann <ann@example.com>",),
        tags=("xgboost",),
        source="https://git.example/x",
        revision="0" * 40,
        platforms=("linux/amd64", "linux/arm64"),
    )
    contents = {CONTRACT: contract("1.0.0"), **files}
    folder = Directory.create(tmp_path / "folder")
    folder.publish(rich, contents)
    registry.publish(rich, contents)
    there = opened("bob").release(NAME, rich.version)
    assert there == folder.release(NAME, rich.version) == rich
    assert there.to_bytes() == rich.to_bytes()
    assert {path: opened("bob").content(there, path) for path in contents} == contents


def test_the_same_again_changes_nothing_and_another_contract_is_refused(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    publish(registry, release())
    before = dict(fake.tags[REPOSITORY])
    assert publish(opened("bob"), release()) is False
    with pytest.raises(InputError, match=r"published already with other content: sha256:.*\[V604\]"):
        publish(opened("bob"), release(content=b"other"), content=b"other")
    assert fake.tags[REPOSITORY] == before


def test_a_publisher_that_loses_learns_the_winner_and_takes_its_claim_back(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    bob, done = opened("bob"), list[bool]()

    def meanwhile(_: str, identifier: str) -> None:
        if identifier.startswith("claim-") and not done:
            done.append(False)
            done.append(publish(bob, release(content=b"bob's"), content=b"bob's"))

    fake.faults.before_put = meanwhile
    with pytest.raises(InputError) as caught:
        publish(registry, release())
    assert str(Digest.of(b"bob's")) in caught.value.message
    assert done[1:] == [True]
    assert len([tag for tag in fake.tags[REPOSITORY] if tag.startswith("claim-")]) == 1


def test_a_publisher_that_loses_against_the_same_contract_has_what_it_wanted(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    bob, done = opened("bob"), list[bool]()

    def meanwhile(_: str, identifier: str) -> None:
        if identifier.startswith("claim-") and not done:
            done.append(False)
            done.append(publish(bob, replace(release(), by="bob")))

    fake.faults.before_put = meanwhile
    assert publish(registry, release()) is False
    assert opened("coy").release(NAME, release().version).by == "bob"


def test_every_manifest_has_a_tag(fake: FakeRemote, registry: OciRegistry) -> None:
    for version in ("1.0.0", "1.1.0"):
        publish(registry, release(version))
    registry.change_marks(NAME, lambda marks: marks.with_yank(release().version, Yank(reason="x", at="2026")))
    for repository in ("team/ml/train", "team/comp-names"):
        assert {*fake.manifests[repository]} == {*fake.tags[repository].values()}


def test_a_publish_asks_for_little(fake: FakeRemote, registry: OciRegistry, opened: Opened) -> None:
    readme = b"# Train\n"
    publish(registry, release(readme=readme), readme=readme)
    bob = opened("bob")
    bob.release(NAME, release().version)
    list(bob.entries())
    fake.calls.clear()
    publish(bob, release("1.1.0", readme=readme), readme=readme)
    asked = [(call.method, call.path.removeprefix("/v2/team/").partition("uploads")[0]) for call in fake.calls]
    blobs = [("POST", "ml/train/blobs/"), ("PUT", "ml/train/blobs/")]
    # The interface and the README are there already.
    assert sorted(asked[1:5]) == sorted(2 * blobs)
    claim = asked[5][1]
    assert "/manifests/claim-1.1.0-" in claim
    assert [asked[0], *asked[5:]] == [
        ("GET", "ml/train/tags/list"),
        ("PUT", claim),
        ("GET", "ml/train/tags/list"),
        ("PUT", "ml/train/manifests/1.1.0"),
        ("HEAD", "ml/train/manifests/1.1.0"),
        ("GET", "comp-index/manifests/index"),
        ("POST", "comp-index/blobs/"),
        ("PUT", "comp-index/blobs/"),
        ("PUT", "comp-index/manifests/index"),
        ("HEAD", "comp-index/manifests/index"),
    ]


def test_a_version_that_is_listed_without_a_manifest_can_be_published(fake: FakeRemote, registry: OciRegistry) -> None:
    publish(registry, release())
    fake.tags[REPOSITORY]["1.1.0"] = f"sha256:{'0' * 64}"
    assert publish(registry, release("1.1.0")) is True


def test_a_failing_index_does_not_fail_a_publish(
    fake: FakeRemote, registry: OciRegistry, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults.fail("PUT", "/comp-index/manifests/", 403)
    assert publish(registry, release()) is True
    assert "the index of oci://" in caplog.text
    assert "`comp registry reindex` mends it" in caplog.text
    caplog.clear()
    # Without an index the releases are read.
    assert [entry.name for entry in opened("bob").entries()] == ["ml/train"]
    assert "has no index, so that every component is read" in caplog.text


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "wants other credentials"), (403, "does not allow it"), (429, "limits the rate of requests")],
)
def test_refusals_of_the_server_are_named(fake: FakeRemote, registry: OciRegistry, status: int, message: str) -> None:
    fake.faults.fail("GET", "/tags/list", status, times=9)
    with pytest.raises(RemoteError, match=message) as caught:
        publish(registry, release())
    assert caught.value.status == status


def test_an_image_under_the_name_is_named_and_not_replaced(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.put_manifest(REPOSITORY, IMAGE, OCI_MANIFEST, tag="1.0.0")
    before = dict(fake.tags[REPOSITORY])
    with pytest.raises(
        OutsideError, match=r"is not a release of a component: it is application/vnd\.oci\.image\.config"
    ):
        registry.release(NAME, release().version)
    with pytest.raises(OutsideError, match="is not a release of a component"):
        publish(registry, release())
    assert fake.tags[REPOSITORY] == before


def test_the_index_and_the_names_come_back(fake: FakeRemote, registry: OciRegistry, opened: Opened) -> None:
    publish(registry, release())
    publish(registry, release("1.1.0"))
    publish(registry, release(name="score"))
    before = list(registry.entries())
    # As after a copy of the components' repositories alone.
    for lost in ("team/comp-index", "team/comp-names"):
        fake.manifests.pop(lost)
        fake.tags.pop(lost)
    fake.put_manifest("team/other", IMAGE, OCI_MANIFEST, tag="1.0.0")
    fake.put_manifest("team/images/base", IMAGE, OCI_MANIFEST, tag="latest")
    bob = opened("bob")
    assert (bob.names(), list(bob.entries())) == ([], [])
    assert bob.reindex() == 2
    assert [str(name) for name in bob.names()] == ["ml/score", "ml/train"]
    assert list(bob.entries()) == before


def test_without_a_list_of_repositories_the_tags_of_names_suffice(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    publish(registry, release())
    fake.manifests.pop("team/comp-index")
    fake.faults.no_catalog = 403
    assert opened("bob").reindex() == 1
    assert [entry.name for entry in opened("coy").entries()] == ["ml/train"]


def test_a_damaged_release_is_left_out_of_the_index(
    fake: FakeRemote, registry: OciRegistry, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    publish(registry, release())
    publish(registry, release("1.1.0"))
    fake.put_manifest(REPOSITORY, IMAGE, OCI_MANIFEST, tag="1.1.0")
    bob = opened("bob")
    assert bob.reindex() == 1
    assert [entry.version for entry in bob.entries()] == ["1.0.0"]
    assert "train:1.1.0 is not a release of a component" in caplog.text


def test_publishing_again_mends_the_index_of_a_killed_publisher(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    publish(registry, release())
    fake.tags.pop("team/comp-index")
    assert publish(opened("bob"), release()) is False
    assert [entry.name for entry in opened("coy").entries()] == ["ml/train"]


def test_damaged_marks_leave_a_component_out_of_the_index(
    fake: FakeRemote, registry: OciRegistry, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    publish(registry, release())
    publish(registry, release(name="score"))
    fake.put_manifest(REPOSITORY, b"{}", OCI_MANIFEST, tag="marks-1-" + "a" * 16)
    assert opened("bob").reindex() == 1
    assert "are damaged: it is no manifest" in caplog.text


@pytest.mark.parametrize("served", range(1, 25))
def test_a_publish_that_ends_at_any_request_leaves_no_half_release(
    fake: FakeRemote, opened: Opened, served: int
) -> None:
    ann, bob = opened("ann"), opened("bob")
    fake.faults.only = served
    with suppress(RemoteError):
        publish(ann, release(), readme=None)
    fake.faults.only = None
    found = bob.versions(NAME)
    assert [bob.release(NAME, version) for version in found] == [release()] * len(found)
    # Another publisher comes after the one that died, with other content if the version is free.
    content = contract("1.0.0") if found else b"name: Other\n"
    assert publish(bob, release(content=content), content=content) is (not found)
    assert opened("coy").release(NAME, release().version).digest == Digest.of(content)
    assert list(bob.faults(Checked())) == []
