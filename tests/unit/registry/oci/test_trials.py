"""What a distribution server can do, on servers that can more or less."""

import pytest

from tests.fake_remote import Access, FakeRemote, Reply
from toolkit.errors import RemoteError
from toolkit.registry.ability import Ability
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.oci.trials import try_server

REPOSITORY = "team/comp-doctor/trial"


def tried(registry: OciRegistry) -> dict[str, Ability]:
    return {each.name: each for each in try_server(registry.remote, registry.at)}


def states(found: dict[str, Ability]) -> dict[str, str]:
    return {name: each.state for name, each in found.items()}


def test_a_server_that_can_everything_is_left_clean(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.faults.ignore_conditions = False
    found = tried(registry)
    assert {name for name, state in states(found).items() if state != "yes"} == {"fixed tags"}
    assert found["new tags only"].found == "If-None-Match: * kept the tag"
    assert found["deleting a manifest"].found == "everything was deleted"
    assert not fake.tags[REPOSITORY]
    assert not fake.manifests[REPOSITORY]


def test_a_server_that_can_little_still_has_what_is_needed(fake: FakeRemote, registry: OciRegistry) -> None:
    # As docker-registry 2.8.
    fake.faults.no_delete = 405
    fake.faults.no_catalog = 401
    fake.faults.no_referrers = True
    fake.faults.whole_lists = True
    for _ in range(2):
        found = tried(registry)
        assert [each.name for each in found.values() if each.needed and each.state != "yes"] == []
        assert {name for name, state in states(found).items() if state == "no"} == {
            "conditional reads",
            "pages of tags",
            "list of repositories",
            "new tags only",
            "fixed tags",
            "referrers",
            "deleting a tag",
            "deleting a manifest",
        }
        assert found["list of repositories"].found == "refused: 401"
        assert found["deleting a manifest"].found == f"left 3 small manifests in {fake.host}/{REPOSITORY}"
    # None of what stays is large.
    assert all(len(fake.manifests[REPOSITORY][digest][1]) < 1000 for digest in fake.tags[REPOSITORY].values())


def test_a_server_that_forbids_to_change_tags_is_known(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.faults.immutable_tags = True
    fake.faults.no_delete = 405
    for _ in range(2):
        found = tried(registry)
        assert (found["fixed tags"].state, found["new tags only"].state) == ("yes", "yes")
        assert found["fixed tags"].found == "a tag cannot be changed, status 409"
        assert found["fixed tags"].meaning.endswith(f"permit changes in {fake.host}/team/comp-index alone")


def test_a_bound_on_manifests_is_found(fake: FakeRemote, registry: OciRegistry) -> None:
    taken = list[str]()

    def refuse_the_third(_: str, identifier: str) -> None:
        taken.append(identifier)
        if taken.count("trial-large") == 2:
            fake.faults.fail("PUT", "/manifests/trial-large", 413)

    fake.faults.before_put = refuse_the_third
    found = tried(registry)["large manifests"]
    assert (found.state, found.found) == ("yes", "1,000,000 bytes were taken, status 413")


def test_a_server_that_gives_other_manifests_back_is_not_fit(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.faults.no_digest_header = True
    fake.faults.replies.append(("GET", "/manifests/trial-1", Reply(200, body=b"{}")))
    found = tried(registry)["manifests as they are"]
    assert (found.state, found.needed, found.found) == ("no", True, "another manifest came back")


def test_without_the_right_to_push_there_is_an_error(fake: FakeRemote, registry: OciRegistry) -> None:
    fake.access = Access("basic")
    with pytest.raises(RemoteError, match="wants other credentials") as caught:
        tried(registry)
    assert caught.value.status == 401
