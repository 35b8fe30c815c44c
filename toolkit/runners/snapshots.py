"""Snapshots: outputs that `comp test --update` keeps beside a case, and that later runs are compared with.

A small file is kept as it is. For a large one, and for a folder, digests are kept, in a file that ends in `.sha256`.
"""

import hashlib
import os
import shutil
from pathlib import Path

from toolkit.runners.text_diff import file_difference, unified
from toolkit.runners.tolerance import Tolerance

LARGEST = 1_000_000
_FOLDER = "snapshots"
# It stands for an output that is too large to keep, or a folder.
LIST = ".sha256"
# How Python decodes names of files that are not UTF-8.
_PATHS = "surrogateescape"
_NONE_YET = "has no snapshot yet: `comp test --update` keeps the output as one"


def place(part: str) -> str:
    """Return the path of a snapshot from its case; `part` is the plain name of its output."""
    return f"{_FOLDER}/{part}"


def difference(snapshot: Path, output: Path, tolerance: Tolerance) -> str | None:
    """Return how an output differs from its snapshot; None if it does not."""
    listed = _list_of(snapshot)
    named = f"its snapshot {_FOLDER}/{snapshot.name}"
    if listed.is_file():
        expected, actual = listed.read_text("utf-8", _PATHS), listing(output)
        return None if expected == actual else f"differs from {named}{LIST}{unified(expected, actual)}"
    if not snapshot.is_file():
        return _NONE_YET
    if output.is_dir():
        return f"is a folder, and {named} is a file"
    return file_difference(snapshot, output, tolerance, named=named)


def update(snapshot: Path, output: Path) -> Path:
    """Keep an output as the snapshot, and return the path of what was written."""
    listed = _list_of(snapshot)
    snapshot.parent.mkdir(exist_ok=True)
    for old in (snapshot, listed):
        old.unlink(missing_ok=True)
    if output.is_dir() or output.stat().st_size > LARGEST:
        listed.write_text(listing(output), encoding="utf-8", errors=_PATHS)
        return listed
    shutil.copyfile(output, snapshot)
    return snapshot


def listing(output: Path) -> str:
    """Return the digests of a file, or of all files of a folder with their paths, a line for each."""
    if not output.is_dir():
        return f"{_digest(output)}  .\n"
    paths = sorted(path for path in output.rglob("*") if path.is_symlink() or not path.is_dir())
    return "".join(f"{_digest(path)}  {path.relative_to(output).as_posix()}\n" for path in paths)


def _digest(path: Path) -> str:
    """Return the sha256 of a file's bytes, or of a link's target."""
    if path.is_symlink():
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _list_of(snapshot: Path) -> Path:
    """Return the path of the list of digests that stands for a large output."""
    return snapshot.with_name(snapshot.name + LIST)
