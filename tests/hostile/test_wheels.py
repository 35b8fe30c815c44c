"""Wheels as nobody should make them: installed as pip would install them, or refused in words."""

import io
import logging
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import Packed, pack_wheel, save_wheel
from tests.images import image_of
from tests.layers import measure, splice
from tests.zips import Part, archive, deflated, text
from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.image_paths import VENV
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_LAYER, Descriptor
from toolkit.oci.image import Layer
from toolkit.wheels.collisions import collisions
from toolkit.wheels.wheel import Wheel, apart_by_case, open_wheel

FILENAME = "demo-1.0-py3-none-any.whl"
INFO = "demo-1.0.dist-info"
DATA = "demo-1.0.data"
SITE = f"{VENV}/lib/python3.11/site-packages"
METADATA = text(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
WHEEL = text(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
CODE = b"print('hello')\n" * 40
ADDED = {f"{SITE}/{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER")}


def make(folder: Path, *parts: Part, comment: bytes = b"", before: bytes = b"", after: bytes = b"") -> Wheel:
    """Write a wheel of these members and the metadata it needs; RECORD lists every name without a hash."""
    rows = [b'"%s",,\n' % part.name.replace(b'"', b'""') for part in (*parts, METADATA, WHEEL)]
    record = text(f"{INFO}/RECORD", b"".join(rows) + f"{INFO}/RECORD,,\n".encode())
    data = archive((*parts, METADATA, WHEEL, record), comment=comment)
    return save_wheel(folder, FILENAME, before + data + after)


def layer_of(wheel: Wheel, folder: Path) -> Layer:
    """Make the layer of a wheel, which may still be wrong in what it holds."""
    collisions((wheel,), minor="3.11")
    measured = measure((wheel,), minor="3.11", cache=Cache(folder / "cache"))
    descriptor = Descriptor(media_type=OCI_LAYER, digest=measured.digest, size=measured.size)
    return Layer(descriptor=descriptor, diff_id=measured.diff_id, chunks=lambda: splice((wheel,), minor="3.11"))


def installed(wheel: Wheel, folder: Path) -> dict[str, bytes]:
    """Make the layer of a wheel, check all of it, and give the files that are the wheel's own."""
    layer = layer_of(wheel, folder)
    assert check_image(image_of([layer])) == []
    found = {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer.chunks()))) as opened:
        for member in opened:
            if stream := opened.extractfile(member):
                found[member.name] = stream.read()
    return {path: data for path, data in found.items() if path not in ADDED}


def refusal(wheel: Wheel, folder: Path) -> str:
    """Expect an error that names the wheel and says what next, and nothing remembered; give its message."""
    with pytest.raises(InputError) as caught:
        layer_of(wheel, folder)
    assert caught.value.message.startswith(wheel.filename)
    assert caught.value.hint
    assert not (folder / "cache").exists()
    return caught.value.message


@pytest.mark.parametrize(
    "part",
    [
        text("demo.py", CODE),
        deflated("demo.py", CODE),
        replace(deflated("demo.py", CODE), zip64=True),
        # Who reads the directory does not care for what the local header says of sizes; pip does not.
        replace(deflated("demo.py", CODE), local_size=7, local_crc=3),
        replace(deflated("demo.py", CODE), local_size=0, local_crc=0, flags=0x808, behind=b"PK\7\x08" + bytes(12)),
        replace(deflated("demo.py", CODE), local_extra=struct.pack("<2H4s", 0xCAFE, 4, b"abcd")),
        replace(deflated("demo.py", CODE), behind=b"bytes that are nobody's"),
        replace(text("demo.py", CODE), flags=0),
    ],
)
def test_oddities_that_pip_installs(tmp_path: Path, part: Part) -> None:
    assert installed(make(tmp_path, part), tmp_path) == {f"{SITE}/demo.py": CODE}


def test_empty_files_in_every_form(tmp_path: Path) -> None:
    parts = (deflated("a.py", b""), text("b.py", b""), replace(deflated("c.py", b""), data=b"\x01\x00\x00\xff\xff"))
    assert parts[0].data == b"\x03\x00"
    assert set(installed(make(tmp_path, *parts), tmp_path).values()) == {b""}


