import gzip
import hashlib
import zlib

import pytest

from toolkit.oci.deflate import LARGEST_ENCODED, LONGEST_STORED, deflate, gzip_member, stored

SAMPLES = {
    "empty": (b"", "9b4fb24edd6d"),
    "one byte": (b"a", "59fced9a2ff8"),
    "zeros": (bytes(1024), "27b2cfc31299"),
    "runs of every kind": (b"".join(bytes([value]) * value for value in range(256))[:2000], "029740e791d7"),
    "text": (b"def train(data, model):\n    return fit(data, model)\n" * 60, "ad1fcb167a04"),
    "every byte": (bytes(range(256)) * 10, "0c907876c0df"),
    "long match": (b"0123456789abcdef" * 300, "90516ef3b33e"),
    "too large to encode": (b"ab" * LARGEST_ENCODED, "1de449132ea5"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_output_is_fixed_and_zlib_reads_it(name: str) -> None:
    data, expected = SAMPLES[name]
    encoded = deflate(data)
    assert zlib.decompress(encoded, wbits=-15) == data
    # A change here changes every layer: raise ENCODER_VERSION with it.
    assert hashlib.sha256(encoded).hexdigest()[:12] == expected


def test_gzip_member_is_fixed_to_the_last_byte() -> None:
    assert gzip_member(b"comp").hex() == "1f8b08000000000000ff4bcecf2d00003a6f0acb04000000"


def test_members_concatenate() -> None:
    assert gzip.decompress(gzip_member(b"one, ") + gzip_member(b"") + gzip_member(b"two")) == b"one, two"


def test_zeros_shrink_and_noise_hardly_grows() -> None:
    assert len(deflate(bytes(2048))) < 30
    noise = b"".join(hashlib.sha256(bytes([value])).digest() for value in range(64))
    assert len(deflate(noise)) <= len(noise) + 5


@pytest.mark.parametrize("size", [0, 1, LONGEST_STORED - 1, LONGEST_STORED, LONGEST_STORED + 1, 3 * LONGEST_STORED])
def test_stored_blocks_end_where_they_should(size: int) -> None:
    data = b"x" * size
    inflater = zlib.decompressobj(wbits=-15)
    assert inflater.decompress(stored(data, last=False) + stored(b"tail", last=True)) == data + b"tail"
    assert inflater.eof
    assert inflater.unused_data == b""
