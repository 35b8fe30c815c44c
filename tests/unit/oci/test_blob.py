import gzip
import io
import tarfile

import pytest

from tests.images import tar_of, zstd_of
from toolkit.digest import Digest
from toolkit.oci.blob import BoundedInfo, ChunkStream, compression_errors, plain_content, read_chunks


def stream_of(data: bytes, piece: int = 7) -> ChunkStream:
    return ChunkStream(data[start : start + piece] for start in range(0, len(data), piece))


def test_digest_and_size_are_of_what_was_read() -> None:
    stream = stream_of(b"0123456789")
    assert stream.read(4) == b"0123"
    assert (stream.digest, stream.size) == (Digest.of(b"0123"), 4)
    stream.drain()
    assert (stream.digest, stream.size) == (Digest.of(b"0123456789"), 10)


@pytest.mark.parametrize(
    ("media_type", "blob"),
    [
        ("application/vnd.oci.image.layer.v1.tar", b"abc" * 99),
        ("application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(b"abc" * 33) + gzip.compress(b"abc" * 66)),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", gzip.compress(b"abc" * 99)),
        ("application/vnd.oci.image.layer.v1.tar+zstd", zstd_of(b"abc" * 99)),
    ],
)
def test_the_media_type_names_the_compression(media_type: str, blob: bytes) -> None:
    plain = plain_content(stream_of(blob), media_type)
    assert plain.read() == b"abc" * 99
    assert plain.digest == Digest.of(b"abc" * 99)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"no" + data[2:]])
def test_a_broken_stream_raises_one_of_the_listed_errors(kind: str, damage: object) -> None:
    assert callable(damage)
    blob = damage(gzip.compress(b"abc" * 99) if kind == "gzip" else zstd_of(b"abc" * 99))
    plain = plain_content(stream_of(blob), f"application/vnd.oci.image.layer.v1.tar+{kind}")
    with pytest.raises(compression_errors()):
        plain.read()


def test_chunks_are_of_the_size_that_was_asked_for() -> None:
    assert list(read_chunks(io.BytesIO(b"12345"), 2)) == [b"12", b"34", b"5"]


def test_an_extended_header_is_bounded() -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    opened = io.BytesIO(info.tobuf() + tar_of("a"))
    with (
        pytest.raises(tarfile.ReadError, match="an extended header of 1073741824 bytes"),
        tarfile.open(fileobj=opened, tarinfo=BoundedInfo),
    ):
        pass