@pytest.mark.parametrize(
    "around",
    [{"comment": b"a comment"}, {"before": b"#!/bin/sh\nexit\n"}, {"after": b"garbage"}, {"comment": b"PK\5\6" * 9}],
)
def test_bytes_around_the_archive(tmp_path: Path, around: dict[str, bytes]) -> None:
    wheel = make(tmp_path, deflated("demo.py", CODE), **around)
    try:
        with zipfile.ZipFile(wheel.path) as opened:
            expected = {f"{SITE}/demo.py": opened.read("demo.py")}
    except zipfile.BadZipFile:
        assert "not a zip archive" in refusal(wheel, tmp_path)
    else:
        assert installed(wheel, tmp_path) == expected == {f"{SITE}/demo.py": CODE}


def test_names_that_differ_in_case_are_two_files(tmp_path: Path) -> None:
    wheel = make(tmp_path, text("demo/Fit.py", b"1"), text("demo/fit.py", b"2"), text("demo/other.py", b"3"))
    with open_wheel(wheel) as opened:
        assert apart_by_case(opened) == (("demo/Fit.py", "demo/fit.py"),)
    found = installed(wheel, tmp_path)
    assert (found[f"{SITE}/demo/Fit.py"], found[f"{SITE}/demo/fit.py"]) == (b"1", b"2")


def test_names_of_every_script(tmp_path: Path) -> None:
    names = ["a b.py", "tab\tnew\nline.py", "größe.py", "日本.py", "-rf", "~", "a'\"$(id).py", ".hidden", "x" * 255]
    found = installed(make(tmp_path, *(text(name, name) for name in names)), tmp_path)
    assert found == {f"{SITE}/{name}": name.encode() for name in names}


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (replace(text("demo.py", CODE), crc=1), "demo.py: the content's CRC32"),
        (replace(deflated("demo.py", CODE), size=len(CODE) - 1), "demo.py: over"),
        (replace(deflated("demo.py", CODE), size=len(CODE) + 1), "bytes of content, expected"),
        (replace(deflated("demo.py", CODE), packed_size=9), "demo.py: the compressed data ends too early"),
        (replace(deflated("demo.py", CODE), packed_size=0), "demo.py: the compressed data ends too early"),
        (replace(deflated("demo.py", CODE), packed_size=99), "demo.py and demo-1.0.dist-info/METADATA overlap"),
        (replace(deflated("demo.py", CODE), data=b"\xff" * 30), "demo.py: the compressed data is damaged"),
        (replace(deflated("demo.py", CODE), size=1 << 40, zip64=True), "bytes of content, expected 1099511627776"),
        (replace(text("demo.py", CODE), packed_size=5), "'demo.py' has two different sizes"),
        (replace(text("demo.py", CODE), size=1 << 62, packed_size=1 << 62, zip64=True), "overlap"),
        (replace(text("demo.py", CODE), offset=1 << 40, zip64=True), "demo.py: the file ends before the member does"),
        (replace(text("demo.py", CODE), local_name=b"demo.PY"), "demo.py: the archive's directory and the member"),
        (replace(text("demo.py", CODE), local_name=b"demo.py2"), "demo.py: the archive's directory and the member"),
        (replace(text("demo.py", CODE), local_name=b""), "demo.py: the archive's directory and the member"),
        (replace(text("demo.py", CODE), flags=0x801), "'demo.py' is encrypted"),
        (replace(text("demo.py", CODE), flags=0x840), "'demo.py' is encrypted"),
        (replace(text("demo.py", CODE), method=14), "method other than deflate"),
        (replace(text("demo.py", CODE), flags=0x820), "'demo.py' is a patch of another file"),
        (replace(text("demo.py", CODE), name=b"demo\0.py"), "'demo\\x00.py' is not a path"),
        (replace(text("demo.py", CODE), name=b"\xff.py"), "not a zip archive"),
        (replace(text("demo.py", b"/etc/passwd"), mode=0o120777), "'demo.py' is a link"),
        (text("", CODE), "'' leads out of the archive"),
        (text("x" * 256, CODE), "is longer than a path may be"),
        (text("folder/" * 600 + "x", CODE), "is longer than a path may be"),
    ],
)
def test_members_that_lie(tmp_path: Path, part: Part, problem: str) -> None:
    assert problem in refusal(make(tmp_path, part), tmp_path)


