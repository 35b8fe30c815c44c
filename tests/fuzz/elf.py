"""Fuzz the reader of ELF programs."""

from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit"]):
    from tests.property.test_fuzz_texts import READERS
    from tests.readers import takes_program_file

from tests.fuzz.running import fuzz


def takes(data: bytes, folder: Path) -> None:
    """Read the bytes."""
    takes_program_file(data, folder)


if __name__ == "__main__":
    fuzz(takes, READERS["elf"][1])
