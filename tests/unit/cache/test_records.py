import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec import Struct

from toolkit.cache.pruning import KINDS
from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest

_ROOT = Path(__file__).resolve().parents[3]
_KIND = re.compile(r"KIND: ClassVar\[str\] = \"([^\"]+)\"")


class Inner(Struct, frozen=True, kw_only=True):
    digest: Digest
    note: str | None


class Everything(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "everything"

    text: str
    count: int
    flag: bool
    inner: Inner
    names: tuple[str, ...]
    pair: tuple[str, int]
    kinds: frozenset[str]
    by_name: Mapping[str, tuple[Digest, ...]]


class Nothing(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "nothing"


DIGEST = Digest.of(b"data")
RECORD = Everything(
    text="ü",
    count=3,
    flag=True,
    inner=Inner(digest=DIGEST, note=None),
    names=("b", "a"),
    pair=("x", 1),
    kinds=frozenset({"d", "c"}),
    by_name={"n": (DIGEST,)},
)
DATA: dict[str, Any] = {
    "text": "ü",
    "count": 3,
    "flag": True,
    "inner": {"digest": str(DIGEST), "note": None},
    "names": ["b", "a"],
    "pair": ["x", 1],
    "kinds": ["c", "d"],
    "by_name": {"n": [str(DIGEST)]},
}


def test_a_record_is_plain_data_and_back() -> None:
    assert RECORD.to_dict() == DATA
    assert Everything.from_dict(DATA) == RECORD
    assert Nothing.from_dict(Nothing().to_dict()) == Nothing()


def test_a_record_comes_back_from_the_cache(cache: Cache) -> None:
    cache.remember("key", RECORD)
    assert cache.recall(Everything, "key") == RECORD


@pytest.mark.parametrize(
    "change",
    [
        {"text": 3},
        {"text": None},
        {"count": "3"},
        {"count": True},
        {"count": 3.0},
        {"flag": 1},
        {"inner": {"digest": str(DIGEST)}},
        {"inner": {"digest": DIGEST.hex, "note": None}},
        {"inner": {"digest": "sha256:../../x", "note": None}},
        {"inner": {"digest": str(DIGEST), "note": 1}},
        {"inner": []},
        {"names": "ba"},
        {"names": {"b": 1}},
        {"names": ["b", 1]},
        {"pair": ["x"]},
        {"pair": ["x", 1, 2]},
        {"kinds": "cd"},
        {"by_name": []},
        {"by_name": {"n": "x"}},
        {"by_name": {"n": [3]}},
    ],
)
def test_data_of_another_form_does_not_fit(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a record of the kind everything"):
        Everything.from_dict(DATA | change)


@pytest.mark.parametrize("data", [None, [], "text", 3])
@pytest.mark.parametrize("form", [Everything, Nothing])
def test_data_that_is_not_an_object_does_not_fit(form: type[Record], data: object) -> None:
    with pytest.raises(ValueError, match=f"not a record of the kind {form.KIND}"):
        form.from_dict(data)


def test_an_object_without_the_fields_does_not_fit() -> None:
    with pytest.raises(ValueError, match="not a record of the kind everything"):
        Everything.from_dict({})


def test_a_field_that_is_unknown_is_passed_over() -> None:
    assert Everything.from_dict(DATA | {"later": 1}) == RECORD


def test_the_security_document_lists_every_kind() -> None:
    records = {kind for path in (_ROOT / "toolkit").rglob("*.py") for kind in _KIND.findall(path.read_text("utf-8"))}
    folders = {f"{kind}/" for kind in KINDS if kind not in ("blobs", "records")}
    table = (_ROOT / "docs" / "security.md").read_text("utf-8").partition("## The cache")[2].partition("\n## ")[0]
    entries = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([^`]+)`", entries)) == records | folders
