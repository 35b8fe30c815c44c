"""A file that will be in an image, as data: where it lies there, and where its content comes from."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file of a files layer: an absolute path without the leading slash, and bytes, a host file, or a link target.

    Exactly one of `data`, `source` and `target` is set. Owner is 0:0, times are fixed by the layout version.
    """

    path: str
    mode: int = 0o644
    data: bytes | None = None
    source: Path | None = None
    target: str | None = None
