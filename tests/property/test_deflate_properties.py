import gzip
import random
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.oci.deflate import _matches, _runs, deflate, gzip_member, stored

# Few values and repeated pieces, so that runs and matches of every length and distance come up.
REPETITIVE = st.lists(
    st.tuples(st.binary(min_size=1, max_size=6), st.integers(min_value=1, max_value=700)), max_size=12
).map(lambda pieces: b"".join(piece * times for piece, times in pieces))


@given(st.one_of(st.binary(max_size=5000), REPETITIVE))
def test_zlib_inflates_what_we_encode(data: bytes) -> None:
    assert zlib.decompress(deflate(data), wbits=-15) == data
    assert gzip.decompress(gzip_member(data)) == data


@given(st.one_of(st.binary(max_size=2000), REPETITIVE))
def test_both_ways_to_find_matches_are_right(data: bytes) -> None:
    for bits in (_runs(data), _matches(data)):
        text = "".join(("110", *bits, "0000000"))
        encoded = int(text[::-1], 2).to_bytes((len(text) + 7) // 8, "little")
        assert zlib.decompress(encoded, wbits=-15) == data


@settings(max_examples=20)
@given(st.integers(min_value=0, max_value=2**32), st.integers(min_value=300, max_value=16_000))
def test_matches_at_far_distances(seed: int, start: int) -> None:
    noise = random.Random(seed).randbytes(start)  # noqa: S311 (bytes without matches, not a secret)
    data = noise + noise
    assert len(_matches(data)) <= start + start // 100 + 1
    assert zlib.decompress(deflate(data), wbits=-15) == data


@given(st.lists(st.binary(max_size=300)))
def test_stored_blocks_may_be_written_one_by_one(pieces: list[bytes]) -> None:
    encoded = b"".join(stored(piece, last=False) for piece in pieces) + stored(b"", last=True)
    assert zlib.decompress(encoded, wbits=-15) == b"".join(pieces)
