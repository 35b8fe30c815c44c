"""Exports of a cache as an attacker, or a broken disk, makes them: nothing leaves its place, nothing false comes in."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.carried import files_below, filled
from toolkit.cache.store import Cache
from toolkit.cache_export.exporting import export
from toolkit.cache_export.folder import TABLE, Folder
from toolkit.cache_export.importing import import_cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.layer import Measured

NO_BUDGET = 10**12


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an export that is whole."""
    export(filled(tmp_path / "a"), Folder(tmp_path / "export"), budget=NO_BUDGET)
    return tmp_path / "export"


def blobs(place: Path) -> list[Path]:
    return sorted((place / "blobs").iterdir())


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def changed(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def linked(path: Path) -> None:
    """Lead to a file with the right content elsewhere."""
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [Path.unlink, truncated, changed, linked, piped, device, folder])
def test_one_damaged_blob_is_named_and_the_others_come(
    place: Path, tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    victim = blobs(place)[0]
    damage(victim)
    fresh = Cache(tmp_path / "b")
    done = import_cache(fresh, Folder(place), trust_records=True)
    assert (len(done.added.blobs), done.damaged) == (4, 1)
    assert victim.name in caplog.text
    assert list(fresh.damaged()) == []
    # The next export mends it, unless something is in its place that is not to be replaced.
    if victim.is_file() or not victim.exists():
        export(filled(tmp_path / "a"), Folder(place), budget=NO_BUDGET)
        assert import_cache(Cache(tmp_path / "c"), Folder(place), trust_records=True).damaged == 0


@pytest.mark.parametrize("damage", [truncated, lambda path: path.write_bytes(b"")])
def test_half_a_table_brings_nothing_and_is_replaced_by_the_next_export(
    place: Path, tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(place / TABLE)
    fresh = Cache(tmp_path / "b")
    done = import_cache(fresh, Folder(place), trust_records=True)
    assert (len(list(done.added.entries)), done.damaged, list(fresh.entries())) == (0, 1, [])
    assert "nothing is imported" in caplog.text
    export(filled(tmp_path / "a"), Folder(place), budget=NO_BUDGET)
    assert len(import_cache(fresh, Folder(place), trust_records=True).added.blobs) == 5


@pytest.mark.parametrize("name", ["../../../x", "/etc/x", "..", "", "blobs/x", "a" * 63, "\x00" * 64, "A" * 64])
@pytest.mark.parametrize("kind", ["layer", "../../x", "blobs", ""])
def test_no_name_leads_out_of_the_cache(place: Path, tmp_path: Path, kind: str, name: str) -> None:
    table = {"version": 1, "blobs": [[kind, name, 1, 1], ["wheel", name, 1, 1]], "records": [[kind, name, 1, {"a": 1}]]}
    (place / TABLE).write_text(json.dumps(table))
    before = files_below(tmp_path)
    done = import_cache(Cache(tmp_path / "b"), Folder(place), trust_records=True)
    assert (done.damaged, files_below(tmp_path)) == (3, before)


def test_a_record_that_does_not_fit_counts_as_absent(place: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "b")
    cache.remember("key", Measured(digest=Digest.of(b"1"), diff_id=Digest.of(b"2"), size=3))
    (path,) = (cache.root / "records" / "layer").rglob("*.json")
    path.unlink()
    table = {"version": 1, "blobs": [], "records": [["layer", path.stem, 1, {"digest": ["no"], "deep": [[[]]]}]]}
    (place / TABLE).write_text(json.dumps(table))
    import_cache(cache, Folder(place), trust_records=True)
    assert path.is_file()
    assert cache.recall(Measured, "key") is None


def test_a_table_larger_than_the_limit_is_not_read(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_LIMIT_RECORD_SIZE", "100")
    with pytest.raises(InputError, match="exceeds the limit of 100 B"):
        import_cache(Cache(tmp_path / "b"), Folder(place), trust_records=False)


def test_a_claimed_size_is_not_believed(place: Path, tmp_path: Path) -> None:
    table = json.loads((place / TABLE).read_bytes())
    for blob in table["blobs"]:
        blob[2] += 1_000_000
    (place / TABLE).write_text(json.dumps(table))
    done = import_cache(Cache(tmp_path / "b"), Folder(place), trust_records=True)
    assert (len(done.added.blobs), done.damaged) == (0, 5)


def test_a_day_in_the_future_does_not_keep_an_entry_for_ever(place: Path, tmp_path: Path) -> None:
    table = json.loads((place / TABLE).read_bytes())
    for blob in table["blobs"]:
        blob[3] = 10**30
    (place / TABLE).write_text(json.dumps(table))
    exported = export(Cache(tmp_path / "empty"), Folder(place), budget=NO_BUDGET).contents
    assert max(entry.day for entry in exported.blobs) <= time.time() / 86_400
    fresh = Cache(tmp_path / "b")
    import_cache(fresh, Folder(place), trust_records=False)
    del fresh
    assert len(Cache(tmp_path / "b").prune(older_than=0)) == 3


def test_links_in_the_destination_lead_nowhere(place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ("a" * 64)).write_text("a file of the user")
    for path in blobs(place):
        path.unlink()
    (place / "blobs").rmdir()
    (place / "blobs").symlink_to(outside)
    with pytest.raises(InputError, match="is a link"):
        export(filled(tmp_path / "a"), Folder(place), budget=NO_BUDGET)
    assert files_below(outside) == {"a" * 64: b"a file of the user"}
