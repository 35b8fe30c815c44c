"""A plain layer is compressed into the cache once."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci.compressed import compressed

DATA = b"a plain tar" * 100


def test_a_plain_layer_is_compressed_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    read: list[int] = []

    def chunks() -> Iterator[bytes]:
        read.append(1)
        yield DATA

    first = compressed(chunks, Digest.of(DATA), cache)
    assert gzip.decompress(b"".join(cache.read_blob(first.digest))) == DATA
    assert compressed(chunks, Digest.of(DATA), cache) == first
    assert read == [1]
    # The cache may lose it.
    cache.blob_path(first.digest).unlink()
    assert compressed(chunks, Digest.of(DATA), cache) == first
    assert read == [1, 1]


def test_another_layer_than_the_config_names(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the config says"):
        compressed(lambda: iter([DATA]), Digest.of(b"another"), Cache(tmp_path))
