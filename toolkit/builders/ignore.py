r"""Docker's patterns of files to leave out, as `.dockerignore` has them (Docker docs, "dockerignore files").

A path is left out when the last pattern that matches it, or a folder above it, says so; `!` takes back.
`*` and `?` stay within a name, `**` crosses folders, `[a-z]` is a class, `\\` quotes.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import InputError, Location, OutsideError

NAME = ".dockerignore"
# What has a meaning in a regular expression and none in a pattern.
_QUOTED = set(".$+(){}|^")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One line: what it matches, and whether it takes back."""

    text: str
    expression: re.Pattern[str]
    exception: bool


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
        names = path.split("/")
        places = ["/".join(names[:depth]) for depth in range(len(names), 0, -1)]
        verdict: bool | None = None
        for pattern in self.patterns:
            if any(pattern.expression.fullmatch(place) for place in places):
                verdict = not pattern.exception
        return verdict


def read_patterns(folder: Path, exclude: Iterable[str] = (), include: Iterable[str] = ()) -> Patterns:
    """Read the `.dockerignore` of `folder`, then leave out `exclude` and take back `include`.

    Raises InputError for a pattern that is none.
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
        return Pattern(text=text, expression=re.compile(_expression(cleaned), re.DOTALL), exception=exception)
    except (re.error, ValueError) as error:
        raise InputError(f"{text!r} is no pattern: {error}", where=where, hint=r"quote a bracket: \[") from None


def _expression(pattern: str) -> str:
    """Write a pattern as a regular expression."""
    written, position = [], 0
    while position < len(pattern):
        letter = pattern[position]
        position += 1
        if letter == "*" and pattern.startswith("*", position):
            position += 1
            # `**/` is any number of folders, also none.
            if pattern.startswith("/", position):
                position += 1
                written.append("(?:.*/)?")
            else:
                written.append(".*")
        elif letter == "*":
            written.append("[^/]*")
        elif letter == "?":
            written.append("[^/]")
        elif letter == "\\":
            if position == len(pattern):
                raise ValueError("it ends with a backslash")
            written.append(re.escape(pattern[position]))
            position += 1
        elif letter == "[":
            end = _end_of_class(pattern, position)
            written.append(pattern[position - 1 : end])
            position = end
        else:
            written.append(f"\\{letter}" if letter in _QUOTED else re.escape(letter))
    return "".join(written)


def _end_of_class(pattern: str, start: int) -> int:
    """Give where `[a-z]` ends, the bracket included."""
    position = start + (pattern[start : start + 1] == "^")
    if pattern[position : position + 1] in {"]", "-", ""}:
        raise ValueError("its class is empty or begins with a dash")
    while position < len(pattern) and pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    if position >= len(pattern):
        raise ValueError("its bracket is not closed")
    return position + 1
