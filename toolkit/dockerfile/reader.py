"""Read a Dockerfile into instructions, as BuildKit's `frontend/dockerfile/parser` does.

It knows parser directives, comments, line ends that continue, and heredocs.
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from toolkit.dockerfile.model import Dockerfile, Heredoc, Instruction
from toolkit.dockerfile.words import expanded, split_words
from toolkit.errors import InputError, Location
from toolkit.limits import DOCKERFILE_INSTRUCTIONS, SETTINGS_SIZE
from toolkit.system.reading import read_foreign

KEYWORDS = (
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"),
    *("ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
)
_WITH_HEREDOCS = ("ADD", "COPY", "RUN")
_DIRECTIVES = ("check", "escape", "syntax")
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_SPACES = re.compile(r"\s+")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]*)")


def read_dockerfile(path: Path) -> Dockerfile:
    """Read the file at `path`. Raises InputError with its line if it is not a Dockerfile, or if it is missing."""
    try:
        data = read_foreign(path, SETTINGS_SIZE)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", hint="give the path of a Dockerfile") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", hint="give the path of the Dockerfile in it") from None
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror or error}", where=Location(path=path)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not a text in UTF-8", where=Location(path=path)) from None
    return parse_dockerfile(text, path)


def parse_dockerfile(text: str, path: Path) -> Dockerfile:
    """Return the instructions of a text; `path` is its place in errors. Raises InputError with a line."""
    lines = _Lines(text, path)
    escape = _directives(lines)
    instructions = tuple(_instructions(lines, escape))
    if not instructions:
        raise InputError("a file without instructions", where=Location(path=path), hint="begin with FROM IMAGE")
    first = next((one for one in instructions if one.keyword != "ARG"), instructions[-1])
    if first.keyword != "FROM":
        raise lines.wrong(f"{first.keyword} before the first FROM", first.line, "begin with FROM IMAGE")
    return Dockerfile(path=path, escape=escape, instructions=instructions)


class _Lines:
    """The lines of a file, taken one after the other."""

    def __init__(self, text: str, path: Path) -> None:
        # Only these end a line in BuildKit; a form feed or U+2028 does not.
        self._lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
        self._path = path
        self.number = 0

    def take(self) -> str | None:
        """Return the next line, None after the last."""
        if self.number >= len(self._lines):
            return None
        self.number += 1
        return self._lines[self.number - 1]

    def back(self) -> None:
        """Give back the line that was taken last."""
        self.number -= 1

    def wrong(self, message: str, line: int, hint: str | None = None) -> InputError:
        """Return the error for a line."""
        return InputError(message, where=self.where(line), hint=hint)

    def where(self, line: int) -> Location:
        """Return the place of a line."""
        return Location(path=self._path, line=line)


def _directives(lines: _Lines) -> str:
    """Take the parser directives, which come before everything else, and return the escape character."""
    seen: dict[str, str] = {}
    while (line := lines.take()) is not None:
        match = _DIRECTIVE.fullmatch(line.strip())
        name = match[1].lower() if match else ""
        if not match or name not in _DIRECTIVES:
            lines.back()
            break
        if name in seen:
            raise lines.wrong(f"a second directive {name}", lines.number, "keep one")
        seen[name] = match[2]
        if name == "escape" and match[2] not in ("\\", "`"):
            raise lines.wrong(f"the escape character is {match[2]!r}", lines.number, "write escape=\\ or escape=`")
    return seen.get("escape", "\\")


def _instructions(lines: _Lines, escape: str) -> Iterator[Instruction]:
    """Yield the instructions after the directives."""
    count = 0
    while (line := lines.take()) is not None:
        if not line.strip() or _is_comment(line):
            continue
        start = lines.number
        text = _joined(line, lines, escape).strip()
        if text:
            count += 1
            DOCKERFILE_INSTRUCTIONS.check(count, "the number of instructions", where=lines.where(start))
            instruction = _instruction(text, start, lines)
            heredocs = tuple(_heredocs(instruction, lines, escape))
            yield replace(instruction, end_line=lines.number, heredocs=heredocs)


def _joined(line: str, lines: _Lines, escape: str) -> str:
    """Return a line with those that continue it; comments and empty lines between them are left out."""
    # Two escapes at the end stand for one, and the line ends there.
    continues = re.compile(rf"(?<!{re.escape(escape)}){re.escape(escape)}[ \t]*$")
    parts = []
    while match := continues.search(line):
        parts.append(line[: match.start()])
        following = lines.take()
        while following is not None and (_is_comment(following) or not following.strip()):
            following = lines.take()
        if following is None:
            return "".join(parts)
        line = following
    return "".join((*parts, line))


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _instruction(text: str, line: int, lines: _Lines) -> Instruction:
    """Return the instruction in a text, still without heredocs. Raises InputError for an unknown keyword."""
    word, _, rest = _SPACES.sub(" ", text, count=1).partition(" ")
    keyword = word.upper()
    if keyword not in KEYWORDS:
        near = difflib.get_close_matches(keyword, KEYWORDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "a line goes on after one that ends with a backslash"
        raise lines.wrong(f"unknown instruction {word[:40]}", line, hint)
    flags = []
    # `--` alone ends the flags.
    while rest.startswith("--") and (flag := _SPACES.split(rest, maxsplit=1)[0]) != "--":
        flags.append(flag[2:])
        rest = rest[len(flag) :].lstrip()
    rest = rest[2:].lstrip() if rest == "--" or rest.startswith("-- ") else rest
    if not rest and keyword != "MAINTAINER":
        raise lines.wrong(f"{keyword} without arguments", line, f"write what {keyword} is about")
    return Instruction(keyword=keyword, text=rest, flags=tuple(flags), line=line, end_line=line)


def trigger_of(instruction: Instruction, path: Path) -> Instruction:
    """Return the instruction inside an ONBUILD. Raises InputError if it is not one, or one that cannot be there."""
    lines = _Lines("", path)
    inner = _instruction(instruction.text, instruction.line, lines)
    if inner.keyword in {"FROM", "MAINTAINER", "ONBUILD"}:
        raise lines.wrong(f"ONBUILD {inner.keyword} is not allowed", instruction.line, "leave it out")
    return replace(inner, end_line=instruction.end_line, heredocs=instruction.heredocs)


def _heredocs(instruction: Instruction, lines: _Lines, escape: str) -> Iterator[Heredoc]:
    """Take the documents that an instruction announces with `<<NAME`."""
    keyword, text = instruction.keyword, instruction.text
    if keyword == "ONBUILD":
        keyword, _, text = text.partition(" ")
    if keyword.upper() not in _WITH_HEREDOCS or "<<" not in text or text.startswith("["):
        return
    for word in split_words(text, escape):
        match = _HEREDOC.fullmatch(word)
        name = expanded(match[2], {}, escape) if match and match[2] else ""
        if match and name:
            document = _document(name, lines, instruction.line, tabs=not match[1])
            yield Heredoc(name=name, text=document, expand=name == match[2])


def _document(name: str, lines: _Lines, line: int, *, tabs: bool) -> str:
    """Take the lines of a heredoc up to the one with its name; without `tabs` those at the begin of lines go."""
    taken: list[str] = []
    while (text := lines.take()) is not None:
        text = text if tabs else text.lstrip("\t")
        if text == name:
            return "".join(f"{each}\n" for each in taken)
        taken.append(text)
    raise lines.wrong(f"the document <<{name} does not end", line, f"a line with {name} alone ends it")