def test_a_member_that_inflates_past_its_size_is_left_at_once(tmp_path: Path) -> None:
    # A gigabyte of zeros behind a header that says one byte.
    compressor = zlib.compressobj(wbits=-15)
    block = compressor.compress(bytes(1 << 24)) + compressor.flush(zlib.Z_FULL_FLUSH)
    bomb = Part(name=b"demo.py", data=block * 64 + b"\x03\x00", method=8, crc=0, size=1)
    with open_wheel(make(tmp_path, bomb)) as opened:
        member = opened.find("demo.py")
        assert member
        with pytest.raises(InputError, match=r"over 1048576 bytes of content, expected 1$"):
            opened.read(member)


@pytest.mark.parametrize("name", [f"{INFO}/entry_points.txt", f"{DATA}/scripts/tool"])
def test_what_is_read_whole_has_to_be_small(tmp_path: Path, name: str) -> None:
    part = replace(deflated(name, b"#!python\n" + bytes(3 << 20)), size=1 << 33, zip64=True)
    assert "which is too many to look into" in refusal(make(tmp_path, part), tmp_path)


def test_members_that_share_their_bytes(tmp_path: Path) -> None:
    """Two members with one header: pip installs what the local header's name does not forbid, we need not."""
    one = deflated("demo.py", CODE)
    again = replace(one, offset=0)
    assert "holds demo.py twice" in refusal(make(tmp_path, one, again), tmp_path)
    renamed = replace(again, name=b"other.py")
    assert "directory and the member disagree" in refusal(make(tmp_path, one, renamed), tmp_path)


def test_a_bomb_of_headers_quoted_by_the_members_before_them(tmp_path: Path) -> None:
    """Each member is a stored block that holds the header of the next, and goes on in its data (Fifield, 2019)."""
    kernel = deflated("b.py", bytes(1000))
    header = archive((kernel,))[: 30 + len(kernel.name)]
    quote = b"\0" + struct.pack("<2H", len(header), len(header) ^ 0xFFFF)
    content = header + bytes(1000)
    data = quote + header + kernel.data
    first = Part(name=b"a.py", data=data, method=8, crc=zlib.crc32(content), size=len(content))
    offset = 30 + len(first.name) + len(quote)
    wheel = make(tmp_path, first, replace(kernel, offset=offset))
    with zipfile.ZipFile(wheel.path) as opened:
        # Its contents are right; newer releases of Python see that the members overlap.
        assert opened.testzip() in {None, "a.py"}
    assert "a.py and b.py overlap" in refusal(wheel, tmp_path)


def test_a_member_in_the_directory(tmp_path: Path) -> None:
    last = replace(text("z.py", b""), size=5, packed_size=5)
    data = archive((METADATA, last))
    assert "z.py and the archive's directory overlap" in refusal(save_wheel(tmp_path, FILENAME, data), tmp_path)


@pytest.mark.parametrize("cut", [1, 21, 30, 100, 400])
def test_a_directory_that_is_cut(tmp_path: Path, cut: int) -> None:
    data = make(tmp_path, text("demo.py", CODE)).path.read_bytes()
    assert "not a zip archive" in refusal(save_wheel(tmp_path, FILENAME, data[:-cut]), tmp_path)


@pytest.mark.parametrize(
    ("files", "record", "problem"),
    [
        ({}, b"\xff,,\n", "RECORD is not UTF-8"),
        ({}, b'"demo.py,,\n', "RECORD does not parse"),
        ({}, b"x" * 200_000 + b",,\n", "RECORD does not parse"),
        ({}, b"demo.py\n", "RECORD does not parse"),
        ({}, b"demo.py,sha256=x,one\n", "RECORD does not parse"),
        ({}, b"demo.py,sha256=x," + b"9" * 5000 + b"\n", "RECORD does not parse"),
        ({f"{DATA}/data/bin": "x"}, None, f"wants to replace {VENV}/bin, which"),
        ({f"{DATA}/data/lib": "x"}, None, f"wants to replace {VENV}/lib, which"),
        ({f"{DATA}/data/lib/python3.11/site-packages": "x"}, None, "wants to replace"),
        ({f"{DATA}/data/bin/python/x": "x"}, None, "wants to replace"),
        ({f"{DATA}/scripts/python3.11/x": "x"}, None, "wants to replace"),
        ({f"{DATA}/data/pyvenv.cfg/x": "x"}, None, "wants to replace"),
        ({"a": "x", "a/b.py": "x"}, None, "installs a folder"),
        ({f"{INFO}/entry_points.txt": f"[console_scripts]\n{'x' * 256}=a:b\n"}, None, "is not a file name"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\na/b=a:b\n"}, None, "is not a file name"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\n..=a:b\n"}, None, "is not a file name"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\nx=a:b\nx=c:d\n"}, None, "entry_points.txt does not parse"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\nx=a:b;import os\n"}, None, "entry_points.txt does not parse"),
    ],
)
def test_metadata_that_lies(tmp_path: Path, files: dict[str, str], record: bytes | None, problem: str) -> None:
    if record is None:
        wheel = pack_wheel(tmp_path, files)
    else:
        parts = (text("demo.py", CODE), METADATA, WHEEL, text(f"{INFO}/RECORD", record))
        wheel = save_wheel(tmp_path, FILENAME, archive(parts))
    assert problem in refusal(wheel, tmp_path)


