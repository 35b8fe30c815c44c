"""Find the code blocks of a page, with the comments in front of them."""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

_FENCE = re.compile(r"( *)```(\S*)(?: title=\"([^\"]+)\")?$")
_NOTE = re.compile(r" *<!-- ([a-z][a-z ]*): (.*) -->$")
_NEEDS = re.compile(r"^<!-- needs: (.*) -->$", re.MULTILINE)
# Pages that are made of the code have tests of their own.
_MADE = "<!-- Made by `make "


class Block(Struct, frozen=True, kw_only=True):
    """A block: `line` is that of its fence, `notes` are the comments in front of it as name and text."""

    line: int
    language: str
    title: str
    text: str
    notes: tuple[tuple[str, str], ...] = ()

    def note(self, name: str) -> str | None:
        """Return the text of the first comment of this name; None without one."""
        return next((text for each, text in self.notes if each == name), None)

    @property
    def is_run(self) -> bool:
        """Return whether its commands run."""
        return self.language == "console" and self.note("not run") is None


class Command(Struct, frozen=True, kw_only=True):
    """A command of a console, the lines that it prints there, and the number of the first of them."""

    line: int
    text: str
    printed: tuple[str, ...]


class Page(Struct, frozen=True, kw_only=True):
    """A page with its blocks in order, and the names of what it needs."""

    path: Path
    blocks: tuple[Block, ...]
    needs: frozenset[str]

    @property
    def is_run(self) -> bool:
        """Return whether the page has commands that run."""
        return any(block.is_run for block in self.blocks)


def pages_of(root: Path) -> Iterator[Page]:
    """Yield the pages of a repository that are written by hand and have blocks."""
    for path in [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]:
        text = path.read_text("utf-8")
        page = read_page(path, text)
        if page.blocks and not text.startswith(_MADE):
            yield page


def read_page(path: Path, text: str) -> Page:
    """Return the page with this text."""
    needs = _NEEDS.search(text)
    return Page(path=path, blocks=tuple(_blocks(text)), needs=frozenset(needs[1].split(", ") if needs else ()))


def _blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page's text."""
    lines = text.splitlines()
    notes: list[tuple[str, str]] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if fence := _FENCE.match(line):
            indent = len(fence[1])
            end = next(each for each in range(number + 1, len(lines)) if lines[each].strip() == "```")
            inside = [each[indent:] if each[:indent].isspace() else each for each in lines[number + 1 : end]]
            yield Block(
                line=number + 1,
                language=fence[2],
                title=fence[3] or "",
                text="".join(f"{each}\n" for each in inside),
                notes=tuple(notes),
            )
            number, notes = end, []
        elif note := _NOTE.match(line):
            notes.append((note[1], note[2]))
        elif line.strip():
            notes = []
        number += 1


def commands_of(block: Block) -> Iterator[Command]:
    """Yield the commands of a console, each with what it prints. A line that ends with a backslash goes on."""
    lines = block.text.splitlines()
    number = 0
    while number < len(lines):
        assert lines[number].startswith("$ "), f"a console's first line is a command: {lines[number]}"
        words = [lines[number].removeprefix("$ ")]
        while words[-1].endswith("\\") or _is_open(words):
            number += 1
            words.append(lines[number].removeprefix("> "))
        start = number + 1
        end = next((each for each in range(start, len(lines)) if lines[each].startswith("$ ")), len(lines))
        # The fence stands before the first line.
        yield Command(line=block.line + 1 + start, text="\n".join(words), printed=tuple(lines[start:end]))
        number = end


def _is_open(words: list[str]) -> bool:
    """Return whether a command's here-document is not over."""
    opened = re.search(r"<<'?([A-Z]+)'?", words[0])
    return bool(opened) and words[-1] != opened[1] if opened else False
