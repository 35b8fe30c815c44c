"""Names from outside as parts of paths: a port, a task or a file of others' never says where something is written."""

import hashlib
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


def is_plain(name: str) -> bool:
    """Tell whether a name can be one part of a path as it is, on any file system."""
    return _PLAIN.fullmatch(name) is not None and len(name.encode(errors="replace")) <= _LONGEST


def leads_elsewhere(name: str) -> bool:
    """Tell whether a name, taken for one part of a path, would be no part, several, or one that no disk can hold."""
    return (
        name in {"", ".", ".."}
        or any(letter in "/\\" or unicodedata.category(letter) in {"Cc", "Cs"} for letter in name)
        or len(name.encode(errors="replace")) > _LONGEST
    )


def check_inside(root: Path, path: Path) -> None:
    """Refuse a path below `root` whose folders are links that lead out of it. Raises InputError."""
    folder = Path(os.path.realpath(path.parent))
    if not folder.is_relative_to(os.path.realpath(root)):
        raise InputError(
            f"{path} would be written to {folder}, outside of {root}", hint="a folder on the way is a link: remove it"
        )


def plain_part(name: str) -> str:
    """Give one plain part of a path for a name that may hold anything.

    A plain name stays itself; of others the plain characters remain, with a digest so that two stay two.
    """
    if is_plain(name):
        return name
    kept = _OTHER.sub("_", name)[:_KEPT].strip("._")
    return f"{kept or 'unnamed'}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"


def plain_parts(names: Sequence[str], *, beside: Sequence[str] = ()) -> dict[str, str]:
    """Give each name a part of its own, also where a file system ignores case; plain names keep theirs.

    `beside` are endings: no part is another one's with such an ending, so that a file beside it is nobody else's.
    """
    parts: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(dict.fromkeys(names), key=lambda name: not is_plain(name)):
        part, number = plain_part(name), 1
        while not taken.isdisjoint(_places(part, beside)):
            number += 1
            part = f"{plain_part(name)}-{number}"
        taken |= _places(part, beside)
        parts[name] = part
    return parts


def _places(part: str, beside: Sequence[str]) -> set[str]:
    return {unicodedata.normalize("NFC", part + ending).casefold() for ending in ("", *beside)}
