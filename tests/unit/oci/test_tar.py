import hashlib
import io
import tarfile

import pytest

from toolkit.oci import tar


def parse(block: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(block + tar.END_OF_ARCHIVE)) as archive:
        members = archive.getmembers()
    assert len(members) == 1
    return members[0]


def test_a_header_says_nothing_of_this_machine() -> None:
    info = parse(tar.header("opt/comp/app/train.py", mode=0o755, size=0))
    assert (info.name, info.mode, info.size) == ("opt/comp/app/train.py", 0o755, 0)
    assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")
    assert info.mtime == 315532800


def test_headers_are_fixed_to_the_last_byte() -> None:
    blocks = (
        tar.header("opt/comp/app/train.py", size=12)
        + tar.header("opt/comp/app", kind=tar.DIRECTORY, mode=0o755)
        + tar.header("opt/comp/venv/bin/python", kind=tar.SYMLINK, mode=0o777, target="/usr/bin/python3.11")
        + tar.header("opt/comp/app/" + "x" * 300)
    )
    assert hashlib.sha256(blocks).hexdigest() == "749898f36fd0a4c0084354780e77f0de77ab829cfd6099decbde5a04fa92c544"


def test_directory_and_link() -> None:
    assert parse(tar.header("opt/comp", kind=tar.DIRECTORY, mode=0o755)).isdir()
    link = parse(tar.header("opt/comp/a", kind=tar.SYMLINK, mode=0o777, target="b"))
    assert link.issym()
    assert link.linkname == "b"


@pytest.mark.parametrize(
    ("name", "extended"),
    [
        ("opt/comp/" + "a" * 91, False),
        ("opt/comp/" + "a" * 92, False),  # over both fields of ustar
        ("opt/comp/" + "d" * 146 + "/" + "a" * 100, False),
        ("opt/comp/" + "d" * 147 + "/" + "a" * 100, True),
        ("opt/comp/" + "a" * 101, True),
        ("opt/comp/é.py", True),
        ("opt/comp/" + "deep/" * 60 + "x", True),
    ],
)
@pytest.mark.parametrize("kind", [tar.REGULAR, tar.DIRECTORY])
def test_pax_only_where_ustar_cannot_say_it(name: str, kind: bytes, *, extended: bool) -> None:
    block = tar.header(name, kind=kind)
    assert parse(block).name == name
    if kind == tar.REGULAR:
        assert (len(block) > tar.BLOCK) is extended


def test_long_and_foreign_link_targets() -> None:
    for target in ("t" * 101, "ziel-ö"):
        assert parse(tar.header("opt/comp/l", kind=tar.SYMLINK, target=target)).linkname == target


def test_sizes_beyond_ustar() -> None:
    block = tar.header("opt/comp/big", size=8**11)
    assert tarfile.TarInfo.frombuf(block[:512], "ascii", "strict").type == b"x"
    assert b" size=8589934592\n" in block
    assert len(tar.header("opt/comp/big", size=8**11 - 1)) == tar.BLOCK


def test_pax_record_lengths_count_themselves() -> None:
    # Around 99 and 100 the length of the length changes.
    for size in range(80, 120):
        name = "ö" * (size // 2) + "x" * (size % 2)
        assert parse(tar.header(name)).name == name
