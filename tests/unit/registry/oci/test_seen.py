"""What was seen of a server stands in when it cannot be reached, or must not be asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.oci_registries import registry_at
from tests.releases import contract, publish, release
from toolkit.cache.store import Cache
from toolkit.errors import InputError, NoAnswerError, OutsideError
from toolkit.oci.reference import parse_reference
from toolkit.registry.fault import Checked
from toolkit.registry.finding import find
from toolkit.registry.marks import Yank
from toolkit.registry.names import parse_request
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.oci.seen import Seen
from toolkit.registry.release import CONTRACT
from toolkit.remote.client import Remote

Opened = Callable[[str], OciRegistry]


def read(registry: OciRegistry) -> list[object]:
    """Read all that a consumer reads."""
    found = find(registry, parse_request("ml/train@^1"))
    return [found, registry.content(found, CONTRACT), list(registry.entries()), registry.names()]


def test_a_server_that_is_gone_is_read_as_it_was(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(FakeRemote()) as fake:
        place = f"oci://{fake.host}/team"
        publish(registry_at(place, tmp_path / "bob"), release())
        before = read(registry_at(place, tmp_path / "ann"))
    assert before[1] == contract("1.0.0")
    assert read(registry_at(place, tmp_path / "ann")) == before
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"; using what was seen of {fake.host} a moment ago" in caplog.text
    with pytest.raises(NoAnswerError):
        read(registry_at(place, tmp_path / "stranger"))
    with pytest.raises(NoAnswerError):
        publish(registry_at(place, tmp_path / "ann"), release("1.1.0"))


def test_offline_the_server_is_not_asked(fake: FakeRemote, opened: Opened, tmp_path: Path) -> None:
    publish(opened("bob"), release())
    before = read(opened("ann"))
    fake.calls.clear()
    offline = registry_at(f"oci://{fake.host}/team", tmp_path / "ann", offline=True)
    assert read(offline) == before
    with pytest.raises(OutsideError, match="was never seen here, and comp is offline"):
        offline.versions(release(name="score").name)
    for change in (
        lambda: publish(offline, release("1.1.0")),
        lambda: offline.change_marks(release().name, lambda marks: marks),
        offline.reindex,
        lambda: offline.faults(Checked()),
    ):
        with pytest.raises(OutsideError, match="cannot be changed or checked offline"):
            change()
    assert fake.calls == []


def test_an_unchanged_manifest_is_not_sent_again(fake: FakeRemote, tmp_path: Path) -> None:
    fake.faults.ignore_conditions = False
    fake.put_manifest("team/x", b"{}", "application/vnd.oci.image.manifest.v1+json", tag="1")
    tag = parse_reference(f"{fake.host}/team/x:1")
    remote = Remote(environ={"HOME": str(tmp_path)}, pause=lambda _: None)
    now = [1000.0]
    seen = Seen(remote, Cache(tmp_path / "cache"), now=lambda: now[0], moment=0.0)
    first = seen.manifest(tag)
    assert seen.manifest(tag) == seen.manifest(tag, fresh=True) == first
    assert first is not None
    assert first.data == b"{}"
    assert seen.manifest(tag.with_tag("2")) is None
    fake.put_manifest("team/x", b"[]", "application/vnd.oci.image.manifest.v1+json", tag="1")
    changed = seen.manifest(tag)
    assert changed is not None
    assert changed.data == b"[]"


def test_within_a_moment_nothing_is_asked_for_twice(fake: FakeRemote, opened: Opened, tmp_path: Path) -> None:
    publish(opened("bob"), release())
    ann = registry_at(f"oci://{fake.host}/team", tmp_path / "ann", moment=1000.0)
    before = read(ann)
    asked = [f"{call.method} {call.path.removeprefix('/v2/team/').partition('/sha256')[0]}" for call in fake.calls[-9:]]
    assert asked.count("GET ml/train/tags/list") == 1
    fake.calls.clear()
    assert read(ann) == before
    assert fake.calls == []
    # The writer sees its own change at once.
    assert publish(ann, release("1.1.0")) is True
    assert [*map(str, ann.versions(release().name))] == ["1.0.0", "1.1.0"]
    assert [entry.version for entry in ann.entries()] == ["1.1.0"]
    mark = Yank(reason="wrong", at="2026-01-31T12:00:00Z")
    marks = ann.change_marks(release().name, lambda marks: marks.with_yank(release().version, mark))
    assert ann.marks(release().name) == marks
    publish(ann, release(name="score"))
    assert len(ann.names()) == 2


def test_a_publisher_asks_anew_whatever_it_saw_before(fake: FakeRemote, opened: Opened, tmp_path: Path) -> None:
    ann = registry_at(f"oci://{fake.host}/team", tmp_path / "ann", moment=1000.0)
    assert ann.versions(release().name) == []
    publish(opened("bob"), release(content=b"bob's"), content=b"bob's")
    with pytest.raises(InputError, match="published already with other content"):
        publish(ann, release())
