"""The index artifact: merged by many writers, read by a conditional request, and never trusted."""

from collections.abc import Callable

import pytest

from tests.fake_remote import FakeRemote
from tests.releases import release
from toolkit.errors import OutsideError
from toolkit.registry.entry import Entry, entry_of
from toolkit.registry.marks import Marks
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.oci.search_index import SearchIndex

Opened = Callable[[str], OciRegistry]
REPOSITORY = "team/comp-index"


def entry(name: str, version: str = "1.0.0") -> Entry:
    return entry_of(release(version, name=name), 1, Marks())


ENTRIES = [entry(f"c{number:02}") for number in range(40)]


@pytest.fixture
def index(registry: OciRegistry) -> SearchIndex:
    return registry.index


def test_entries_are_merged_one_by_one(index: SearchIndex, opened: Opened) -> None:
    assert index.read() is None
    for each in reversed(ENTRIES):
        index.update(each)
    changed = entry("c07", "2.0.0")
    opened("bob").index.update(changed)
    assert index.read() == [changed if each.name == changed.name else each for each in ENTRIES]


def test_an_index_is_made_anew_with_equal_bytes(fake: FakeRemote, index: SearchIndex) -> None:
    for each in ENTRIES:
        index.update(each)
    before = fake.tags[REPOSITORY]["index"]
    index.replace(ENTRIES)
    assert fake.tags[REPOSITORY]["index"] == before
    index.replace([])
    assert index.read() == []
    index.update(ENTRIES[0])
    assert index.read() == [ENTRIES[0]]


def test_an_update_sends_one_part(fake: FakeRemote, index: SearchIndex) -> None:
    index.replace(ENTRIES)
    fake.calls.clear()
    index.update(entry("c00", "2.0.0"))
    assert [str(call).split("/")[0].strip() for call in fake.calls] == ["GET", "POST", "PUT", "PUT", "HEAD"]
    fake.calls.clear()
    index.update(entry("c00", "2.0.0"))
    assert len(fake.calls) == 1


def test_a_reader_asks_once_and_then_only_whether_it_changed(
    fake: FakeRemote, index: SearchIndex, opened: Opened
) -> None:
    index.replace(ENTRIES)
    reader = opened("bob").index
    assert reader.read() == ENTRIES
    parts = len(fake.blobs[REPOSITORY]) - 1
    assert len(fake.called("GET", "/blobs/")) == parts > 10
    fake.calls.clear()
    assert opened("bob").index.read() == ENTRIES
    assert [str(call) for call in fake.calls if "manifests" in call.path] == [f"GET /v2/{REPOSITORY}/manifests/index"]
    # After another's change, one part.
    index.update(entry("c00", "2.0.0"))
    fake.calls.clear()
    assert reader.read() != ENTRIES
    assert len(fake.called("GET", "/blobs/")) == 1


def test_a_writer_whose_change_is_replaced_at_once_merges_again(
    fake: FakeRemote, index: SearchIndex, opened: Opened
) -> None:
    index.replace(ENTRIES[:10])
    bob, others = opened("bob").index, iter(ENTRIES[20:23])
    before, busy = fake.tags[REPOSITORY]["index"], False

    def meanwhile(name: str, identifier: str) -> None:
        nonlocal busy
        if name == REPOSITORY and identifier == "index" and not busy and (other := next(others, None)):
            # Bob read what Ann read, and writes right after her.
            busy = True
            bob.update(other)
            busy = False

    fake.faults.before_put = meanwhile
    index.update(ENTRIES[10])
    assert before != fake.tags[REPOSITORY]["index"]
    assert ENTRIES[10] in (index.read() or [])


def test_a_lost_tag_is_set_again_until_it_stays(
    fake: FakeRemote, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.replace(ENTRIES[:3])
    before = fake.tags[REPOSITORY]["index"]
    tagged = index._remote.tagged
    lost = iter([True, True, False])

    def replaced(reference: object) -> object:
        if next(lost):
            fake.tags[REPOSITORY]["index"] = before
        return tagged(reference)  # type: ignore[arg-type]

    monkeypatch.setattr(index._remote, "tagged", replaced)
    index.update(ENTRIES[5])
    assert index.read() == [*ENTRIES[:3], ENTRIES[5]]
    lost = iter([True] * 100)
    with pytest.raises(OutsideError, match="changed by too many at once"):
        index.update(ENTRIES[6])


def test_a_part_that_the_server_lost_is_sent_again(fake: FakeRemote, index: SearchIndex) -> None:
    index.replace(ENTRIES)
    fake.blobs[REPOSITORY].clear()
    index.update(entry("c00", "2.0.0"))
    assert index.read() == [entry("c00", "2.0.0"), *ENTRIES[1:]]


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"{}", "it is no manifest"),
        (b'{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}', "it is application/vnd.oci.image"),
        (
            b'{"config":{"mediaType":"application/vnd.comp.component.index.v1+json"},"layers":'
            b'[{"mediaType":"x/y","size":1,"digest":"sha256:%s"}]}' % (b"0" * 64),
            "it has parts of another form",
        ),
    ],
)
def test_a_damaged_index_is_left_to_be_made_anew(
    fake: FakeRemote, index: SearchIndex, caplog: pytest.LogCaptureFixture, manifest: bytes, message: str
) -> None:
    fake.put_manifest(REPOSITORY, manifest, "application/vnd.oci.image.manifest.v1+json", tag="index")
    assert index.read() is None
    assert f"the index {fake.host}/{REPOSITORY}:index is damaged: {message}" in caplog.text
    with pytest.raises(OutsideError, match=message):
        index.update(ENTRIES[0])
    index.replace(ENTRIES)
    assert index.read() == ENTRIES


def test_a_part_with_other_content_is_an_error(fake: FakeRemote, index: SearchIndex, opened: Opened) -> None:
    index.replace(ENTRIES[:1])
    blobs = fake.blobs[REPOSITORY]
    for digest in blobs:
        blobs[digest] = bytes(len(blobs[digest]))
    with pytest.raises(OutsideError, match="has another content"):
        opened("bob").index.read()
