"""Pruning removes what is old or left over, and nothing else."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cached import DATA, DAY, DIGEST, FACT, Fact, aged
from toolkit.cache.store import Cache

if TYPE_CHECKING:
    from collections.abc import Callable


def test_damage_is_found(cache: Cache) -> None:
    cache.store(iter([b"whole"]))
    path = cache.store_verified(iter([DATA]), DIGEST, what="it")
    assert [*cache.damaged()] == []
    path.write_bytes(b"Some bytes")
    assert [entry.path for entry in cache.damaged()] == [path]


def test_pruning_takes_the_old_and_keeps_the_used(cache: Cache) -> None:
    old = cache.store_verified(iter([DATA]), DIGEST, what="it")
    cache.store(iter([b"new"]))
    cache.remember(1, FACT)
    base = cache.root / "bases" / "debian-bookworm"
    (base / "blobs").mkdir(parents=True)
    (base / "blobs" / "one").write_bytes(b"abc")
    aged(base, 40)
    used = cache.root / "environments" / ("a" * 32)
    (used / "bin").mkdir(parents=True)
    (used / "bin" / "python").write_bytes(b"")
    aged(used, 40)
    assert cache.use(used)
    aged(old, 31)
    # What is read by others is not used: file systems record it or not, and backups read everything.
    os.utime(old, (time.time(), time.time() - 31 * DAY))

    gone = cache.prune(older_than=30 * DAY)

    assert {(entry.kind, entry.size) for entry in gone} == {("blobs", len(DATA)), ("bases", 3)}
    assert {entry.kind for entry in cache.entries()} == {"blobs", "records", "environments"}
    assert not base.exists()
    cache.prune(older_than=0)
    assert [*cache.entries()] == []


def test_every_use_counts_whatever_the_file_system_records(cache: Cache) -> None:
    cache.store_verified(iter([DATA]), DIGEST, what="it")
    cache.remember(1, FACT)
    uses: list[Callable[[], object]] = [
        lambda: cache.has_blob(DIGEST),
        lambda: cache.blob_path(DIGEST),
        lambda: cache.read_verified(DIGEST),
        lambda: list(cache.read_blob(DIGEST)),
    ]
    for use in uses:
        for entry in cache.entries():
            aged(entry.path, 40)
        use()
        assert [entry.kind for entry in cache.prune(older_than=30 * DAY)] == ["records"]
        cache.remember(1, FACT)
    for entry in cache.entries():
        aged(entry.path, 40)
    assert cache.recall(Fact, 1) == FACT
    assert [entry.kind for entry in cache.prune(older_than=30 * DAY)] == ["blobs"]


def test_what_is_used_while_it_is_pruned_stays(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    path = aged(cache.store_verified(iter([DATA]), DIGEST, what="it"), 40)
    rename = Path.rename

    def used_before(self: Path, target: Path) -> Path:
        os.utime(self)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", used_before)
    assert cache.prune(older_than=30 * DAY) == ()
    assert path.read_bytes() == DATA


def test_pruning_leaves_what_is_not_the_caches(cache: Cache, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    foreign = [
        outside / "blobs" / "x",
        outside / ("f" * 64),
        cache.root / "notes.txt",
        cache.root / "blobs" / "sha256" / "ab" / "notes.txt",
        cache.root / "bases" / "mine",
        cache.root / "other" / ("a" * 64),
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"keep")
        aged(path, 400)
    (cache.root / "bases" / "debian-link").symlink_to(outside)
    (cache.root / "layouts").symlink_to(outside)

    assert cache.prune(older_than=0) == ()
    assert all(path.read_bytes() == b"keep" for path in foreign)


def test_a_link_inside_an_entry_is_removed_not_followed(cache: Cache, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_bytes(b"keep")
    environment = cache.root / "environments" / ("a" * 32)
    environment.mkdir(parents=True)
    (environment / "link").symlink_to(kept)
    assert len(cache.prune(older_than=0)) == 1
    assert not environment.exists()
    assert (kept / "file").read_bytes() == b"keep"


@pytest.mark.parametrize(("now", "left"), [(0.0, 2), (70 * 365 * DAY, 0)])
def test_pruning_with_a_wrong_clock_takes_too_little_or_what_looks_old(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, now: float, left: int
) -> None:
    cache.store_verified(iter([DATA]), DIGEST, what="it")
    cache.remember(1, FACT)
    monkeypatch.setattr(time, "time", lambda: now)
    cache.prune(older_than=30 * DAY)
    assert len([*cache.entries()]) == left
