"""Fuzz the parser of image references."""

from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit"]):
    from tests.readers import takes_reference

from tests.fuzz.running import fuzz


def takes(data: bytes, _: Path) -> None:
    """Parse the bytes as text."""
    takes_reference(data.decode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    fuzz(takes, [b"python:3.11-slim", b"[::1]:5000/ml/train__a:1@sha256:" + b"0" * 64])
