"""Marks of a component as a log of tags: changes at the same moment are all kept."""

from collections.abc import Callable

import pytest

from tests.fake_remote import FakeRemote
from tests.oci_registries import StillClock
from tests.releases import publish, release
from toolkit.errors import OutsideError
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.semver import parse_version

Opened = Callable[[str], OciRegistry]
NAME = release().name
FIRST, SECOND = parse_version("1.0.0"), parse_version("1.1.0")


def yank(version: str) -> Callable[[Marks], Marks]:
    mark = Yank(reason=f"{version} is wrong", at="2026-01-31T12:00:00Z", by="ann")
    return lambda marks: marks.with_yank(parse_version(version), mark)


def deprecate(marks: Marks) -> Marks:
    return marks.with_deprecation(Deprecation(reason="old", at="2026-01-31T12:00:00Z"))


@pytest.fixture
def registry(registry: OciRegistry) -> OciRegistry:
    publish(registry, release("1.0.0"))
    publish(registry, release("1.1.0"))
    return registry


def marks_tags(fake: FakeRemote) -> list[str]:
    return [tag for tag in fake.tags["team/ml/train"] if tag.startswith("marks-")]


def test_marks_are_kept_and_taken_back(fake: FakeRemote, registry: OciRegistry, opened: Opened) -> None:
    assert registry.marks(NAME) == Marks()
    marks = registry.change_marks(NAME, yank("1.0.0"))
    assert registry.marks(NAME) == opened("bob").marks(NAME) == marks
    assert list(marks.yanked) == [FIRST]
    assert registry.change_marks(NAME, lambda marks: marks.with_yank(FIRST, None)) == Marks()
    assert registry.marks(NAME) == Marks()
    # The same document as before has a number of its own.
    assert registry.change_marks(NAME, yank("1.0.0")) == marks
    assert [tag.split("-")[1] for tag in marks_tags(fake)] == ["1", "2", "3"]


def test_a_change_that_changes_nothing_writes_nothing(fake: FakeRemote, registry: OciRegistry) -> None:
    registry.change_marks(NAME, yank("1.0.0"))
    registry.change_marks(NAME, yank("1.0.0"))
    assert len(marks_tags(fake)) == 1


def test_changes_at_the_same_moment_are_both_kept(fake: FakeRemote, registry: OciRegistry, opened: Opened) -> None:
    bob, done = opened("bob"), list[Marks]()

    def meanwhile(_: str, identifier: str) -> None:
        # Between Ann's look at the marks and her own, Bob has set his.
        if identifier.startswith("marks-1-") and not done:
            done.append(Marks())
            done.append(bob.change_marks(NAME, deprecate))

    fake.faults.before_put = meanwhile
    marks = registry.change_marks(NAME, yank("1.0.0"))
    assert (list(marks.yanked), marks.deprecated and marks.deprecated.reason) == ([FIRST], "old")
    assert bob.marks(NAME) == registry.marks(NAME) == marks
    assert [tag.split("-")[1] for tag in marks_tags(fake)] == ["1", "1", "2"]


def test_a_mark_that_is_taken_back_at_the_same_moment_stays_so(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    bob, done = opened("bob"), list[Marks]()
    registry.change_marks(NAME, yank("1.0.0"))

    def meanwhile(_: str, identifier: str) -> None:
        if identifier.startswith("marks-2-") and not done:
            done.append(Marks())
            done.append(bob.change_marks(NAME, lambda marks: marks.with_yank(FIRST, None)))

    fake.faults.before_put = meanwhile
    assert list(registry.change_marks(NAME, yank("1.1.0")).yanked) == [SECOND]
    assert list(bob.marks(NAME).yanked) == [SECOND]


def test_readers_see_the_marks_of_both_until_their_writers_settle_it(
    fake: FakeRemote, registry: OciRegistry, opened: Opened
) -> None:
    copies = {f"docker.io/t@sha256:{'0' * 64}": f"registry.example.com/t@sha256:{'0' * 64}"}
    registry.change_marks(NAME, lambda marks: yank("1.0.0")(deprecate(marks)).with_images(copies))
    assert registry.marks(NAME).images == copies
    first = fake.tags["team/ml/train"].pop(marks_tags(fake)[0])
    opened("bob").change_marks(NAME, yank("1.1.0"))
    fake.tags["team/ml/train"][f"marks-1-{first[7:23]}"] = first
    marks = registry.marks(NAME)
    assert ({*marks.yanked}, marks.images) == ({FIRST, SECOND}, copies)
    assert marks.deprecated is not None


def test_marks_that_always_change_are_given_up(fake: FakeRemote, registry: OciRegistry, opened: Opened) -> None:
    bob, count = opened("bob"), list[str]()

    def meanwhile(_: str, identifier: str) -> None:
        if identifier.startswith("marks-") and len(count) % 2 == 0:
            count.append(identifier)
            reason = f"reason {len(count)}"
            bob.change_marks(
                NAME, lambda marks: marks.with_deprecation(Deprecation(reason=reason, at="2026-01-31T12:00:00Z"))
            )
            count.append(identifier)

    fake.faults.before_put = meanwhile
    with pytest.raises(OutsideError, match="are changed by too many at once"):
        registry.change_marks(NAME, yank("1.0.0"))


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"{}", "it is no manifest, expected application/vnd.comp.component.marks"),
        (b'{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}', "it is application/vnd.oci.image"),
        (b"<html>", "not JSON"),
    ],
)
def test_damaged_marks_are_named(fake: FakeRemote, registry: OciRegistry, manifest: bytes, message: str) -> None:
    fake.put_manifest(
        "team/ml/train", manifest, "application/vnd.oci.image.manifest.v1+json", tag="marks-7-" + "a" * 16
    )
    with pytest.raises(OutsideError, match=f"the marks {fake.host}/team/ml/train:marks-7-a* are damaged: {message}"):
        registry.marks(NAME)


def test_time_passes_only_when_writers_collide(registry: OciRegistry, clock: StillClock) -> None:
    registry.change_marks(NAME, yank("1.0.0"))
    assert clock.time == 0
