"""The cache: whole or absent, whoever writes at the same time and however they die."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from toolkit.cache import Cache
from toolkit.errors import OutsideError

DATA = b"some bytes"
SHA256 = hashlib.sha256(DATA).hexdigest()
DAY = 86400.0

# Adds a blob whose bytes never end, and says when some are on disk.
_ENDLESS = """
import sys
from pathlib import Path
from toolkit.cache import Cache

def chunks():
    while True:
        yield bytes(1 << 20)
        print("writing", flush=True)
        sys.stdin.readline()

Cache(Path(sys.argv[1])).{call}
"""


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def aged(path: Path, days: float) -> Path:
    """Make a file, or a folder and what is in it, look as if last used so many days ago."""
    for one in (path, *path.rglob("*")):
        os.utime(one, (time.time() - days * DAY,) * 2, follow_symlinks=False)
    return path


def test_a_blob_is_where_its_digest_says(cache: Cache) -> None:
    path = cache.add_blob(iter([DATA[:4], DATA[4:]]), sha256=SHA256, what="it")
    assert path.read_bytes() == DATA
    assert path == cache.blob_path(SHA256)
    assert cache.has_blob(SHA256)


def test_other_bytes_are_refused_with_both_digests_and_leave_nothing(cache: Cache) -> None:
    with pytest.raises(OutsideError, match=rf"x\.whl .* {hashlib.sha256(b'no').hexdigest()}, expected {SHA256}"):
        cache.add_blob(iter([b"no"]), sha256=SHA256, what="x.whl")
    assert not cache.has_blob(SHA256)
    assert [*cache.entries()] == []


def test_unknown_bytes_are_kept_under_their_digest(cache: Cache) -> None:
    assert cache.keep_blob(iter([DATA])) == (SHA256, len(DATA))
    assert [entry.path for entry in cache.entries()] == [cache.blob_path(SHA256)]


def test_what_fails_while_it_is_made_leaves_nothing(cache: Cache) -> None:
    def breaking() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        cache.add_blob(breaking(), sha256=SHA256, what="it")
    with pytest.raises(ConnectionResetError):
        cache.keep_blob(breaking())
    assert [*cache.entries()] == []


def test_records_come_back_whatever_the_order_of_their_keys(cache: Cache) -> None:
    cache.write_record("facts", {"a": 1, "b": [2]}, {"x": "y"})
    assert cache.record("facts", {"b": [2], "a": 1}) == {"x": "y"}
    assert cache.record("facts", {"a": 1}) is None
    assert cache.record("other", {"a": 1, "b": [2]}) is None


@pytest.mark.parametrize("content", [b"", b'{"half', b"[1]", b"\xff\xfe"])
def test_a_damaged_record_is_none(cache: Cache, content: bytes) -> None:
    cache.write_record("facts", 1, {"x": "y"})
    (entry,) = cache.entries()
    entry.path.write_bytes(content)
    assert cache.record("facts", 1) is None


@pytest.mark.parametrize("call", [f"add_blob(chunks(), sha256={SHA256!r}, what='it')", "keep_blob(chunks())"])
def test_a_killed_writer_leaves_only_what_pruning_removes(cache: Cache, call: str) -> None:
    program = _ENDLESS.replace("{call}", call)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(cache.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        writer.send_signal(signal.SIGKILL)
    assert not cache.has_blob(SHA256)
    (leftover,) = cache.entries()
    assert leftover.leftover
    assert [entry.path for entry in cache.prune(older_than=30 * DAY)] == [leftover.path]
    assert [path.name for path in cache.root.rglob("*") if path.is_file()] == [".in-use"]


def test_many_writers_of_one_blob_and_one_record_leave_whole_ones(cache: Cache) -> None:
    data = os.urandom(1 << 18)
    sha256 = hashlib.sha256(data).hexdigest()

    def write(number: int) -> bool:
        chunks = (data[start : start + 1000] for start in range(0, len(data), 1000))
        path = cache.add_blob(chunks, sha256=sha256, what="it")
        cache.write_record("facts", 1, {"number": number})
        return path.read_bytes() == data and cache.record("facts", 1) is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(40)))
    assert sorted(entry.kind for entry in cache.entries()) == ["blobs", "records"]


def test_damage_is_found(cache: Cache) -> None:
    cache.keep_blob(iter([b"whole"]))
    path = cache.add_blob(iter([DATA]), sha256=SHA256, what="it")
    assert [*cache.damaged()] == []
    path.write_bytes(b"Some bytes")
    assert [entry.path for entry in cache.damaged()] == [path]


def test_pruning_takes_the_old_and_keeps_the_used(cache: Cache) -> None:
    old = cache.add_blob(iter([DATA]), sha256=SHA256, what="it")
    cache.keep_blob(iter([b"new"]))
    cache.write_record("facts", 1, {})
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
    cache.add_blob(iter([DATA]), sha256=SHA256, what="it")
    cache.write_record("facts", 1, {"x": "y"})
    uses: list[Callable[[], object]] = [
        lambda: cache.has_blob(SHA256),
        lambda: cache.blob_path(SHA256),
        lambda: cache.small_blob(SHA256),
        lambda: list(cache.read_blob(SHA256)),
    ]
    for use in uses:
        for entry in cache.entries():
            aged(entry.path, 40)
        use()
        assert [entry.kind for entry in cache.prune(older_than=30 * DAY)] == ["records"]
        cache.write_record("facts", 1, {"x": "y"})
    for entry in cache.entries():
        aged(entry.path, 40)
    assert cache.record("facts", 1) == {"x": "y"}
    assert [entry.kind for entry in cache.prune(older_than=30 * DAY)] == ["blobs"]


def test_what_a_running_process_uses_stays(cache: Cache) -> None:
    cache.add_blob(iter([DATA]), sha256=SHA256, what="it")
    other, _ = cache.keep_blob(iter([b"other"]))
    for entry in cache.entries():
        aged(entry.path, 40)
    program = (
        "import sys; from pathlib import Path; from toolkit.cache import Cache\n"
        f"cache = Cache(Path(sys.argv[1])); print(cache.has_blob({SHA256!r}), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(cache.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout
        assert user.stdout.readline() == b"True\n"
        assert [entry.path.name for entry in cache.prune(older_than=0)] == [other]
        assert cache.has_blob(SHA256)
        user.communicate()
    assert [entry.path.name for entry in cache.prune(older_than=0)] == [SHA256]


def test_what_is_used_while_it_is_pruned_stays(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    path = aged(cache.add_blob(iter([DATA]), sha256=SHA256, what="it"), 40)
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


def test_a_cache_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = Cache(tmp_path / "file")
    assert cache.record("facts", 1) is None
    for write in (
        lambda: cache.add_blob(iter([DATA]), sha256=SHA256, what="it"),
        lambda: cache.keep_blob(iter([DATA])),
        lambda: cache.write_record("facts", 1, {}),
    ):
        with pytest.raises(OutsideError, match=f"cannot write to the cache {cache.root}: ") as caught:
            write()
        assert "COMP_CACHE_DIR" in str(caught.value.hint)


def test_a_full_disk_is_said_and_leaves_nothing(cache: Cache) -> None:
    program = _ENDLESS.replace("{call}", f"add_blob(chunks(), sha256={SHA256!r}, what='it')")
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))\n"
    done = subprocess.run(
        [sys.executable, "-c", limit + program, str(cache.root)], input=b"\n" * 9, capture_output=True, check=False
    )
    assert f"toolkit.errors.MachineError: cannot write to the cache {cache.root}: " in done.stderr.decode()
    assert [*cache.entries()] == []


def test_a_read_only_disk_is_said(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.add_blob(iter([DATA]), sha256=SHA256, what="it")
    cache.write_record("facts", 1, {"x": "y"})

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert b"".join(cache.read_blob(SHA256)) == DATA
    assert cache.record("facts", 1) == {"x": "y"}
    for write in (
        lambda: cache.add_blob(iter([b"other"]), sha256=hashlib.sha256(b"other").hexdigest(), what="it"),
        lambda: cache.write_record("facts", 2, {}),
        lambda: cache.prune(older_than=0),
    ):
        with pytest.raises(OutsideError, match="Read-only file system") as caught:
            write()
        assert caught.value.hint
    assert cache.has_blob(SHA256)


@pytest.mark.parametrize("content", [b"", DATA[:-1], DATA + b"more", b"Some bytes"])
def test_a_damaged_blob_is_not_given_as_whole(cache: Cache, content: bytes) -> None:
    path = cache.add_blob(iter([DATA]), sha256=SHA256, what="it")
    assert cache.small_blob(SHA256) == DATA
    path.write_bytes(content)
    assert cache.small_blob(SHA256) is None
    with pytest.raises(OutsideError, match=f"{path} is damaged: its sha256 is") as caught:
        list(cache.read_blob(SHA256))
    assert "comp cache verify" in str(caught.value.hint)
    path.unlink()
    assert cache.small_blob(SHA256) is None
    with pytest.raises(OutsideError, match=f"cannot read {path}: No such file"):
        list(cache.read_blob(SHA256))


@pytest.mark.parametrize(("now", "left"), [(0.0, 2), (70 * 365 * DAY, 0)])
def test_pruning_with_a_wrong_clock_takes_too_little_or_what_looks_old(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, now: float, left: int
) -> None:
    cache.add_blob(iter([DATA]), sha256=SHA256, what="it")
    cache.write_record("facts", 1, {})
    monkeypatch.setattr(time, "time", lambda: now)
    cache.prune(older_than=30 * DAY)
    assert len([*cache.entries()]) == left
