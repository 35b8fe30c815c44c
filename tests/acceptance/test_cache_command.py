"""`comp cache` as users run it."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import ClassVar

import pytest

from tests.carried import filled
from tests.commands import comp
from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.cache_export.contents import parse_contents
from toolkit.cli.cache_export import Size
from toolkit.words import in_bytes


class Mark(Record, frozen=True):
    KIND: ClassVar[str] = "mark"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    return Cache(tmp_path / "cache")


def test_show_counts_by_kind(cache: Cache) -> None:
    cache.store(iter([bytes(1500)]))
    cache.store(iter([b"x"]))
    cache.remember(1, Mark())
    result = comp("cache")
    assert (result.code, result.err) == (0, "")
    assert [line.split() for line in result.out.splitlines()] == [
        [str(cache.root)],
        ["blobs", "2", "1.5", "kB"],
        ["records", "1", "2", "B"],
        ["bases", "0", "0", "B"],
        ["environments", "0", "0", "B"],
        ["layouts", "0", "0", "B"],
        ["registries", "0", "0", "B"],
        ["uv", "0", "0", "B"],
        ["home", "0", "0", "B"],
        ["leftovers", "0", "0", "B"],
    ]
    document = json.loads(comp("cache", "--format", "json").out)
    assert document["path"] == str(cache.root)
    assert document["bytes"] == 1503
    assert document["kinds"]["blobs"] == {"count": 2, "bytes": 1501}


def test_prune_by_age_and_all(cache: Cache) -> None:
    # By objects that are gone at once: this process must not be one that uses the cache.
    digest, _ = Cache(cache.root).store(iter([b"old"]))
    os.utime(Cache(cache.root).blob_path(digest), (time.time() - 10 * 86400,) * 2)
    Cache(cache.root).store(iter([b"younger"]))
    assert comp("cache", "prune").err == "removed 0 entries, 0 B\n"
    assert comp("cache", "prune", "--older-than", "5").err == "removed 1 entry, 3 B\n"
    assert not Cache(cache.root).has_blob(digest)
    holding = Cache(cache.root)
    assert not holding.has_blob(digest)
    result = comp("cache", "prune", "--all")
    kept = "another process uses the cache: what was used in the last day stays\nremoved 0 entries, 0 B\n"
    assert (result.code, result.out, result.err) == (0, "", kept)
    del holding
    result = comp("cache", "prune", "--all")
    assert (result.code, result.out, result.err) == (0, "", "removed 1 entry, 7 B\n")


def test_uv_s_cache_is_counted_and_emptied_but_not_while_a_uv_works(cache: Cache) -> None:
    (cache.uv / "archive-v0").mkdir(parents=True)
    (cache.uv / "archive-v0" / "x").write_bytes(b"12345")
    (cache.uv / ".lock").touch()
    assert json.loads(comp("cache", "--format", "json").out)["kinds"]["uv"] == {"count": 1, "bytes": 5}
    with (cache.uv / ".lock").open() as working:
        fcntl.flock(working, fcntl.LOCK_SH)
        assert comp("cache", "prune", "--all").err == "removed 0 entries, 0 B\n"
    assert comp("cache", "prune", "--older-than", "5").err == "removed 0 entries, 0 B\n"
    assert comp("cache", "prune", "--all").err == "removed 1 entry, 5 B\n"
    assert [path.name for path in cache.uv.iterdir()] == [".lock"]
    assert comp("cache", "prune", "--all").err == "removed 0 entries, 0 B\n"


def test_verify_names_and_removes_what_is_damaged(cache: Cache) -> None:
    digest, _ = cache.store(iter([b"whole"]))
    assert comp("cache", "verify").err == "every blob is whole\n"
    cache.blob_path(digest).write_bytes(b"broken")
    result = comp("cache", "verify")
    assert (result.code, result.out, result.err) == (1, f"{digest}\n", "removed 1 damaged blob\n")
    assert not cache.has_blob(digest)


def test_a_folder_that_cannot_be_a_cache_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "file"))
    assert comp("cache").code == 0
    assert comp("cache", "prune", "--older-than", "-1").code == 2


def test_export_and_import_say_what_they_carried(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(cache.root)
    place = tmp_path / "export"
    result = comp("cache", "export", place)
    everything = "(bases 2, bytecode 1, recipes 1, records 2, wheels 1)"
    size = in_bytes(sum(path.stat().st_size for path in (place / "blobs").iterdir()) + _records(place))
    assert (result.code, result.out, result.err) == (
        0,
        "",
        f"{place} has {size} {everything}; new: {size} {everything}\n",
    )
    document = json.loads(comp("cache", "export", place, "--format", "json").out)
    assert document["added"] == {"bytes": 0, "entries": {}}
    assert document["kept"]["entries"] == {"bases": 2, "bytecode": 1, "recipes": 1, "records": 2, "wheels": 1}
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "fresh"))
    result = comp("cache", "import", place)
    assert (result.code, result.out) == (0, "")
    assert result.err.endswith("(bases 2, wheels 1); 4 need --trust-records\n")
    document = json.loads(comp("cache", "import", place, "--trust-records", "--format", "json").out)
    assert document["added"]["entries"] == {"bytecode": 1, "recipes": 1, "records": 2}
    assert {key: document[key] for key in ("present", "untrusted", "damaged")} == {
        "present": 3,
        "untrusted": 0,
        "damaged": 0,
    }
    result = comp("cache", "import", tmp_path / "none")
    assert (result.code, result.err) == (0, f"{tmp_path / 'none'} has no export yet\n")


def test_a_damaged_entry_is_named_and_is_no_failure(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(cache.root)
    place = tmp_path / "export"
    comp("cache", "export", place)
    for path in (place / "blobs").iterdir():
        path.write_bytes(b"other")
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "fresh"))
    result = comp("cache", "import", place)
    assert (result.code, result.out) == (0, "")
    assert result.err.count("warning: left out, since it is damaged:") == 3
    assert result.err.endswith("imported nothing; 3 damaged; 4 need --trust-records\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "x", "--max-size", "much"], "error: invalid value for '--max-size': invalid size 'much'"),
        (["export", "x", "--max-size", "0GB"], "error: invalid value for '--max-size': invalid size '0GB'"),
        (["export"], "error: missing argument 'DST'"),
        (["import"], "error: missing argument 'SRC'"),
    ],
)
def test_a_wrong_command_line_of_export_and_import(words: list[str], message: str) -> None:
    result = comp("cache", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(message)


def test_a_place_that_cannot_be_named_or_reached(cache: Cache) -> None:
    filled(cache.root)
    for work in ("export", "import"):
        result = comp("cache", work, "oci://Not A Reference")
        assert (result.code, result.err.splitlines()[0][:28]) == (1, "error: not an image referenc")
        result = comp("cache", work, "oci://127.0.0.1:9/x/y")
        assert result.code == 3, result.err


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("1.5GiB", 3 * 2**29), ("500M", 5 * 10**8), ("10k", 10_000), ("7", 7), ("1 TB", 10**12)],
)
def test_sizes(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


def _records(place: Path) -> int:
    """Return the bytes of the records in an export."""
    return parse_contents((place / "comp-cache.json").read_bytes()).size - sum(
        path.stat().st_size for path in (place / "blobs").iterdir()
    )
