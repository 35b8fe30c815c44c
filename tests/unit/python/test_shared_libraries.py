"""What machine code needs: from any ELF file, and from nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine_code import shared_object
from toolkit.python.shared_libraries import debian_package, is_library, missing_of, needed_libraries

NEEDED = ("libGL.so.1", "libc.so.6")


def pieces(data: bytes, size: int = 7) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_libraries_that_a_file_asks_for(order: str, *, wide: bool) -> None:
    assert needed_libraries(pieces(shared_object(*NEEDED, wide=wide, order=order))) == NEEDED


def test_a_program_of_this_machine() -> None:
    assert "libc.so.6" in needed_libraries(iter((Path("/bin/ls").read_bytes(),)))


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "a/b.so", "lib\x1b[31m.so.1", "libx.so.1\n", "x" * 300 + ".so"]
)
def test_a_name_that_is_not_a_librarys_is_passed_over(name: str) -> None:
    assert needed_libraries(pieces(shared_object(name, "libc.so.6"))) == ("libc.so.6",)


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n", bytes(100), b"\x7fELF\x02\x01" + b"\xff" * 200])
def test_other_files_need_nothing(data: bytes) -> None:
    assert needed_libraries(pieces(data)) == ()


def test_a_file_that_is_cut_off_needs_less() -> None:
    whole = shared_object(*NEEDED)
    for end in range(len(whole)):
        assert set(needed_libraries(pieces(whole[:end]))) <= {*NEEDED}


@given(st.data())
def test_damaged_files_are_read_without_failing(data: st.DataObject) -> None:
    damaged = bytearray(shared_object(*NEEDED, wide=data.draw(st.booleans()), order=data.draw(st.sampled_from("<>"))))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert all(map(is_library, needed_libraries(pieces(bytes(damaged)))))


def test_no_more_than_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_LIBRARY_SIZE", "100")
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield shared_object(*NEEDED)[:100]
        while True:
            read += 1
            yield bytes(100)

    assert needed_libraries(endless()) == ()
    assert read == 0


def test_drivers_come_from_elsewhere() -> None:
    asked = ("libcuda.so.1", "libnvidia-ml.so.1", "libGL.so.1", "libGL.so.1", "libc.so.6", "ld-linux-x86-64.so.2")
    assert missing_of(asked, {"libc.so.6"}) == ("libGL.so.1",)


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libGL.so.1", "libgl1"),
        ("libX11.so.6", "libx11-6"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libbz2.so.1.0", "libbz2-1.0"),
        ("libgthread-2.0.so.0", "libglib2.0-0"),
        ("libz.so.1", "zlib1g"),
        ("libnss3.so", "libnss3"),
    ],
)
def test_debians_packages(library: str, package: str) -> None:
    assert debian_package(library) == package
