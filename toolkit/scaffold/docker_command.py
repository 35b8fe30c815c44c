"""The command line of a Dockerfile's image, as the words of a contract's `command`, and the program that it runs."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.dockerfile.model import Command, Copy, Dockerfile, Stage
from toolkit.errors import InputError, Location
from toolkit.scaffold.docker_context import matching

# What a shell does more with than to split words.
_SHELL_ONLY = re.compile(r"[|&;<>()$`\\*?\[\]#~=%!{}\n]")
_INTERPRETERS = re.compile(
    r"(?:python|pypy|node|nodejs|deno|bun|Rscript|R|sh|bash|dash|zsh|ksh|perl|ruby|php|julia|java|lua|awk|gawk)[\d.]*"
)
# Programs that run the words after them, so that nothing is known of the component yet.
_WRAPPERS = {"tini", "dumb-init", "catatonit", "docker-init", "env", "nice", "gosu", "su-exec", "exec", "uv", "conda"}
_SCRIPTS = (".py", ".sh", ".R", ".r", ".js", ".mjs", ".cjs", ".pl", ".rb", ".php", ".jl", ".lua", ".jar", ".ts")
_SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh"}
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
# Options of Python that take the next word.
_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")


class ImageCommand(Struct, frozen=True, kw_only=True):
    """The first words of a component's command line, and a sentence about each guess."""

    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def image_command(dockerfile: Dockerfile, stage: Stage, name: str) -> ImageCommand:
    """Return the command of a stage's image; `name` is the component's. Raises InputError if the file names none."""
    entrypoint, command = _nonempty(stage.entrypoint), _nonempty(stage.command)
    first = entrypoint or command
    if first is None:
        raise InputError(
            "the image has neither ENTRYPOINT nor CMD in this file",
            where=Location(path=dockerfile.path, line=stage.line),
            hint='a contract names the command: add one, such as ENTRYPOINT ["python", "/app/main.py"]',
        )
    keyword = "ENTRYPOINT" if entrypoint else "CMD"
    words, notes = _words(first, keyword, name)
    if entrypoint and command and not first.shell:
        more, note = _defaults(words, command, name)
        words, notes = (*words, *more), [*notes, note]
    return ImageCommand(words=words, notes=tuple(notes))


class FoundProgram(Struct, frozen=True, kw_only=True):
    """A Python program of the context that an image runs, and how many words of the command name it."""

    path: Path
    words: int


def program_in(words: Sequence[str], stage: Stage, copies: Sequence[Copy], context: Path) -> FoundProgram | None:
    """Return the Python program that a command runs, if it is a file that the image has from the context."""
    for place, number in _programs(words):
        wanted = posixpath.normpath(posixpath.join(stage.folder, place))
        if (found := source_of(wanted, copies, context)) is not None:
            return FoundProgram(path=found, words=number)
    return None


def source_of(wanted: str, copies: Sequence[Copy], context: Path) -> Path | None:
    """Return the file of the context that becomes the file `wanted` of the image, None if no COPY brings it."""
    for copy in reversed(copies):
        if copy.stage:
            continue
        for source in copy.sources:
            for path in matching(source, context):
                # A name may be too long for any file.
                with suppress(OSError):
                    if (found := _below(path, copy, wanted)) is not None:
                        return found
    return None


def _nonempty(command: Command | None) -> Command | None:
    """Return a command that has words: `ENTRYPOINT []` takes back an earlier one."""
    return command if command and command.words else None


def _words(command: Command, keyword: str, name: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the words of one command, with a note if it had the form of a shell's text."""
    shell = command.shell or _shell_of(command.words)
    if not shell:
        return command.words, []
    text = command.words[-1]
    plain = text.removeprefix("exec ").strip()
    if not _SHELL_ONLY.search(plain):
        try:
            words = tuple(shlex.split(plain))
        except ValueError:
            words = ()
        if words:
            return words, [f"{keyword} (line {command.line}) is a shell's text; the contract runs its words: {plain}"]
    text = text if text.rstrip().endswith('"$@"') else f'{text} "$@"'
    note = (
        f'{keyword} (line {command.line}) is a shell\'s text; the contract adds "$@" to it, so that its last command '
        "gets the arguments"
    )
    # The word after the text is `$0`.
    return (*shell, text, name), [note]


def _shell_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the shell of `["sh", "-c", TEXT]`, which has no place for arguments; empty for other words."""
    # Flags such as -e may stand in one word with -c.
    is_text = len(words) == 3 and words[1].startswith("-") and words[1].endswith("c")  # noqa: PLR2004 (with a text)
    return words[:2] if is_text and PurePosixPath(words[0]).name in _SHELLS else ()


def _defaults(words: tuple[str, ...], command: Command, name: str) -> tuple[tuple[str, ...], str]:
    """Return the words of a CMD beside an ENTRYPOINT that stay, and the reason."""
    more = command.words if not command.shell else _words(command, "CMD", name)[0]
    shown = " ".join(more)
    if _runs_more(words):
        return more, f"CMD (line {command.line}) stays: ENTRYPOINT runs it: {shown}"
    if not more[0].startswith("-") and (_is_program(more[0]) or command.shell):
        return more, f"CMD (line {command.line}) stays: it names a program: {shown}"
    return (), f"CMD (line {command.line}) is left out: the contract's arguments take its place: {shown}"


def _runs_more(words: tuple[str, ...]) -> bool:
    """Return whether a command is an interpreter or a wrapper that still lacks its program."""
    name = PurePosixPath(words[0]).name
    rest = [word for word in words[1:] if not word.startswith("-")]
    return not rest and (name in _WRAPPERS or _INTERPRETERS.fullmatch(name) is not None)


def _is_program(word: str) -> bool:
    return bool(_INTERPRETERS.fullmatch(PurePosixPath(word).name)) or word.startswith("/") or word.endswith(_SCRIPTS)


def _programs(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the places where a Python program may be, relative to the working folder, and the words up to its name."""
    for number, word in enumerate(words, 1):
        if word.endswith(".py") and not word.startswith("-"):
            yield word, number
        if not _PYTHON.fullmatch(PurePosixPath(word).name):
            continue
        rest = iter(enumerate(words[number:], number + 1))
        for after, option in rest:
            if option == "-m":
                at, module = next(rest, (after, ""))
                stem = module.replace(".", "/")
                for place in (f"{stem}.py", f"{stem}/__main__.py", f"src/{stem}.py", f"src/{stem}/__main__.py"):
                    yield place, at
                break
            if option in _WITH_VALUE:
                next(rest, None)
            elif not option.startswith("-"):
                yield option, after
                break


def _below(path: Path, copy: Copy, wanted: str) -> Path | None:
    """Return the file at or below a source whose copy is `wanted`."""
    target = copy.target.rstrip("/") or "/"
    if path.is_dir():
        relative = posixpath.relpath(wanted, target)
        found = path / relative
        return found if not relative.startswith("..") and found.is_file() else None
    # A target without a slash at its end is the file, unless it is a folder of the image.
    targets = {posixpath.join(target, path.name), *([] if copy.target.endswith("/") else [target])}
    return path if wanted in targets and path.is_file() else None
