"""Exports in a folder: locked against other exporters, never half written, and not touched by an import."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.carried import NO_BUDGET, filled, wheel_in
from toolkit.cache.store import Cache
from toolkit.cache_export.contents import Contents
from toolkit.cache_export.exporting import export
from toolkit.cache_export.folder import Folder
from toolkit.cache_export.importing import import_cache
from toolkit.cache_export.place import Source
from toolkit.digest import Digest
from toolkit.errors import OutsideError


def test_a_folder_holds_no_more_than_its_budget(tmp_path: Path) -> None:
    cache = filled(tmp_path / "a")
    folder = tmp_path / "export"
    done = export(cache, Folder(folder), budget=NO_BUDGET)
    assert len(list((folder / "blobs").iterdir())) == len(done.contents.blobs)
    (folder / "blobs" / "mine.txt").write_text("stays")
    export(cache, Folder(folder), budget=1)
    assert [path.name for path in (folder / "blobs").iterdir()] == ["mine.txt"]


def test_exports_at_once_into_a_folder_keep_the_entries_of_all(tmp_path: Path) -> None:
    caches = [filled(tmp_path / name, name) for name in ("one", "two", "three", "four")]
    place = tmp_path / "export"
    workers = [
        threading.Thread(target=export, args=(cache, Folder(place)), kwargs={"budget": NO_BUDGET}) for cache in caches
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(import_cache(Cache(tmp_path / "c"), Folder(place), trust_records=True).added.blobs) == 2 + 3 * 4


def test_a_read_only_folder_is_read(tmp_path: Path) -> None:
    export(filled(tmp_path / "a"), Folder(tmp_path / "export"), budget=NO_BUDGET)
    for path in [tmp_path / "export", *(tmp_path / "export").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    # Root may write all the same, so any attempt to is noticed here.
    before = {path: path.lstat().st_mtime_ns for path in (tmp_path / "export").rglob("*")}
    assert len(import_cache(Cache(tmp_path / "b"), Folder(tmp_path / "export"), trust_records=True).added.blobs) == 5
    assert {path: path.lstat().st_mtime_ns for path in (tmp_path / "export").rglob("*")} == before


def test_an_export_that_is_cut_off_leaves_the_earlier_one(tmp_path: Path) -> None:
    cache = filled(tmp_path / "a")
    folder = Folder(tmp_path / "export")
    export(cache, folder, budget=NO_BUDGET)

    class Breaking(Folder):
        def write(self, contents: Contents, source: Source) -> bool:
            def broken(digest: Digest) -> Iterator[bytes]:
                yield next(source(digest))[:4]
                raise OutsideError(f"no space for {digest}")

            return super().write(contents, broken)

    wheel_in(cache, tmp_path, "another")
    with pytest.raises(OutsideError, match="no space"):
        export(cache, Breaking(tmp_path / "export"), budget=NO_BUDGET)
    done = import_cache(Cache(tmp_path / "b"), folder, trust_records=True)
    assert (len(done.added.blobs), done.damaged) == (5, 0)
    assert list((tmp_path / "export").rglob("*.tmp")) == []


def test_a_destination_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutsideError, match=f"cannot write to {tmp_path / 'file'}"):
        export(filled(tmp_path / "a"), Folder(tmp_path / "file"), budget=NO_BUDGET)
