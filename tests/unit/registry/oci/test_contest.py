"""Publishers of one version at the same moment, on a server that replaces tags without a word."""

from collections.abc import Callable

import pytest

from tests.fake_remote import FakeRemote
from tests.oci_registries import StillClock
from tests.releases import contract, release
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.oci.image import Image
from toolkit.registry.oci.addresses import claim_tag
from toolkit.registry.oci.artifact import release_artifact
from toolkit.registry.oci.contest import TURN, Clock, contend
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.release import CONTRACT

Opened = Callable[[str], OciRegistry]
VERSION = release().version


def artifact_of(who: str) -> Image:
    """Return one publisher's artifact: the contracts differ."""
    content = contract(who)
    return release_artifact(release(content=content), {CONTRACT: content})


ANN, BOB, COY = sorted(
    map(artifact_of, ("ann", "bob", "coy")), key=lambda artifact: claim_tag(VERSION, artifact.digest)
)


def claim(registry: OciRegistry, artifact: Image) -> None:
    repository = registry.at.component(release().name)
    registry.remote.push(artifact, repository.with_tag(claim_tag(VERSION, artifact.digest)))


def enter(registry: OciRegistry, artifact: Image, clock: StillClock) -> Digest:
    """Contend for a version that is claimed."""
    repository = registry.at.component(release().name)
    passing = Clock(now=clock.now, pause=clock.pause)
    return contend(registry.remote, artifact, repository, VERSION, passing).manifest


def tag_set(fake: FakeRemote) -> str | None:
    return fake.tags["team/ml/train"].get("1.0.0")


def test_one_publisher_does_not_wait(fake: FakeRemote, registry: OciRegistry, clock: StillClock) -> None:
    claim(registry, ANN)
    assert enter(registry, ANN, clock) == ANN.digest
    assert (tag_set(fake), clock.time) == (str(ANN.digest), 0)


def test_a_later_publisher_learns_who_won(opened: Opened, clock: StillClock) -> None:
    ann, bob = opened("ann"), opened("bob")
    claim(ann, ANN)
    assert enter(ann, ANN, clock) == ANN.digest
    claim(bob, BOB)
    assert enter(bob, BOB, clock) == ANN.digest


def test_a_publisher_that_saw_no_other_has_time_to_set_its_tag(
    fake: FakeRemote, opened: Opened, clock: StillClock
) -> None:
    ann, bob = opened("ann"), opened("bob")
    claim(bob, BOB)
    listed = bob.remote.tags(bob.at.component(release().name))
    assert listed == (claim_tag(VERSION, BOB.digest),)
    # Between Bob's list and his tag, Ann claims too and comes before him by her digest; she waits.
    claim(ann, ANN)

    def late(time: float) -> None:
        if time >= TURN * 0.9 and tag_set(fake) is None:
            bob.remote.set_tag(BOB, bob.at.release(release().name, VERSION))

    clock.meanwhile = late
    assert enter(ann, ANN, clock) == BOB.digest
    assert tag_set(fake) == str(BOB.digest)


@pytest.mark.parametrize("loser", [BOB, COY])
def test_of_publishers_that_all_saw_others_the_first_claim_has_the_first_turn(
    opened: Opened, clock: StillClock, loser: Image
) -> None:
    ann, other = opened("ann"), opened("other")
    for artifact in (ANN, BOB, COY):
        claim(ann, artifact)
    outcomes = list[Digest]()

    def turn_of_the_first(time: float) -> None:
        if time >= TURN and not outcomes:
            outcomes.append(enter(ann, ANN, StillClock(waited=TURN)))

    clock.meanwhile = turn_of_the_first
    assert enter(other, loser, clock) == ANN.digest
    assert outcomes == [ANN.digest]
    assert TURN <= clock.time < 2 * TURN


def test_claims_of_publishers_that_died_only_cost_their_turns(
    fake: FakeRemote, registry: OciRegistry, clock: StillClock
) -> None:
    for artifact in (ANN, BOB, COY):
        claim(registry, artifact)
    assert enter(registry, COY, clock) == COY.digest
    assert tag_set(fake) == str(COY.digest)
    # Two turns of others, its own, and one more to see that the tag stays.
    assert 4 * TURN <= clock.time < 4.2 * TURN


def test_a_publisher_that_was_stopped_for_long_is_noticed(fake: FakeRemote, opened: Opened, clock: StillClock) -> None:
    ann, bob = opened("ann"), opened("bob")
    claim(bob, BOB)
    claim(ann, ANN)

    def late(time: float) -> None:
        # Bob's request was under way since before Ann's turn.
        if time > TURN * 1.5:
            fake.tags["team/ml/train"]["1.0.0"] = str(BOB.digest)

    clock.meanwhile = late
    assert enter(ann, ANN, clock) == BOB.digest


def test_a_slow_list_is_asked_for_again(opened: Opened, clock: StillClock) -> None:
    ann, bob = opened("ann"), opened("bob")
    claim(ann, ANN)
    times = iter([0.0, 0.0, TURN])

    def now() -> float:
        passed = next(times, None)
        if passed == TURN:
            # While Ann's list was on its way, Bob saw it all and won.
            claim(bob, BOB)
            bob.remote.set_tag(BOB, bob.at.release(release().name, VERSION))
        return clock.time if passed is None else passed

    clock.now = now  # type: ignore[method-assign]
    assert enter(ann, ANN, clock) == BOB.digest


def test_a_server_whose_lists_are_always_slow_still_gets_the_release(
    fake: FakeRemote, registry: OciRegistry, clock: StillClock
) -> None:
    claim(registry, ANN)

    def now() -> float:
        clock.time += TURN
        return clock.time

    clock.now = now  # type: ignore[method-assign]
    assert enter(registry, ANN, clock) == ANN.digest
    assert len(fake.called("GET", "/tags/list")) == 4


def test_a_server_that_honours_conditions_decides(fake: FakeRemote, opened: Opened, clock: StillClock) -> None:
    ann, bob = opened("ann"), opened("bob")
    fake.faults.ignore_conditions = False
    claim(ann, ANN)
    claim(bob, BOB)
    fake.faults.before_put = lambda name, tag: fake.tags[name].update({tag: str(BOB.digest)})
    assert enter(ann, ANN, clock) == BOB.digest
    assert tag_set(fake) == str(BOB.digest)


def test_a_server_that_forbids_to_change_tags_decides(fake: FakeRemote, opened: Opened, clock: StillClock) -> None:
    ann, bob = opened("ann"), opened("bob")
    fake.faults.immutable_tags = True
    claim(ann, ANN)
    claim(bob, BOB)
    fake.faults.before_put = lambda name, tag: fake.tags[name].update({tag: str(BOB.digest)})
    assert enter(ann, ANN, clock) == BOB.digest


def test_a_tag_that_is_listed_and_missing_is_set_in_the_end(
    fake: FakeRemote, registry: OciRegistry, clock: StillClock
) -> None:
    # docker-registry keeps an empty folder if it stops while it sets a tag.
    claim(registry, ANN)
    fake.tags["team/ml/train"]["1.0.0"] = f"sha256:{'0' * 64}"
    assert enter(registry, ANN, clock) == ANN.digest
    assert clock.time >= TURN


def test_a_server_whose_lists_come_late_is_named(fake: FakeRemote, registry: OciRegistry, clock: StillClock) -> None:
    claim(registry, BOB)
    with pytest.raises(OutsideError, match=f"{fake.host} does not list the tag claim-1.0.0-"):
        enter(registry, ANN, clock)
    assert tag_set(fake) is None
