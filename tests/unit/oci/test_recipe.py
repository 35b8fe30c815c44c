"""Layers that were made before are recalled, and made again from what lies in the cache, byte for byte."""

import hashlib
import os
import random
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.oci import recipe as module
from toolkit.oci.file import CHUNK, File, Frame, Stream
from toolkit.oci.layer import Measured, compressed, measure
from toolkit.oci.recipe import Recipe, remember

ENTRIES = (
    File(path="opt/comp/a.py", origin="a", content=b"print(1)\n"),
    File(path="opt/comp/b", origin="b", target="a.py"),
)


def in_cache(cache: Cache, contents: Sequence[bytes]) -> list[File]:
    """Put deflated contents into one blob, with bytes between that belong to nobody, and make entries of them."""
    streams = []
    for content in contents:
        deflater = zlib.compressobj(wbits=-15)
        streams.append(deflater.compress(content) + deflater.flush())
    blob = b"?".join([b"", *streams])
    sha256, _ = cache.store(iter((blob,)))
    entries, start = [], 0
    for number, (content, stream) in enumerate(zip(contents, streams, strict=True)):
        start += 1
        pieces = [stream[at : at + CHUNK] for at in range(0, len(stream), CHUNK)]
        placed = Stream(
            chunks=lambda pieces=pieces: iter(pieces),  # type: ignore[misc]
            size=len(content),
            crc=zlib.crc32(content),
            raw=True,
            place=(sha256, start),
        )
        entries.append(File(path=f"opt/comp/f{number}", origin="f", content=placed))
        start += len(stream)
    return entries


def again(cache: Cache, digest: Digest | None) -> bytes | None:
    """Make a layer again from its recipe."""
    known = Recipe.read(cache, digest) if digest else None
    return b"".join(known.chunks()) if known else None


def test_what_was_measured_is_remembered(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    calls = []

    def entries() -> list[File]:
        calls.append(1)
        return list(ENTRIES)

    first = remember(cache, ["key"], entries)
    assert remember(cache, ["key"], entries) == first == measure(ENTRIES)
    assert len(calls) == 1
    remember(cache, ["another key"], entries)
    assert len(calls) == 2


def test_a_damaged_record_is_made_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first = remember(cache, "key", lambda: ENTRIES)
    (record,) = (tmp_path / "records" / Measured.KIND).rglob("*.json")
    record.write_text('{"digest": "sha256:short", "diff_id": 3}')
    assert remember(Cache(tmp_path), "key", lambda: ENTRIES) == first
    assert str(first.digest) in record.read_text()


@given(
    contents=st.lists(st.binary(max_size=300).map(lambda data: data * 20), max_size=6), between=st.binary(max_size=50)
)
def test_a_recipe_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], between: bytes
) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    noise = random.Random(1).randbytes(20_000)  # noqa: S311 (the same every time)
    entries = [*in_cache(cache, [noise, *contents]), File(path="opt/comp/t", origin="t", content=between)]
    made = remember(cache, "key", lambda: entries)
    assert again(cache, made.recipe) == b"".join(compressed(entries))
    recalled = remember(cache, "key", list)
    assert (recalled, recalled.recipe) == (made, made.recipe)


def test_streams_of_many_chunks(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entries = in_cache(cache, [os.urandom(2 * CHUNK + 77), b"small" * 999, os.urandom(CHUNK)])
    made = remember(cache, "key", lambda: entries)
    assert made.recipe
    known = Recipe.read(cache, made.recipe)
    assert known
    chunks = list(known.chunks())
    assert max(map(len, chunks)) < 3 * CHUNK
    assert hashlib.sha256(b"".join(chunks)).hexdigest() == made.digest.hex
    # It is small: the contents are not in it.
    assert cache.blob_path(made.recipe).stat().st_size < 1000


def test_what_has_to_be_written_out_gets_no_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    assert remember(cache, "text", lambda: ENTRIES).recipe is None
    placed = in_cache(cache, [os.urandom(5000)])
    half = [*placed, File(path="opt/comp/text", origin="t", content=os.urandom(6000))]
    assert remember(cache, "half", lambda: half).recipe is None
    assert remember(cache, "placed", lambda: placed).recipe
    monkeypatch.setattr(module, "_MOST_WRITTEN", 100)
    assert remember(cache, "limit", lambda: placed).recipe is None


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04" * 100, b"\xff" * 40, struct.pack("<II", 0, 99), b"\x01\0\0\0" + bytes(20)]
)
def test_what_is_no_recipe_is_none(tmp_path: Path, data: bytes) -> None:
    cache = Cache(tmp_path)
    digest, _ = cache.store(iter((data,)))
    assert Recipe.read(cache, digest) is None


def test_more_than_a_step_can_count_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEP", struct.Struct("<BIQI"))
    monkeypatch.setattr(module, "_MOST_WRITTEN", 200)
    recorder = module._Recorder()
    for frame in [Frame(bytes(100)), Frame(b"data", place=(Digest.of(b""), 1))] * 3:
        recorder.take(frame)
    assert recorder.written == 300


def test_a_recipe_without_its_blobs_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    made = remember(cache, "key", lambda: in_cache(cache, [os.urandom(5000)]))
    assert made.recipe
    path = cache.blob_path(made.recipe)
    known, data = Recipe.read(cache, made.recipe), path.read_bytes()
    assert known
    path.write_bytes(data[:-1])
    assert Recipe.read(cache, made.recipe) is None
    path.write_bytes(data)
    for blob in (tmp_path / "blobs").rglob("*"):
        if blob.is_file() and blob != path:
            blob.unlink()
    assert Recipe.read(cache, made.recipe) is None
    with pytest.raises(OutsideError, match="cannot read"):
        list(known.chunks())
    path.unlink()
    assert again(cache, made.recipe) is None
