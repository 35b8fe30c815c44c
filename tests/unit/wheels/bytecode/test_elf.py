from pathlib import Path

from toolkit.wheels.bytecode.elf import read_elf


def test_the_loader_that_a_program_names(tmp_path: Path) -> None:
    for data in (
        b"",
        b"\x7fELF\x02\x01",
        b"\x7fELF\x02\x01" + bytes(100),
        b"\x7fELF\x02\x01" + bytes(10) + b"\2\0\x3e\0" + b"\xff" * 100,
        b"\x7fELF\x01\x01" + bytes(100),
        b"#!/bin/sh",
    ):
        path = tmp_path / "program"
        path.write_bytes(data)
        assert read_elf(path) is None
    found = read_elf(Path("/bin/sh"))
    assert found is not None
    assert found.runs_here
    assert found.loader is not None
    assert Path(found.loader).exists()
