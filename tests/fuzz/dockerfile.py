"""Fuzz the readers of a Dockerfile."""

from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit"]):
    from tests.property.test_fuzz_texts import READERS
    from tests.readers import takes_dockerfile

from tests.fuzz.running import fuzz


def takes(data: bytes, folder: Path) -> None:
    """Read the bytes."""
    takes_dockerfile(data.decode("utf-8", "surrogateescape"), folder)


if __name__ == "__main__":
    fuzz(takes, [one.encode("utf-8", "replace") for one in READERS["dockerfile"][1]])
