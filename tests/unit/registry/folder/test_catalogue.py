import gzip

import pytest
from msgspec.structs import replace

from tests.releases import release
from toolkit.errors import InputError
from toolkit.registry.entry import Port, entry_of
from toolkit.registry.folder.catalogue import (
    catalogue_bytes,
    catalogue_text,
    matching,
    members,
    read_entries,
    with_entry,
)
from toolkit.registry.marks import Marks

TRAIN = entry_of(release(), 1, Marks())
ENTRIES = [replace(TRAIN, name=f"ml/step-{number:03}", description=f"The step {number}") for number in range(600)]


def _names(text: bytes, *words: str) -> list[str]:
    return [entry.name for entry in matching(text, words)]


def test_any_reader_of_gzip_sees_one_stream_of_all_entries() -> None:
    data = catalogue_bytes(reversed(ENTRIES))
    assert len(members(data)) > 200
    assert gzip.decompress(data).count(b"\n") == len(ENTRIES)
    assert read_entries(data) == ENTRIES


def test_a_change_of_an_entry_leaves_all_other_members_as_they_are() -> None:
    data = catalogue_bytes(ENTRIES)
    changed = replace(ENTRIES[7], description="Better")
    other = with_entry(data, changed.name, changed)
    assert read_entries(other) == [*ENTRIES[:7], changed, *ENTRIES[8:]]
    before, after = members(data), members(other)
    assert [number for number in before if before[number] != after[number]] == [_shard_of(data, changed.name)]
    assert other == catalogue_bytes([*ENTRIES[:7], changed, *ENTRIES[8:]])


def _shard_of(data: bytes, name: str) -> int:
    (number,) = (number for number, part in members(data).items() if f'"{name}"'.encode() in gzip.decompress(part))
    return number


def test_entries_come_and_go() -> None:
    one = with_entry(catalogue_bytes(()), TRAIN.name, TRAIN)
    assert read_entries(one) == [TRAIN]
    assert with_entry(one, TRAIN.name, None) == catalogue_bytes(())
    assert gzip.decompress(catalogue_bytes(())) == b""


@pytest.mark.parametrize("cut", [1, 5, 30, 200])
def test_a_damaged_catalogue_is_noticed(cut: int) -> None:
    data = catalogue_bytes(ENTRIES[:3])
    with pytest.raises(InputError, match="not a catalogue"):
        read_entries(data[:-cut])
    with pytest.raises(InputError, match="not a catalogue"):
        with_entry(data[:-cut], TRAIN.name, TRAIN)
    flipped = bytearray(data)
    flipped[-cut] ^= 1
    with pytest.raises(InputError):
        read_entries(bytes(flipped))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"{}\n",
        b"\xff",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\x00<html>",
        gzip.compress(b"{"),
        gzip.compress(b"[" * 9999),
    ],
)
def test_what_is_not_a_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a catalogue"):
        read_entries(data)
    with pytest.raises(InputError, match="not a catalogue"):
        members(data)


def test_a_name_that_is_a_path_is_refused() -> None:
    with pytest.raises(InputError, match="is not a namespace"):
        read_entries(gzip.compress(catalogue_text(catalogue_bytes([TRAIN])).replace(b"ml/train", b"ml/../x")))


def test_a_server_may_uncompress_it_or_compress_it_anew() -> None:
    data = catalogue_bytes(ENTRIES)
    text = catalogue_text(data)
    assert read_entries(text) == read_entries(gzip.compress(text)) == ENTRIES


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_CATALOGUE_SIZE", "100000")
    for data in (gzip.compress(b" " * 100_001), b" " * 100_001):
        with pytest.raises(InputError, match=r"the catalogue exceeds the limit of 100\.0 kB"):
            catalogue_text(data)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["a/one", "b/two", "c/three"]),
        (("METRICS", "model"), ["a/one"]),
        # Words of one field are found together, and so are those at the border of two.
        (("model Model",), ["a/one"]),
        (('say "hi"',), ["b/two"]),
        (("größe",), ["b/two"]),
        (("Ω",), ["c/three"]),
        (("\\",), ["c/three"]),
        (("digest",), []),
        (("parameter",), []),
        (("two", "one"), []),
    ],
)
def test_words_choose_the_entries_that_match(words: tuple[str, ...], expected: list[str]) -> None:
    ports = (Port(name="metrics", type="Metrics", kind="artifact"), Port(name="model", type="Model", kind="artifact"))
    bare = replace(TRAIN, title="", description="", inputs=())
    entries = [
        replace(bare, name="a/one", outputs=ports),
        replace(bare, name="b/two", description='We say "hi", GRÖSSE, Größe'),
        replace(bare, name="c/three", title="back\\slash Ω", inputs=(Port(name="x", type="", kind="parameter"),)),
    ]
    text = catalogue_text(catalogue_bytes(entries))
    assert _names(text, *words) == expected
    assert expected == [entry.name for entry in entries if entry.matches(words)]


def test_every_line_is_found_wherever_it_stands() -> None:
    text = catalogue_text(catalogue_bytes(ENTRIES))
    assert [_names(text, f"step-{number:03}") for number in (0, 299, 599)] == [
        ["ml/step-000"],
        ["ml/step-299"],
        ["ml/step-599"],
    ]
    assert _names(text, "step", "step") == [entry.name for entry in ENTRIES]
    assert _names(text.removesuffix(b"\n"), "step") == [entry.name for entry in ENTRIES]