def test_no_metadata_at_all(tmp_path: Path) -> None:
    wheel = save_wheel(tmp_path, FILENAME, archive((text("demo.py", CODE),)))
    assert "has 0 .dist-info folders" in refusal(wheel, tmp_path)
    assert "has 0 .dist-info folders" in refusal(save_wheel(tmp_path, FILENAME, archive(())), tmp_path)


def test_a_hash_in_record_is_taken_over_as_pip_does(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The lock pins the wheel's own sha256; what its author wrote into RECORD is the author's word."""
    rows = f"demo.py,sha256=AAAA,\ngone.py,sha256=BBBB,3\n{INFO}/METADATA,,\n{INFO}/WHEEL,,\n{INFO}/RECORD,,\n"
    record = text(f"{INFO}/RECORD", rows)
    wheel = save_wheel(tmp_path, FILENAME, archive((text("demo.py", CODE), METADATA, WHEEL, record)))
    with caplog.at_level(logging.WARNING):
        layer = layer_of(wheel, tmp_path)
    assert "RECORD lists files that are not there: gone.py" in caplog.text
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer.chunks()))) as opened:
        stream = opened.extractfile(f"{SITE}/{INFO}/RECORD")
        assert stream
        written = stream.read().decode()
    assert "demo.py,sha256=AAAA,600\n" in written
    assert "gone.py" not in written


def test_a_member_over_four_gibibytes(tmp_path: Path) -> None:
    from isal import isal_zlib

    piece = bytes(1 << 26)
    compressor = zlib.compressobj(wbits=-15)
    block = compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)
    crc, count = 0, 65
    for _ in range(count):
        crc = isal_zlib.crc32(piece, crc)
    size = count * len(piece)
    assert size > 1 << 32
    zeros = Part(name=b"zeros.bin", data=block * count + b"\x03\x00", method=8, crc=crc, size=size, zip64=True)
    assert check_image(image_of([layer_of(make(tmp_path, zeros), tmp_path)])) == []
    wrong = make(tmp_path, replace(zeros, size=size - (1 << 32)))
    with pytest.raises(InputError, match=rf"zeros\.bin: over \d+ bytes of content, expected {size - (1 << 32)}"):
        layer_of(wrong, tmp_path)


@pytest.mark.parametrize("damage", [lambda data: data[:-40], lambda data: data.replace(b"hello", b"HELLO")])
def test_damage_in_the_cache_is_not_the_wheels_fault(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    wheel = pack_wheel(tmp_path, {"demo.py": Packed(data=CODE, method=zipfile.ZIP_STORED)})
    measured = measure((wheel,), minor="3.11", cache=Cache(tmp_path / "cache"))
    wheel.path.write_bytes(damage(wheel.path.read_bytes()))
    with pytest.raises(OutsideError, match=f"{FILENAME} is damaged in the cache: {wheel.path}") as caught:
        measure((wheel,), minor="3.11", cache=Cache(tmp_path / "other"))
    assert "comp cache verify" in str(caught.value.hint)
    # The measures are still in the first cache, so only reading can find it.
    assert measure((wheel,), minor="3.11", cache=Cache(tmp_path / "cache")) == measured
    with pytest.raises(OutsideError, match="is damaged in the cache"):
        list(splice((wheel,), minor="3.11"))


def test_a_broken_wheel_beside_one_that_is_gone(tmp_path: Path) -> None:
    gone = pack_wheel(tmp_path, {"a.py": ""}, name="gone")
    gone.path.unlink()
    broken = make(tmp_path, replace(text("demo.py", CODE), crc=1))
    with pytest.raises(OutsideError, match=r"cannot read gone-1\.0-py3-none-any\.whl in the cache: No such file"):
        measure((gone, broken), minor="3.11", cache=Cache(tmp_path / "cache"))
