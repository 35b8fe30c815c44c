"""From an export to another cache, through a folder and through a distribution server."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cached import aged
from tests.carried import NO_BUDGET, files_below, filled, kinds, repository, wheel_in
from tests.fake_remote import FakeRemote
from toolkit.cache.store import Cache
from toolkit.cache_export.exporting import export
from toolkit.cache_export.folder import Folder
from toolkit.cache_export.importing import import_cache
from toolkit.cache_export.place import Place
from toolkit.errors import OutsideError, RemoteError

Open = Callable[[], Place]


def test_what_is_verified_by_digest_comes_in_and_the_rest_if_it_is_trusted(opened: Open, tmp_path: Path) -> None:
    cache = filled(tmp_path / "a")
    export(cache, opened(), budget=NO_BUDGET)
    fresh = Cache(tmp_path / "b")
    done = import_cache(fresh, opened(), trust_records=False)
    assert (kinds(done.added), done.present, done.untrusted, done.damaged) == (["base", "base", "wheel"], 0, 4, 0)
    done = import_cache(fresh, opened(), trust_records=True)
    assert (kinds(done.added), done.present, done.untrusted) == (["bytecode", "bytecode", "layer", "recipe"], 3, 0)
    assert list(fresh.damaged()) == []
    assert files_below(fresh.root).items() <= files_below(cache.root).items()
    assert kinds(import_cache(fresh, opened(), trust_records=True).added) == []


def test_a_place_without_an_export_is_no_error(opened: Open, tmp_path: Path) -> None:
    done = import_cache(Cache(tmp_path / "b"), opened(), trust_records=True)
    assert (kinds(done.added), done.exists) == ([], False)


def test_the_own_records_are_kept(opened: Open, tmp_path: Path) -> None:
    cache = filled(tmp_path / "a")
    export(cache, opened(), budget=NO_BUDGET)
    other = filled(tmp_path / "b")
    (record,) = (other.root / "records" / "layer").rglob("*.json")
    record.write_text('{"mine": 1}')
    assert kinds(import_cache(other, opened(), trust_records=True).added) == []
    assert record.read_text() == '{"mine": 1}'


def test_the_time_of_the_last_use_travels_along(opened: Open, tmp_path: Path) -> None:
    cache = filled(tmp_path / "a")
    aged(cache.root, 10)
    export(cache, opened(), budget=NO_BUDGET)
    fresh = Cache(tmp_path / "b")
    import_cache(fresh, opened(), trust_records=True)
    assert all(9 < (time.time() - entry.used) / 86_400 < 12 for entry in fresh.entries())
    # Reading for the export was not a use.
    assert all(9 < (time.time() - entry.used) / 86_400 < 12 for entry in cache.entries())


def test_a_server_that_fails_ends_the_import(fake: FakeRemote, tmp_path: Path) -> None:
    export(filled(tmp_path / "a"), repository(fake), budget=NO_BUDGET)
    fake.faults.fail("GET", "/blobs/", 503, times=1000)
    with pytest.raises(RemoteError):
        import_cache(Cache(tmp_path / "b"), repository(fake), trust_records=True)


def test_a_blob_that_is_missing_on_the_server_is_left_out(
    fake: FakeRemote, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path / "a")
    lost, kept = wheel_in(cache, tmp_path, "lost"), wheel_in(cache, tmp_path, "kept")
    export(cache, repository(fake), budget=NO_BUDGET)
    del fake.blobs["team/cache"][str(lost)]
    done = import_cache(Cache(tmp_path / "b"), repository(fake), trust_records=False)
    assert ([blob.digest for blob in done.added.blobs], done.damaged) == ([kept], 1)
    assert str(lost) in caplog.text


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    export(filled(tmp_path / "a"), Folder(tmp_path / "export"), budget=NO_BUDGET)
    (tmp_path / "b").mkdir()
    # In the place of a folder, which stops root too.
    (tmp_path / "b" / "blobs").write_bytes(b"")
    with pytest.raises(OutsideError, match=f"cannot write to the cache {tmp_path / 'b'}") as caught:
        import_cache(Cache(tmp_path / "b"), Folder(tmp_path / "export"), trust_records=False)
    assert caught.value.hint is not None
    assert "COMP_CACHE_DIR" in caught.value.hint
