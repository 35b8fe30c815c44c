import json
import re
from pathlib import Path

import pytest

import toolkit
from toolkit.cache_export.contents import (
    RECORD_KINDS,
    BlobEntry,
    Contents,
    DamagedTableError,
    RecordEntry,
    parse_contents,
)
from toolkit.digest import Digest
from toolkit.errors import InputError

BLOB = BlobEntry(kind="wheel", digest=Digest.of(b"x"), size=1, day=20_000)
RECORD = RecordEntry(kind="layer", name=Digest.of(b"y"), value=b'{"size":7}', day=20_001)


def test_a_table_comes_back() -> None:
    contents = Contents.of([RECORD, BLOB])
    assert parse_contents(contents.to_json()) == contents
    assert contents.size == 11


def test_equal_contents_have_equal_bytes() -> None:
    assert Contents.of([RECORD, BLOB]).to_json() == Contents.of([BLOB, RECORD]).to_json()


@pytest.mark.parametrize(
    "item",
    [
        ["wheel", "../../../../etc/passwd", 1, 1],
        ["wheel", "A" * 64, 1, 1],
        ["wheel", "a" * 64, -1, 1],
        ["wheel", "a" * 64, True, 1],
        ["wheel", "a" * 64, 1.5, 1],
        ["wheel", "a" * 64, 1],
        ["../blobs", "a" * 64, 1, 1],
        [["wheel"], "a" * 64, 1, 1],
        ["wheel", 5, 1, 1],
        "wheel",
        None,
        {},
    ],
)
def test_an_invalid_blob_is_left_out(item: object) -> None:
    data = json.dumps({"version": 1, "blobs": [item, ["wheel", "b" * 64, 5, 1]], "records": []}).encode()
    contents = parse_contents(data)
    assert ([blob.size for blob in contents.blobs], contents.invalid) == ([5], 1)


@pytest.mark.parametrize(
    "item",
    [
        ["build", "a" * 64, 1, {}],
        ["pipeline-step", "a" * 64, 1, {}],
        ["..", "a" * 64, 1, {}],
        ["layer", "../x", 1, {}],
        ["layer", "a" * 64, 1, []],
        ["layer", "a" * 64, "1", {}],
    ],
)
def test_an_invalid_record_is_left_out(item: object) -> None:
    contents = parse_contents(json.dumps({"version": 1, "blobs": [], "records": [item]}).encode())
    assert (contents.records, contents.invalid) == ((), 1)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"[" * 100_000, b"\xff", b'{"version": 2}', b'{"version": 1}', b'{"version": 1, "blobs": {}}'],
)
def test_what_is_not_a_table_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedTableError):
        parse_contents(data)


def test_the_kinds_of_records_are_those_that_others_write() -> None:
    sources = "".join(path.read_text() for path in Path(toolkit.__path__[0]).rglob("*.py"))
    assert set(RECORD_KINDS) <= set(re.findall(r'KIND: ClassVar\[str\] = "([^"]+)"', sources))


def test_sizes_and_counts_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_CACHE_EXPORT_SIZE", "10")
    with pytest.raises(InputError, match="the sum of its sizes exceeds the limit of 10 B"):
        parse_contents(Contents.of([BLOB, RECORD]).to_json())
    monkeypatch.setenv("COMP_LIMIT_CACHE_ENTRIES", "1")
    with pytest.raises(InputError, match="the list of blobs exceeds the limit of 1 items"):
        parse_contents(json.dumps({"version": 1, "blobs": [1, 2], "records": []}).encode())
