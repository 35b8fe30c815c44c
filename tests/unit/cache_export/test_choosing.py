import pytest

from toolkit.cache_export.choosing import difference, merged, within
from toolkit.cache_export.contents import BlobEntry, Contents, Entry, RecordEntry
from toolkit.digest import Digest


def blob(name: str, *, kind: str = "wheel", size: int = 10, day: int = 5) -> BlobEntry:
    return BlobEntry(kind=kind, digest=Digest.of(name.encode()), size=size, day=day)


def record(name: str, value: bytes = b"{}", *, day: int = 5) -> RecordEntry:
    return RecordEntry(kind="layer", name=Digest.of(name.encode()), value=value, day=day)


def test_merging_keeps_both_with_the_own_record_and_the_later_day() -> None:
    own = Contents.of([blob("a", day=3), record("x", b'{"size":1}', day=9)])
    others = Contents.of([blob("a", day=7), blob("b"), record("x", b'{"size":2}', day=2)])
    expected = Contents.of([blob("a", day=7), blob("b"), record("x", b'{"size":1}', day=9)])
    assert merged(own, others) == expected


def test_within_a_budget_the_last_day_comes_first_then_what_saves_most() -> None:
    order: list[Entry] = [
        record("r", b'{"a":1234}'),
        blob("c", kind="recipe"),
        blob("d", kind="bytecode"),
        blob("e"),
        blob("f", kind="bytecode", day=4),
        record("old", b'{"a":1234}', day=1),
    ]
    contents = Contents.of(order)
    for count in range(len(order) + 1):
        assert set(within(contents, 10 * count).entries) == {*order[:count]}
    assert within(contents, 10**9) == contents


def test_a_small_entry_may_fit_after_one_that_does_not() -> None:
    large, small = blob("large", size=90, kind="bytecode"), blob("small", size=5)
    assert within(Contents.of([large, small]), 80) == Contents.of([small])


def test_no_more_entries_than_an_importer_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_CACHE_ENTRIES", "2")
    kept = within(Contents.of([blob(name, day=day) for day, name in enumerate("abc")]), 1000)
    assert kept == Contents.of([blob("b", day=1), blob("c", day=2)])
    monkeypatch.setenv("COMP_LIMIT_RECORD_SIZE", "10")
    assert within(Contents.of([record("large", b'{"size":12345}'), record("small")]), 1000) == Contents.of(
        [record("small")]
    )


def test_another_day_is_no_difference_and_another_value_is() -> None:
    contents = Contents.of([blob("a", day=9), record("x", b'{"a":1}'), blob("b")])
    others = Contents.of([blob("a", day=1), record("x", b'{"a":2}')])
    assert difference(contents, others) == Contents.of([record("x", b'{"a":1}'), blob("b")])
