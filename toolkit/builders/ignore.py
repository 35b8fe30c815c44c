"""Docker's patterns of files to leave out, as `.dockerignore` has them (Docker docs, "dockerignore files").

A path is left out when the last pattern that matches it, or a folder above it, says so; `!` takes back.
`*` and `?` stay within a name, `**` crosses folders, `[a-z]` is a class, a backslash quotes.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from toolkit.builders.glob import Glob
from toolkit.errors import InputError, Location, OutsideError

NAME = ".dockerignore"
_WILD = set("*?[\\")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One line: what it matches, and whether it takes back. `last` is its last name, None if that may be several."""

    text: str
    glob: Glob
    exception: bool
    last: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Patterns:
    """Lines in order."""

    patterns: tuple[Pattern, ...] = ()

    @property
    def takes_back(self) -> bool:
        """Tell whether something in a folder that is left out may come back."""
        return any(pattern.exception for pattern in self.patterns)

    def verdict(self, path: str) -> bool | None:
        """Say whether a path is left out (True) or taken back (False); None where no line speaks of it."""
        for pattern in reversed(self.patterns):
            if pattern.glob.matches(path):
                return not pattern.exception
        return None

    def names(self, path: str) -> bool:
        """Tell whether a path is taken back by its own name, not by that of a folder or by a wildcard."""
        for pattern in reversed(self.patterns):
            if pattern.glob.matches(path):
                own = pattern.last == posixpath.basename(path) and pattern.glob.matches(path, whole=True)
                return pattern.exception and own
        return False


def read_patterns(folder: Path, exclude: Iterable[str] = (), include: Iterable[str] = ()) -> Patterns:
    """Read the `.dockerignore` of `folder`, then leave out `exclude` and take back `include`.

    Raises InputError for an invalid pattern.
    """
    path = folder / NAME
    lines: list[tuple[str, Location | None]] = []
    if path.is_file():
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError("not UTF-8 text", where=Location(path=path)) from error
        except OSError as error:
            raise OutsideError(f"cannot read {path}: {error.strerror}") from error
        lines += [(line, Location(path=path, line=number)) for number, line in enumerate(text.split("\n"), 1)]
    # A comment is one only where `#` is the first character of the line.
    told = [(line, where) for line, where in lines if not line.startswith("#")]
    told += [(line, None) for line in exclude]
    told += [(f"!{line}", None) for line in include]
    return Patterns(patterns=tuple(read for line, where in told if (read := _parse(line, where)) is not None))


def _parse(line: str, where: Location | None) -> Pattern | None:
    text = line.strip()
    exception = text.startswith("!")
    text = text.removeprefix("!").strip() if exception else text
    if not text:
        if exception:
            raise InputError("the pattern `!` takes nothing back", where=where, hint="name what, such as !keep.txt")
        return None
    cleaned = posixpath.normpath(text)
    # Docker knows no path above the folder; a leading slash is the folder itself.
    cleaned = cleaned.lstrip("/") or "."
    try:
        glob = Glob.parse(cleaned)
    except ValueError as error:
        raise InputError(f"invalid pattern {text!r}: {error}", where=where, hint=r"quote a bracket: \[") from None
    name = posixpath.basename(cleaned)
    return Pattern(text=text, glob=glob, exception=exception, last=None if _WILD & set(name) else name)
