"""Names from outside as parts of paths: no port, task or file decides by its name where something is written."""

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from toolkit.errors import InputError

# Letters and digits of any script, with these between them; no name begins with a dot or ends in a dot or blank.
_PLAIN = re.compile(r"\w(?:[\w .+@()=,-]*[\w+@()=,-])?")
_OTHER = re.compile(r"[^\w.+-]+")
# File systems take 255 bytes; what is put beside a file needs room for its ending.
_LONGEST = 200
_KEPT = 60


def real(path: Path) -> Path:
    """Return a path without links; one that leads back to itself stays, and reading it is an error.

    `Path.resolve` raises a RuntimeError for such a link before Python 3.13.
    """
    return Path(os.path.realpath(path))


def is_plain(name: str) -> bool:
    """Whether a name can be one part of a path as it is, on any file system."""
    return _PLAIN.fullmatch(name) is not None and len(name.encode(errors="replace")) <= _LONGEST


def leads_elsewhere(name: str) -> bool:
    """Whether a name, used as one part of a path, would lead elsewhere or could not be written to a disk."""
    return (
        name in {"", ".", ".."}
        # Cc are control characters, Cs lone surrogates, which UTF-8 cannot express. The backslash separates on Windows.
        or any(letter in "/\\" or unicodedata.category(letter) in {"Cc", "Cs"} for letter in name)
        or len(name.encode(errors="replace")) > _LONGEST
    )


def check_inside(root: Path, path: Path) -> None:
    """Raise InputError for a path below `root` with a folder that is a link out of it."""
    # Not the path itself: writers replace a link in its place, and do not write through it.
    folder = Path(os.path.realpath(path.parent))
    if not folder.is_relative_to(os.path.realpath(root)):
        raise InputError(
            f"{path} would be written to {folder}, outside of {root}", hint="a folder on the way is a link: remove it"
        )


def plain_part(name: str) -> str:
    """Return one plain part of a path for any name.

    A plain name stays as it is. Others keep their plain characters, and get a digest so that different names differ.
    """
    if is_plain(name):
        return name
    # It loads OpenSSL, and most names are plain.
    import hashlib

    kept = _OTHER.sub("_", name)[:_KEPT].strip("._")
    # Lone surrogates stand for bytes that are not UTF-8; names that differ in these alone get other digests.
    return f"{kept or 'unnamed'}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"


def plain_parts(names: Sequence[str], *, beside: Sequence[str] = ()) -> dict[str, str]:
    """Return a part for each name, all different even if a file system ignores case; plain names stay as they are.

    `beside` are endings of further files: no part equals another part with such an ending.
    """
    parts: dict[str, str] = {}
    taken: set[str] = set()
    # Plain names first, so that no changed name takes the place of a plain one.
    for name in sorted(dict.fromkeys(names), key=lambda name: not is_plain(name)):
        part, number = plain_part(name), 1
        while not taken.isdisjoint(_places(part, beside)):
            number += 1
            part = f"{plain_part(name)}-{number}"
        taken |= _places(part, beside)
        parts[name] = part
    return parts


def _places(part: str, beside: Sequence[str]) -> set[str]:
    """Return what a part and its side files occupy on a file system that ignores case and composition, as macOS has."""
    return {unicodedata.normalize("NFC", part + ending).casefold() for ending in ("", *beside)}
