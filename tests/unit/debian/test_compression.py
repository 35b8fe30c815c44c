import lzma

import pytest

from tests.debian_archive import COMPRESSIONS
from toolkit.debian.compression import decompressed
from toolkit.errors import InputError

DATA = b"abc" * 100_000


def pieces(data: bytes) -> list[bytes]:
    return [data[start : start + 1000] for start in range(0, len(data), 1000)]


@pytest.mark.parametrize("ending", COMPRESSIONS)
def test_each_compression_is_undone_by_the_ending_of_the_name(ending: str) -> None:
    packed = COMPRESSIONS[ending](DATA)
    name = f"data.tar.{ending}" if ending else "data.tar"
    assert b"".join(decompressed(iter(pieces(packed)), name, "x")) == DATA


@pytest.mark.parametrize("ending", ["xz", "gz", "zst"])
def test_a_file_that_is_cut_off_or_is_something_else_is_an_error(ending: str) -> None:
    packed = COMPRESSIONS[ending](DATA)
    for wrong in (packed[:-9], b"nonsense" * 50):
        with pytest.raises(InputError, match="x is damaged"):
            b"".join(decompressed(iter(pieces(wrong)), f"a.{ending}", "x"))


def test_a_small_file_does_not_become_a_large_chunk() -> None:
    bomb = lzma.compress(bytes(50_000_000))
    assert max(map(len, decompressed(iter([bomb]), "a.xz", "x"))) <= 1 << 20
