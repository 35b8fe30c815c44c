"""Fuzz the reader of `pyproject.toml`."""

from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit"]):
    from tests.property.test_fuzz_texts import READERS
    from tests.readers import takes_settings

from tests.fuzz.running import fuzz


def takes(data: bytes, folder: Path) -> None:
    """Read the bytes."""
    takes_settings(data, folder)


if __name__ == "__main__":
    fuzz(takes, READERS["settings"][1])
