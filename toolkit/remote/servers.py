"""Which server answers for the host of a reference, and how much it is sent at once."""

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
    """Name the server that answers for `host`: Docker Hub's is another than its name."""
    return _DOCKER_HUB if host == DEFAULT_HOST else host


def read_chunk_size(environ: Mapping[str, str]) -> int | None:
    """Read `COMP_CHUNK_SIZE`, in bytes, or with kB or MB behind the number; None if it is not set.

    Raises UsageError for anything else.
    """
    text = environ.get(CHUNK_SIZE, "").strip()
    if not text:
        return None
    found = _SIZE.fullmatch(text)
    size = int(found[1]) * _UNITS[found[2].lower()] if found else 0
    if size < _LEAST:
        raise UsageError(f"{CHUNK_SIZE} is {text[:40]!r}, expected at least 1 kB", hint=f"write {CHUNK_SIZE}=8MB")
    return size
