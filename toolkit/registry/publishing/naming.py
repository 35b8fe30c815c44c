"""The names that a registry gives to components that others made: from the file's place, or its title."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

from toolkit.registry.names import is_part

_OTHER = re.compile(r"[^a-z0-9]+")
# The end of a file's name that says only what it is.
_FILE = re.compile(r"[._-]?component$|^component[._-]?")
# Characters, so that a number fits behind it.
_LONGEST = 90
# Folders that say how a repository is arranged, and nothing about the component.
_GENERIC = {"component", "components", "src", "main", "master", "yaml", "kfp", "pipelines"}


def slug(text: str) -> str:
    """Return a text as a name: lower case, digits and dashes; empty if nothing of it can be in a name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    # `CamelCase` is two words.
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain)
    name = _OTHER.sub("-", spaced.lower())[:_LONGEST].strip("-")
    return name if is_part(name) else ""


def derived_name(path: str, title: str) -> str:
    """Return the name for a contract at `path`, which has slashes; empty if nothing gives one.

    A file of a name of its own gives it, component.yaml the folder around it, and else the title does.
    """
    place = PurePosixPath(path)
    stem = _FILE.sub("", place.stem.lower()) and _FILE.sub("", place.stem)
    folder = slug(place.parent.name)
    return slug(stem) or (folder if folder not in _GENERIC else "") or slug(title)


def distinct_names(titles: Mapping[str, str]) -> dict[str, str]:
    """Return a name of its own for each path; `titles` has the title of each contract by its path.

    Those that would have the same name get that of the folder above before it, as often as needed, and then a number.
    A name is empty if nothing gives one.
    """
    names = {path: derived_name(path, title) for path, title in sorted(titles.items())}
    for depth in range(1, 1 + max((path.count("/") for path in titles), default=0)):
        counts = Counter(names.values())
        for path, name in names.items():
            above = slug(_above(path, depth))
            if name and counts[name] > 1 and above and above not in _GENERIC and not f"{name}-".startswith(f"{above}-"):
                names[path] = slug(f"{above}-{name}") or name
    return _numbered(names)


def _above(path: str, depth: int) -> str:
    """Return the name of the folder `depth` levels above a file; empty beyond the top."""
    parts = PurePosixPath(path).parts
    return parts[-depth - 1] if depth < len(parts) else ""


def _numbered(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names with a number behind the second of equal ones, and behind those that follow."""
    taken: set[str] = set()
    distinct = {}
    for path, name in names.items():
        number, free = 1, name
        while free and free in taken:
            number += 1
            free = f"{name}-{number}"
        taken.add(free)
        distinct[path] = free
    return distinct
