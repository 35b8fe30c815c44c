"""A record and a blob for tests of the cache, and files that look old."""

import os
import time
from pathlib import Path
from typing import ClassVar

from toolkit.cache.records import Record
from toolkit.digest import Digest

DATA = b"some bytes"
DIGEST = Digest.of(DATA)
DAY = 86400.0


class Fact(Record, frozen=True, kw_only=True):
    """A small record."""

    KIND: ClassVar[str] = "facts"

    text: str


FACT = Fact(text="y")


def aged(path: Path, days: float) -> Path:
    """Make a file, or a folder and what is in it, look as if last used so many days ago."""
    for aging in (path, *path.rglob("*")):
        os.utime(aging, (time.time() - days * DAY,) * 2, follow_symlinks=False)
    return path
