"""Fuzz the reader of a base's layers: the bytes are a tar, so that the fuzzer need not learn to compress."""

import gzip
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit", "tarfile"]):
    from tests.images import tar_of
    from tests.readers import takes_layer

from tests.fuzz.running import fuzz


def takes(data: bytes, folder: Path) -> None:
    """Compress the bytes and read them as a layer."""
    takes_layer(gzip.compress(data, 1, mtime=0), folder)


if __name__ == "__main__":
    fuzz(takes, [tar_of("usr/bin/python3", "etc/os-release", "usr/lib/.wh.x", link=("bin", "usr/bin"))])
