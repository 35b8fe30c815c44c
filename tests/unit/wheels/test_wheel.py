import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.artifacts import Packed, pack_wheel, save_wheel
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.wheels.wheel import Wheel, open_wheel

FILES: Mapping[str, bytes | str | Packed] = {
    "demo/__init__.py": "import sys\n" * 50,
    "demo/empty.py": "",
    "demo/stored.bin": Packed(data=bytes(range(256)) * 9, method=zipfile.ZIP_STORED),
    "demo/big.txt": Packed(data=b"large file to come " * 99, zip64=True),
    "demo/tool": Packed(data=b"#!/bin/sh\n", mode=0o100755),
    "demo/größe.txt": "ö",
}


def contents(wheel: Wheel) -> dict[str, bytes]:
    with open_wheel(wheel) as opened:
        return {member.name: opened.read(member) for member in opened.members}


@pytest.mark.parametrize("descriptors", [False, True])
def test_members_read_as_zipfile_reads_them(tmp_path: Path, *, descriptors: bool) -> None:
    wheel = pack_wheel(tmp_path, FILES, descriptors=descriptors)
    with zipfile.ZipFile(wheel.path) as archive:
        expected = {name: archive.read(name) for name in archive.namelist()}
    assert contents(wheel) == expected
    assert len(expected) == len(FILES) + 3


def test_only_the_executable_bit_counts(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, {"a": Packed(mode=0o100777), "b": Packed(mode=0o100600), "c": Packed(mode=0)})
    with open_wheel(wheel) as opened:
        assert [member.executable for member in opened.members[:3]] == [True, False, False]


def test_bytes_before_the_archive_are_skipped(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, FILES)
    shifted = save_wheel(tmp_path, wheel.filename, b"#!/bin/sh\n" + wheel.path.read_bytes())
    assert contents(shifted)["demo/größe.txt"] == "ö".encode()


def test_directories_are_no_members(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, {"demo/": Packed(mode=0o40755), "demo/a.py": "x"})
    assert "demo/" not in contents(wheel)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("../evil.py", "x", "leads out"),
        ("demo/../../evil.py", "x", "leads out"),
        ("/etc/passwd", "x", "leads out"),
        ("demo//a.py", "x", "leads out"),
        ("./a.py", "x", "leads out"),
        ("demo\\a.py", "x", "is not a path"),
        ("demo/link", Packed(data=b"/etc/passwd", mode=0o120777), "is a link"),
        ("demo/a.bz", Packed(data=b"x", method=zipfile.ZIP_BZIP2), "method other than deflate"),
    ],
)
def test_what_does_not_belong_into_a_wheel(tmp_path: Path, name: str, content: str | Packed, problem: str) -> None:
    wheel = pack_wheel(tmp_path, {name: content})
    with pytest.raises(InputError, match=problem) as caught, open_wheel(wheel):
        pass
    assert wheel.filename in caught.value.message


def test_a_name_given_twice(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("aa.py", "1")
        archive.writestr("ab.py", "2")
    wheel = save_wheel(tmp_path, "demo-1.0-py3-none-any.whl", stream.getvalue().replace(b"ab.py", b"aa.py"))
    with pytest.raises(InputError, match=r"aa\.py twice"), open_wheel(wheel):
        pass


def test_an_encrypted_member(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, {"demo.py": "x"})
    data = bytearray(wheel.path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputError, match="is encrypted"), open_wheel(save_wheel(tmp_path, wheel.filename, bytes(data))):
        pass


def test_a_directory_that_names_another_member(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, {"demo.py": "x"})
    data = wheel.path.read_bytes().replace(b"demo.py", b"DEMO.py", 1)
    with pytest.raises(InputError, match="disagree"):
        contents(save_wheel(tmp_path, wheel.filename, data))


def test_a_wrong_crc_names_wheel_and_member(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, {"demo.py": "x = 1\n"})
    data = bytearray(wheel.path.read_bytes())
    place = data.index(b"PK\x01\x02") + 16
    struct.pack_into("<I", data, place, 0x12345678)
    damaged = save_wheel(tmp_path, wheel.filename, bytes(data))
    with pytest.raises(InputError, match=r"demo-1\.0-py3-none-any\.whl: demo\.py: .*CRC32"):
        contents(damaged)


@pytest.mark.parametrize("cut", [3, 200])
def test_what_is_no_archive(tmp_path: Path, cut: int) -> None:
    wheel = pack_wheel(tmp_path, FILES)
    data = wheel.path.read_bytes()
    with pytest.raises(InputError, match="not a zip archive"), open_wheel(save_wheel(tmp_path, "x.whl", data[:-cut])):
        pass


def test_a_wheel_that_is_gone(tmp_path: Path) -> None:
    gone = Wheel(filename="x.whl", digest=Digest.of(b""), path=tmp_path / "x.whl", size=0)
    with pytest.raises(OutsideError, match=r"x\.whl"), open_wheel(gone):
        pass
