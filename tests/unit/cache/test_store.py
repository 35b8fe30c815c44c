"""The cache: blobs and records are whole or absent, whatever writers do at the same time or when they die."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from tests.cached import DATA, DAY, DIGEST, FACT, Fact
from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.system.threads import at_once

# Adds a blob without an end, and prints a line for each chunk on disk.
_ENDLESS = """
import sys
from pathlib import Path
from toolkit.cache.store import Cache
from toolkit.digest import Digest

def chunks():
    while True:
        yield bytes(1 << 20)
        print("writing", flush=True)
        sys.stdin.readline()

Cache(Path(sys.argv[1])).{call}
"""


class Other(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "other"

    text: str


def test_a_blob_is_where_its_digest_says(cache: Cache) -> None:
    path = cache.store_verified(iter([DATA[:4], DATA[4:]]), DIGEST, what="it")
    assert path.read_bytes() == DATA
    assert path == cache.blob_path(DIGEST)
    assert cache.has_blob(DIGEST)


def test_other_bytes_are_refused_with_both_digests_and_leave_nothing(cache: Cache) -> None:
    with pytest.raises(OutsideError, match=rf"x\.whl .* {Digest.of(b'no').hex}, expected {DIGEST.hex}"):
        cache.store_verified(iter([b"no"]), DIGEST, what="x.whl")
    assert not cache.has_blob(DIGEST)
    assert [*cache.entries()] == []


def test_unknown_bytes_are_kept_under_their_digest(cache: Cache) -> None:
    assert cache.store(iter([DATA])) == (DIGEST, len(DATA))
    assert [entry.path for entry in cache.entries()] == [cache.blob_path(DIGEST)]


def test_what_fails_while_it_is_made_leaves_nothing(cache: Cache) -> None:
    def breaking() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        cache.store_verified(breaking(), DIGEST, what="it")
    with pytest.raises(ConnectionResetError):
        cache.store(breaking())
    assert [*cache.entries()] == []


def test_records_come_back_whatever_the_order_of_their_keys(cache: Cache) -> None:
    cache.remember({"a": 1, "b": [2]}, FACT)
    assert cache.recall(Fact, {"b": [2], "a": 1}) == FACT
    assert cache.recall(Fact, {"a": 1}) is None
    assert cache.recall(Other, {"a": 1, "b": [2]}) is None


@pytest.mark.parametrize("content", [b"", b'{"half', b"[1]", b"\xff\xfe"])
def test_a_damaged_record_counts_as_missing(cache: Cache, content: bytes) -> None:
    cache.remember(1, FACT)
    (entry,) = cache.entries()
    entry.path.write_bytes(content)
    assert cache.recall(Fact, 1) is None


@pytest.mark.parametrize("call", [f"store_verified(chunks(), Digest({DIGEST.hex!r}), what='it')", "store(chunks())"])
def test_a_killed_writer_leaves_only_what_pruning_removes(cache: Cache, call: str) -> None:
    program = _ENDLESS.replace("{call}", call)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(cache.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        writer.send_signal(signal.SIGKILL)
    assert not cache.has_blob(DIGEST)
    (leftover,) = cache.entries()
    assert leftover.leftover
    assert [entry.path for entry in cache.prune(older_than=30 * DAY)] == [leftover.path]
    assert [path.name for path in cache.root.rglob("*") if path.is_file()] == [".in-use"]


def test_many_writers_of_one_blob_and_one_record_leave_whole_ones(cache: Cache) -> None:
    data = os.urandom(1 << 18)
    digest = Digest.of(data)

    def write(number: int) -> bool:
        chunks = (data[start : start + 1000] for start in range(0, len(data), 1000))
        path = cache.store_verified(chunks, digest, what="it")
        cache.remember(1, Fact(text=str(number)))
        return path.read_bytes() == data and cache.recall(Fact, 1) is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(40)))
    assert sorted(entry.kind for entry in cache.entries()) == ["blobs", "records"]


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = Cache(tmp_path / "file")
    assert cache.recall(Fact, 1) is None
    for write in (
        lambda: cache.store_verified(iter([DATA]), DIGEST, what="it"),
        lambda: cache.store(iter([DATA])),
        lambda: cache.remember(1, FACT),
    ):
        with pytest.raises(OutsideError, match=f"cannot write to the cache {cache.root}: ") as caught:
            write()
        assert "COMP_CACHE_DIR" in str(caught.value.hint)


def test_a_full_disk_is_an_error_and_leaves_nothing(cache: Cache) -> None:
    program = _ENDLESS.replace("{call}", f"store_verified(chunks(), Digest({DIGEST.hex!r}), what='it')")
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))\n"
    done = subprocess.run(
        [sys.executable, "-c", limit + program, str(cache.root)], input=b"\n" * 9, capture_output=True, check=False
    )
    assert f"toolkit.errors.MachineError: cannot write to the cache {cache.root}: " in done.stderr.decode()
    assert [*cache.entries()] == []


def test_a_read_only_disk_keeps_no_records_and_takes_no_blobs(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache.store_verified(iter([DATA]), DIGEST, what="it")
    cache.remember(1, FACT)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert b"".join(cache.read_blob(DIGEST)) == DATA
    assert cache.recall(Fact, 1) == FACT
    for write in (
        lambda: cache.store_verified(iter([b"other"]), Digest.of(b"other"), what="it"),
        lambda: cache.prune(older_than=0),
    ):
        with pytest.raises(OutsideError, match="Read-only file system") as caught:
            write()
        assert caught.value.hint
    assert cache.has_blob(DIGEST)
    # What is here serves, and a record is only a shortcut.
    for number in (2, 3):
        cache.remember(number, FACT)
        assert cache.recall(Fact, number) is None
    (warning,) = caplog.records
    assert warning.getMessage() == (
        f"cannot write to the cache {cache.root}: Read-only file system: what this command finds out is not kept"
    )


@pytest.mark.parametrize("content", [b"", DATA[:-1], DATA + b"more", b"Some bytes"])
def test_a_damaged_blob_is_not_given_as_whole(cache: Cache, content: bytes) -> None:
    path = cache.store_verified(iter([DATA]), DIGEST, what="it")
    assert cache.read_verified(DIGEST) == DATA
    path.write_bytes(content)
    assert cache.read_verified(DIGEST) is None
    with pytest.raises(OutsideError, match=f"{path} is damaged: its sha256 is") as caught:
        list(cache.read_blob(DIGEST))
    assert "comp cache verify" in str(caught.value.hint)
    path.unlink()
    assert cache.read_verified(DIGEST) is None
    with pytest.raises(OutsideError, match=f"cannot read {path}: No such file"):
        list(cache.read_blob(DIGEST))


def test_what_follows_from_its_key_is_made_once(cache: Cache) -> None:
    made: list[str] = []

    def make() -> Fact:
        made.append("made")
        return FACT

    assert at_once(lambda _: cache.recall_or_make(Fact, 1, make, counted="layers"), range(8)) == (FACT,) * 8
    assert made == ["made"]
    assert cache.tally.counts() == {"layers": {"hits": 0, "misses": 1}}
    # Another process finds the record.
    later = Cache(cache.root)
    assert later.recall_or_make(Fact, 1, make, counted="layers") == FACT
    assert (made, later.tally.counts()) == (["made"], {"layers": {"hits": 1, "misses": 0}})


def test_what_fails_is_made_by_the_next(cache: Cache) -> None:
    def fail() -> Fact:
        raise OutsideError("no network")

    with pytest.raises(OutsideError, match="no network"):
        cache.recall_or_make(Fact, 1, fail)
    assert cache.recall_or_make(Fact, 1, lambda: FACT) == FACT
