"""Patterns of files to leave out, as in `.dockerignore` (Docker docs, "dockerignore files").

The last pattern that matches a path, or a folder above it, decides; `!` takes back. `*` and `?` stay within a name,
`**` crosses folders, `[a-z]` is a class, a backslash quotes.
"""

import posixpath
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from toolkit.errors import InputError, Location, OutsideError
from toolkit.system.glob import Glob

NAME = ".dockerignore"
_WILD = set("*?[\\")


class Pattern(Struct, frozen=True, kw_only=True):
    """One line: what it matches, and whether it takes back. `last` is its last name, None if that may be several."""

    text: str
    glob: Glob
    exception: bool
    last: str | None


class Patterns(Struct, frozen=True, kw_only=True):
    """Lines in order."""

    patterns: tuple[Pattern, ...] = ()

    @property
    def takes_back(self) -> bool:
        """Whether something in a folder that is left out may come back."""
        return any(pattern.exception for pattern in self.patterns)

    def verdict(self, path: str) -> bool | None:
        """Return whether a path is left out (True) or taken back (False); None if no line matches it."""
        for pattern in reversed(self.patterns):
            if pattern.glob.matches(path):
                return not pattern.exception
        return None

    def names(self, path: str) -> bool:
        """Return whether a path is taken back by its own name, not by that of a folder or by a wildcard."""
        for pattern in reversed(self.patterns):
            if pattern.glob.matches(path):
                # Later lines win here too: a wildcard after the name takes the file back as one of many.
                own = pattern.last == posixpath.basename(path) and pattern.glob.matches(path, whole=True)
                return pattern.exception and own
        return False


def read_patterns(
    folder: Path, exclude: Iterable[str] = (), include: Iterable[str] = (), *, name: str = NAME
) -> Patterns:
    """Read the `.dockerignore` of `folder`, then leave out `exclude` and take back `include`.

    `name` is another name of the file. Raises InputError for an invalid pattern.
    """
    path = folder / name
    lines: list[tuple[str, Location | None]] = []
    if path.is_file():
        try:
            # Docker drops a byte order mark too.
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError("not UTF-8 text", where=Location(path=path)) from error
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}") from error
        lines += [(line, Location(path=path, line=number)) for number, line in enumerate(text.split("\n"), 1)]
    # As in docker, `#` begins a comment only as the first character of a line.
    rules = [(line, where) for line, where in lines if not line.startswith("#")]
    rules += [(line, None) for line in exclude]
    rules += [(f"!{line}", None) for line in include]
    return Patterns(patterns=tuple(read for line, where in rules if (read := _parse(line, where)) is not None))


def _parse(line: str, where: Location | None) -> Pattern | None:
    """Return the pattern of a line; None for an empty one. Raises InputError."""
    text = line.strip()
    exception = text.startswith("!")
    text = text.removeprefix("!").strip() if exception else text
    if not text:
        if exception:
            raise InputError("the pattern `!` takes nothing back", where=where, hint="name what, such as !keep.txt")
        return None
    cleaned = posixpath.normpath(text)
    # In docker's patterns nothing lies above the folder, and a leading slash means the folder itself.
    cleaned = cleaned.lstrip("/") or "."
    try:
        glob = Glob.parse(cleaned)
    except ValueError as error:
        raise InputError(f"invalid pattern {text!r}: {error}", where=where, hint=r"quote a bracket: \[") from None
    name = posixpath.basename(cleaned)
    return Pattern(text=text, glob=glob, exception=exception, last=None if _WILD & set(name) else name)
