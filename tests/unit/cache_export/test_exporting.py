"""From one cache to a place that may hold entries of others, through a folder and through a distribution server."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cached import aged
from tests.carried import NO_BUDGET, filled, kinds, wheel_in
from toolkit.cache.store import Cache
from toolkit.cache_export.exporting import export
from toolkit.cache_export.folder import Folder
from toolkit.cache_export.importing import import_cache
from toolkit.cache_export.place import Place

Open = Callable[[], Place]
EVERYTHING = ["base", "base", "bytecode", "bytecode", "layer", "recipe", "wheel"]


def test_only_what_others_can_use_is_exported(opened: Open, tmp_path: Path) -> None:
    done = export(filled(tmp_path / "a"), opened(), budget=NO_BUDGET)
    assert kinds(done.contents) == kinds(done.added) == EVERYTHING
    again = export(filled(tmp_path / "a"), opened(), budget=NO_BUDGET)
    assert (kinds(again.contents), kinds(again.added)) == (EVERYTHING, [])


def test_an_export_of_nothing_is_one(opened: Open, tmp_path: Path) -> None:
    assert kinds(export(Cache(tmp_path / "none"), opened(), budget=NO_BUDGET).contents) == []
    assert import_cache(Cache(tmp_path / "b"), opened(), trust_records=True).exists


def test_a_second_machine_adds_to_the_export(opened: Open, tmp_path: Path) -> None:
    export(filled(tmp_path / "a", "one"), opened(), budget=NO_BUDGET)
    done = export(filled(tmp_path / "b", "two"), opened(), budget=NO_BUDGET)
    # The documents of the base are the same.
    assert (len(list(done.added.entries)), len(list(done.contents.entries))) == (5, 12)


def test_beyond_the_budget_the_oldest_goes(opened: Open, tmp_path: Path) -> None:
    old, new = Cache(tmp_path / "a"), Cache(tmp_path / "b")
    aged(old.blob_path(wheel_in(old, tmp_path, "old", size=50_000)), 10)
    export(old, opened(), budget=NO_BUDGET)
    digest = wheel_in(new, tmp_path, "new", size=40_000)
    size = new.blob_path(digest).stat().st_size
    done = export(new, opened(), budget=size)
    assert [blob.digest for blob in done.contents.blobs] == [digest]
    done_import = import_cache(Cache(tmp_path / "c"), opened(), trust_records=True)
    assert [blob.digest for blob in done_import.added.blobs] == [digest]


def test_a_damaged_blob_is_not_exported(opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path / "a")
    digest, whole = wheel_in(cache, tmp_path), wheel_in(cache, tmp_path, "whole")
    path = cache.blob_path(digest)
    path.write_bytes(path.read_bytes() + b"more")
    done = export(cache, opened(), budget=NO_BUDGET)
    assert [blob.digest for blob in done.contents.blobs] == [whole]
    assert f"left out: {path} is damaged" in caplog.text


def test_other_processes_may_prune_while_we_export(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path / "a")
    digest = wheel_in(cache, tmp_path)

    class Pruning(Folder):
        def read(self) -> bytes | None:
            cache.blob_path(digest).unlink(missing_ok=True)
            return super().read()

    with caplog.at_level(logging.WARNING):
        done = export(cache, Pruning(tmp_path / "export"), budget=NO_BUDGET)
    assert (kinds(done.contents), "left out" in caplog.text) == ([], True)
