"""`comp cache` as users run it."""

import fcntl
import json
import os
import time
from pathlib import Path

import pytest

from tests.commands import comp
from toolkit.cache import Cache


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    return Cache(tmp_path / "cache")


def test_show_counts_by_kind(cache: Cache) -> None:
    cache.keep_blob(iter([bytes(1500)]))
    cache.keep_blob(iter([b"x"]))
    cache.write_record("facts", 1, {})
    result = comp("cache")
    assert (result.code, result.err) == (0, "")
    assert [line.split() for line in result.out.splitlines()] == [
        [str(cache.root)],
        ["blobs", "2", "1.5", "kB"],
        ["records", "1", "2", "B"],
        ["bases", "0", "0", "B"],
        ["environments", "0", "0", "B"],
        ["layouts", "0", "0", "B"],
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
    sha256, _ = Cache(cache.root).keep_blob(iter([b"old"]))
    os.utime(Cache(cache.root).blob_path(sha256), (time.time() - 10 * 86400,) * 2)
    Cache(cache.root).keep_blob(iter([b"younger"]))
    assert comp("cache", "prune").err == "removed 0 entries, 0 B\n"
    assert comp("cache", "prune", "--older-than", "5").err == "removed 1 entry, 3 B\n"
    assert not Cache(cache.root).has_blob(sha256)
    holding = Cache(cache.root)
    assert not holding.has_blob(sha256)
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
    sha256, _ = cache.keep_blob(iter([b"whole"]))
    assert comp("cache", "verify").err == "every blob is whole\n"
    cache.blob_path(sha256).write_bytes(b"broken")
    result = comp("cache", "verify")
    assert (result.code, result.out, result.err) == (1, f"sha256:{sha256}\n", "removed 1 damaged blob\n")
    assert not cache.has_blob(sha256)


def test_a_folder_that_cannot_be_a_cache_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "file"))
    assert comp("cache").code == 0
    assert comp("cache", "prune", "--older-than", "-1").code == 2
