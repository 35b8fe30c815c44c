import zlib
from pathlib import Path

import pytest

from toolkit.errors import InputError, OutsideError
from toolkit.oci.file import File, Stream, stored_on_host


def deflated(data: bytes, *, size: int | None = None, crc: int | None = None) -> Stream:
    deflater = zlib.compressobj(wbits=-15)
    raw = deflater.compress(data) + deflater.flush()
    size, crc = len(data) if size is None else size, zlib.crc32(data) if crc is None else crc
    return Stream(chunks=lambda: iter((raw[:3], raw[3:])), raw=True, size=size, crc=crc)


def test_content_is_the_same_however_it_is_stored(tmp_path: Path) -> None:
    data = b"some content\n" * 9
    (tmp_path / "f").write_bytes(data)
    contents = (data, deflated(data), stored_on_host(tmp_path / "f", len(data)))
    files = [File(path="opt/comp/f", content=content) for content in contents]
    assert {b"".join(file.chunks()) for file in files} == {data}
    assert {file.size for file in files} == {len(data)}
    assert len({file.identity() for file in files}) == 1


def test_path_mode_and_target_make_another_file() -> None:
    files = (
        File(path="opt/comp/a"),
        File(path="opt/comp/b"),
        File(path="opt/comp/a", mode=0o755),
        File(path="opt/comp/a", content=b"x"),
        File(path="opt/comp/a", target="x"),
        File(path="opt/comp/a", target="y"),
    )
    assert len({file.identity() for file in files}) == len(files)


def test_where_it_comes_from_makes_no_other_file() -> None:
    one, other = File(path="opt/comp/a"), File(path="opt/comp/a", origin="demo.whl: a")
    assert (one, one.identity()) == (other, other.identity())
    assert (one.name, other.name) == ("opt/comp/a", "demo.whl: a")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (deflated(b"abc", size=2), "over 3 bytes of content, expected 2"),
        (deflated(b"abc", size=4), "3 bytes of content, expected 4"),
        (deflated(b"abc", crc=1), "the content's CRC32 is 352441c2, expected 00000001"),
        (Stream(chunks=lambda: iter((b"\xff",)), size=1, raw=True), "the compressed data is damaged"),
        (Stream(chunks=lambda: iter((b"abc",)), size=4), "3 bytes of content, expected 4"),
    ],
)
def test_damaged_content_is_named(content: Stream, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        list(File(path="opt/comp/a", content=content, origin="demo.whl: a").chunks())
    assert refused.value.message == f"demo.whl: a: {problem}"


def test_a_file_of_this_machine_may_change_or_go(tmp_path: Path) -> None:
    content = stored_on_host(tmp_path / "f", 3)
    with pytest.raises(OutsideError, match=r"cannot read .*No such file"):
        list(content.plain("f"))
    (tmp_path / "f").write_bytes(b"abcd")
    with pytest.raises(InputError, match="f: 4 bytes of content, expected 3"):
        list(content.plain("f"))
