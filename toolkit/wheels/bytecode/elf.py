"""What an ELF program is for, and which loader it names (System V ABI, "ELF Header" and "Program Header": PT_INTERP).

Only 64-bit little-endian files are understood. Files come from anywhere; those that do not parse are not programs.
"""

import os
import struct
from pathlib import Path

from msgspec import Struct

_MAGIC = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
# ET_EXEC and ET_DYN: programs at a fixed address, and those that are position-independent, as libraries are.
_PROGRAMS = (2, 3)
_INTERPRETER = 3
_LONGEST_PATH = 4096
# The numbers of processors in the header, by the names that `uname` gives.
_MACHINES = {"x86_64": 62, "aarch64": 183, "riscv64": 243}


class Elf(Struct, frozen=True, kw_only=True):
    """An ELF program: the number of its processor, and the path of the loader that it names, None without one."""

    machine: int
    loader: str | None

    @property
    def runs_here(self) -> bool:
        """Whether it is for this machine's processor."""
        return _MACHINES.get(os.uname().machine) == self.machine


def read_elf(program: Path) -> Elf | None:
    """Read the header of an ELF program or library; None for other files, such as scripts."""
    size = program.stat().st_size
    with program.open("rb") as stream:
        header = stream.read(_HEADER.size)
        if not header.startswith(_MAGIC) or len(header) < _HEADER.size:
            return None
        kind, machine, _, _, offset, _, _, _, length, count, *_ = _HEADER.unpack(header)
        # Offsets come from the file: none may lead past its end.
        if kind not in _PROGRAMS or (count and length < _SEGMENT.size) or offset + count * length > size:
            return None
        for number in range(count):
            stream.seek(offset + number * length)
            kind, _, start, _, _, held, *_ = _SEGMENT.unpack(stream.read(_SEGMENT.size))
            if kind == _INTERPRETER:
                if held > _LONGEST_PATH or start + held > size:
                    return None
                stream.seek(start)
                path = stream.read(held).rstrip(b"\0").decode("utf-8", "replace")
                return Elf(machine=machine, loader=path)
    return Elf(machine=machine, loader=None)
