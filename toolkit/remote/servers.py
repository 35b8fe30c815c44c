"""The server that answers for the host of a reference, and how much to send to it at once."""

import re
from collections.abc import Mapping

from toolkit.errors import UsageError
from toolkit.oci.reference import DEFAULT_HOST

CHUNK_SIZE = "COMP_CHUNK_SIZE"

_DOCKER_HUB = "registry-1.docker.io"
_SIZE = re.compile(r"([1-9][0-9]{0,11})\s*([kKmM]?)[bB]?")
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}
_LEAST = 1_000


def api_host(host: str) -> str:
    """Return the server that answers for `host`: Docker Hub's has another name."""
    return _DOCKER_HUB if host == DEFAULT_HOST else host


def read_chunk_size(environ: Mapping[str, str]) -> int | None:
    """Return `COMP_CHUNK_SIZE`, a number of bytes, kB or MB, in bytes; None if it is not set.

    Raises UsageError for anything else.
    """
    text = environ.get(CHUNK_SIZE, "").strip()
    if not text:
        return None
    match = _SIZE.fullmatch(text)
    size = int(match[1]) * _UNITS[match[2].lower()] if match else 0
    if size < _LEAST:
        raise UsageError(f"{CHUNK_SIZE} is {text[:40]!r}, expected at least 1 kB", hint=f"write {CHUNK_SIZE}=8MB")
    return size
