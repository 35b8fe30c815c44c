"""Fuzz the readers of indexes, manifests and configs; the first byte chooses the reader."""

from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toolkit"]):
    from tests.readers import linked, takes_documents

from tests.fuzz.running import fuzz

_NAMES = ("index", "manifest", "config")


def takes(data: bytes, folder: Path) -> None:
    """Put the bytes in the place of one document."""
    name = _NAMES[data[0] % len(_NAMES)] if data else _NAMES[0]
    takes_documents(linked(**{name: lambda _: data[1:]}), folder)


if __name__ == "__main__":
    fuzz(takes, [bytes((number,)) + document for number, document in enumerate(linked())])
