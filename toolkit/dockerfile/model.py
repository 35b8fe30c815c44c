"""A Dockerfile as plain data."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.errors import Location


class Heredoc(Struct, frozen=True, kw_only=True):
    """A document inside an instruction; `expand` tells whether variables in it are replaced."""

    name: str
    text: str
    expand: bool


class Instruction(Struct, frozen=True, kw_only=True):
    """One instruction: its keyword in upper case, its flags without `--`, the text after them on one line.

    Lines count from 1; `end_line` is that of the last heredoc, if there is one.
    """

    keyword: str
    text: str
    line: int
    end_line: int
    flags: tuple[str, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str | None:
        """Return the value of the flag `--name=value`, empty for a flag alone, None without it."""
        for flag in self.flags:
            key, _, value = flag.partition("=")
            if key == name:
                return value
        return None


class Dockerfile(Struct, frozen=True, kw_only=True):
    """All instructions of a file in their order; `escape` is its character for line ends and quotes."""

    path: Path
    escape: str
    instructions: tuple[Instruction, ...]

    def where(self, instruction: Instruction) -> Location:
        """Return the place of an instruction."""
        return Location(path=self.path, line=instruction.line, end_line=instruction.end_line)


class Command(Struct, frozen=True, kw_only=True):
    """An ENTRYPOINT or CMD: words in exec form; in shell form `shell` holds the shell's words, and `words` the text."""

    words: tuple[str, ...]
    line: int
    shell: tuple[str, ...] = ()


class Copy(Struct, frozen=True, kw_only=True):
    """A COPY or ADD: its sources as written, and its absolute target, which ends with `/` if it is a folder.

    `stage` names the stage or image that the sources are from, empty for the context.
    """

    sources: tuple[str, ...]
    target: str
    line: int
    stage: str = ""


class Mount(Struct, frozen=True, kw_only=True):
    """A mount of a RUN: `type` is bind, cache, tmpfs, secret or ssh; the other keys as written."""

    type: str
    keys: Mapping[str, str]


class Stage(Struct, frozen=True, kw_only=True):
    """One stage with what it inherits from the stages before: the settings of its image, as far as the file says.

    `base` is the image that its first stage is built on, `parent` the place of the stage that it is built on.
    `arguments` are the names of ARG that count in it, with their defaults, None without one. Arguments, copies, mounts
    and triggers are its own.
    """

    name: str
    base: str
    line: int
    parent: int | None
    arguments: Mapping[str, str | None]
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    user: str
    folder: str
    shell: tuple[str, ...]
    entrypoint: Command | None
    command: Command | None
    ports: tuple[str, ...]
    triggers: tuple[Instruction, ...]
    copies: tuple[Copy, ...]
    mounts: tuple[Mount, ...]
