"""Wheels on disk: found by sha256 in the cache, read member by member without unpacking."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """A wheel file in the cache. `filename` is its name on the index, `sha256` the hex digest of its bytes."""

    filename: str
    sha256: str
    path: Path
    size: int
