"""Which entries of a cache other machines can use."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from tests.carried import kinds, recorded, stored, wheel_in
from toolkit.cache.store import Cache
from toolkit.cache_export.gathering import gather
from toolkit.digest import Digest


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "a")


def zip_of(name: str) -> bytes:
    """Return a zip with one empty file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "")
    return stream.getvalue()


def test_a_cache_that_is_missing_has_no_entries(cache: Cache) -> None:
    contents, paths = gather(cache.root)
    assert (kinds(contents), paths) == ([], {})


def test_files_of_others_in_the_cache_stay_there(cache: Cache) -> None:
    stored(cache, b"PK is no wheel")
    (cache.root / "blobs" / "notes.txt").write_text("of the user")
    os.mkfifo(cache.root / "blobs" / "pipe")
    assert kinds(gather(cache.root)[0]) == []


def test_a_zip_is_a_wheel_by_its_own_metadata(cache: Cache) -> None:
    wheel = stored(cache, zip_of("demo-1.0.dist-info/WHEEL"))
    # A wheel that carries another in its files, and a zip of the user.
    stored(cache, zip_of("vendor/demo-1.0.dist-info/WHEEL"))
    stored(cache, zip_of("data.csv"))
    contents, paths = gather(cache.root)
    assert [(blob.kind, blob.digest) for blob in contents.blobs] == [("wheel", wheel)]
    assert paths[wheel] == cache.blob_path(wheel)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"size": NaN}', b"\xff", b" " * (1 << 20) + b"{}"],
    ids=["empty", "half", "a list", "NaN", "no text", "too large"],
)
def test_a_damaged_record_is_left_out_with_the_blob_that_only_it_names(cache: Cache, content: bytes) -> None:
    bytecode = stored(cache, b"some bytecode")
    record = recorded(cache, "bytecode", "demo", {"digest": str(bytecode)})
    assert kinds(gather(cache.root)[0]) == ["bytecode", "bytecode"]
    record.write_bytes(content)
    assert kinds(gather(cache.root)[0]) == []


def test_a_record_names_blobs_anywhere_in_its_value_but_not_as_keys(cache: Cache) -> None:
    deep, key, plain = (stored(cache, data) for data in (b"deep", b"key", b"plain"))
    recorded(cache, "layer", "demo", {"parts": [1, {"recipe": str(deep)}], str(key): None, "hex": plain.hex})
    assert [(blob.kind, blob.digest) for blob in gather(cache.root)[0].blobs] == [("recipe", deep)]


def test_a_blob_has_the_kind_that_a_record_gives_it_even_if_it_looks_like_a_wheel(cache: Cache, tmp_path: Path) -> None:
    recipe = wheel_in(cache, tmp_path)
    recorded(cache, "layer", "demo", {"recipe": str(recipe)})
    assert kinds(gather(cache.root)[0]) == ["layer", "recipe"]


def test_a_record_whose_blob_was_pruned_is_still_exported(cache: Cache) -> None:
    recorded(cache, "bytecode", "demo", {"digest": str(Digest.of(b"gone"))})
    assert kinds(gather(cache.root)[0]) == ["bytecode"]


@pytest.mark.parametrize(
    ("document", "count"),
    [
        (b'{"schemaVersion": 2, "manifests": []}', 1),
        (b'{"schemaVersion": 2, "layers": [], "config": {"digest": "sha256:absent"}}', 1),
        (b'{"schemaVersion": 2, "layers": [], "config": {}}', 1),
        (b'{"schemaVersion": 2, "layers": [], "config": "x"}', 1),
        (b'{"schemaVersion": 1, "layers": []}', 0),
        (b'{"schemaVersion": 2}', 0),
        (b'{"schemaVersion": 2, "layers": []', 0),
        (b'[{"schemaVersion": 2, "layers": []}]', 0),
    ],
)
def test_only_manifests_and_indexes_are_documents_of_a_base(cache: Cache, document: bytes, count: int) -> None:
    stored(cache, document)
    assert kinds(gather(cache.root)[0]) == ["base"] * count


@pytest.mark.parametrize(("used", "day"), [(0.0, 0), (86_399.0, 0), (86_400.0, 1), (-5.0, 0)])
def test_the_day_of_the_last_use_counts_from_1970(cache: Cache, tmp_path: Path, used: float, day: int) -> None:
    path = cache.blob_path(wheel_in(cache, tmp_path))
    os.utime(path, (used, used))
    assert [blob.day for blob in gather(cache.root)[0].blobs] == [day]
