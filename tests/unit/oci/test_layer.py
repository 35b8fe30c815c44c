import gzip
import hashlib
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.oci.file import CHUNK, File, Stream
from toolkit.oci.layer import compressed, measure

ZEROS = bytes(5 * CHUNK)


def raw(data: bytes, *, crc: int | None = None, size: int | None = None, piece: int = 1000) -> Stream:
    """Deflate as a wheel holds it."""
    compressor = zlib.compressobj(wbits=-15)
    stream = compressor.compress(data) + compressor.flush()
    return raw_stream(stream, data, crc=crc, size=size, piece=piece)


def raw_stream(
    stream: bytes, data: bytes, *, crc: int | None = None, size: int | None = None, piece: int = 1000
) -> Stream:
    return Stream(
        chunks=lambda: (stream[start : start + piece] for start in range(0, len(stream), piece)),
        size=len(data) if size is None else size,
        crc=zlib.crc32(data) if crc is None else crc,
        raw=True,
    )


def plain(data: bytes, piece: int) -> Stream:
    return Stream(chunks=lambda: (data[start : start + piece] for start in range(0, len(data), piece)), size=len(data))


ENTRIES = (
    File(path="opt/comp/venv/lib/a.py", origin="a", content=b"print(1)\n"),
    File(path="opt/comp/venv/lib/b.so", origin="b", content=raw(b"binary " * 9999), mode=0o755),
    File(path="opt/comp/venv/lib/empty", origin="c", content=raw(b"")),
    File(path="opt/comp/venv/lib/large.txt", origin="d", content=b"x" * 40_000),
    File(path="opt/comp/venv/bin/python", origin="e", target="/usr/bin/python3"),
    File(path="opt/comp/app/model.bin", origin="f", content=plain(b"weights" * 300_000, 65_000)),
)


def test_a_layer_is_fixed_to_the_last_byte() -> None:
    measured = measure(ENTRIES[:1] + ENTRIES[3:])
    # A change here changes every image: raise LAYOUT_VERSION or ENCODER_VERSION with it.
    assert str(measured.digest) == "sha256:f89281a948f825728d1191aa23d323724afc6080ed8ede049a7813a8d38a9ebd"
    assert str(measured.diff_id) == "sha256:b6cb5eb4ceacc5c8b1074dca236d94475f2b95105459762648cc9f68ee8c3478"


def test_measuring_and_writing_agree() -> None:
    measured = measure(ENTRIES)
    data = b"".join(compressed(ENTRIES))
    assert measured.digest.hex == hashlib.sha256(data).hexdigest()
    assert measured.diff_id.hex == hashlib.sha256(gzip.decompress(data)).hexdigest()
    assert measured.size == len(data)


def test_chunks_are_about_a_mebibyte() -> None:
    sizes = [len(chunk) for chunk in compressed(ENTRIES)]
    assert len(sizes) == 3
    assert max(sizes) < 2 * CHUNK


def test_tar_readers_agree_on_the_content(tmp_path: Path) -> None:
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(b"".join(compressed(ENTRIES)))
    subprocess.run(["gzip", "-t", path], check=True, timeout=60)
    listed = subprocess.run(["tar", "tzf", path], check=True, timeout=60, capture_output=True, text=True).stdout
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert [member.name + "/" * member.isdir() for member in members] == listed.splitlines()
        contents = {member.name: archive.extractfile(member) for member in members if member.isfile()}
        assert {name: stream.read() for name, stream in contents.items() if stream} == {
            "opt/comp/venv/lib/a.py": b"print(1)\n",
            "opt/comp/venv/lib/b.so": b"binary " * 9999,
            "opt/comp/venv/lib/empty": b"",
            "opt/comp/venv/lib/large.txt": b"x" * 40_000,
            "opt/comp/app/model.bin": b"weights" * 300_000,
        }
    directories = [member.name for member in members if member.isdir()]
    assert directories == ["opt/comp", "opt/comp/venv", "opt/comp/venv/lib", "opt/comp/venv/bin", "opt/comp/app"]
    assert {member.mode for member in members if member.isdir()} == {0o755}


def test_many_small_files_stay_small() -> None:
    entries = [File(path=f"opt/comp/app/{number}", origin="x", content=b"print()\n" * 9) for number in range(900)]
    measured = measure(entries)
    assert measured.size < 100_000
    data = b"".join(compressed(entries))
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        assert sum(member.isfile() for member in archive) == 900


def test_how_much_a_read_returns_does_not_matter() -> None:
    pieces = (999, 65535, 65536, 3_000_000)
    data = hashlib.sha256(b"seed").digest() * 40_000
    made = {
        b"".join(compressed([File(path="opt/comp/app/x", origin="x", content=plain(data, piece))])) for piece in pieces
    }
    assert len(made) == 1


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK])
def test_streams_that_inflate_a_thousandfold(size: int) -> None:
    entry = File(path="opt/comp/venv/zeros", origin="zeros", content=raw(ZEROS[:size]))
    measured = measure([entry])
    assert measured.diff_id.hex == hashlib.sha256(gzip.decompress(b"".join(compressed([entry])))).hexdigest()
    assert all(len(piece) <= CHUNK for piece in raw(ZEROS[:size], piece=CHUNK).plain("zeros"))
    assert b"".join(raw(ZEROS[:size], piece=7).plain("zeros")) == ZEROS[:size]


def damaged() -> Iterator[tuple[str, Stream]]:
    data = b"some text of a member " * 50
    stream = zlib.compress(data)[2:-4]
    yield "CRC32 is", raw(data, crc=1)
    yield "bytes of content, expected 3", raw(data, size=3)
    yield "ends too early", raw_stream(stream[:-9], data)
    yield "after the end", raw_stream(stream + b"more", data)
    yield "is damaged", raw_stream(b"\xff" * 20, data)


@pytest.mark.parametrize(("problem", "stream"), list(damaged()))
def test_damaged_content_is_named(problem: str, stream: Stream) -> None:
    entry = File(path="opt/comp/venv/x", origin="demo.whl: x", content=stream)
    with pytest.raises(InputError, match=r"^demo\.whl: x: ") as caught:
        measure([entry])
    assert problem in caught.value.message


def test_a_file_that_grows_while_it_is_read() -> None:
    grown = Stream(chunks=lambda: iter((b"abc", b"d")), size=3)
    with pytest.raises(InputError, match="4 bytes of content, expected 3"):
        list(compressed([File(path="opt/comp/app/x", origin="x", content=grown)]))


@pytest.mark.parametrize("second", ["opt/comp/a", "opt/comp/a/b"])
def test_a_path_comes_once(second: str) -> None:
    entries = [File(path="opt/comp/a", origin="first"), File(path=second, origin="second")]
    for order in (entries, entries[::-1]):
        with pytest.raises(InputError, match="opt/comp/a"):
            measure(order)
