"""Rules about programs that stand in the command line itself: shell and Python after `-c`.

KFP's own compilers write components so, and authors do by hand. What KFP 1.8 generates has two programs: a shell script
that writes its `$0` into a file, and the Python code that is this `$0`.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Literal

from msgspec import Struct

from toolkit.errors import Location
from toolkit.lint.rule import ERROR, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import top_arguments
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder, PortPlaceholder
from toolkit.spec.reader import ComponentDocument

_SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh"}
_PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?")
# Several flags may stand in one word, `-c` last: `-ec`, `-uc`.
_SCRIPT_FLAG = re.compile(r"-[A-Za-z]*c")
_FLAG = re.compile(r"-[A-Za-z]+|--[a-z-]+|pipefail|errexit|nounset")
_RUNS_ITS_NAME = re.compile(r"python3?\b[^\n]*")
_INSTALLS = re.compile(
    r"""
    \bpip[23]?\s+install\b | \bconda\s+install\b | \bapt(?:-get)?\s+(?:-\S+\s+)*install\b | \bapk\s+add\b
  | \b(?:yum|dnf)\s+(?:-\S+\s+)*install\b | \bnpm\s+(?:install|ci)\b | \binstall\.packages\s*\(
    """,
    re.VERBOSE,
)
# Programs of more lines are read nevertheless; this bounds the time for a hostile one.
_LONGEST = 1_000_000
_BLOCK = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?$")


class Script(Struct, frozen=True, kw_only=True):
    """A program in the command line: the place of its argument, the argument, and its language."""

    place: Place
    argument: Argument
    language: Literal["shell", "python"]


def scripts(document: ComponentDocument) -> Iterator[Script]:
    """Yield the programs after `-c` of a shell or of Python, and the Python that such a shell script gets as `$0`."""
    words = list(top_arguments(document))
    for index, (_, argument) in enumerate(words):
        language = _interpreter(argument)
        if language is None:
            continue
        found = _after_flags(words, index + 1)
        if found is None:
            continue
        place, script = words[found]
        yield Script(place=place, argument=script, language=language)
        text = script if isinstance(script, str) else ""
        if language == "shell" and '"$0"' in text and _RUNS_ITS_NAME.search(text) and found + 1 < len(words):
            place, code = words[found + 1]
            yield Script(place=place, argument=code, language="python")


@rule(
    "C050",
    "shell-injection",
    ERROR,
    RuleCategory.SECURITY,
    "The value of an input becomes a part of a program's text: a value with a quote or a semicolon runs as code.",
)
def shell_injection(document: ComponentDocument) -> Iterator[Remark]:
    """Report values inside of a program.

    The value is put into the text of a program before a shell or Python reads it. A value with a quote, a semicolon or
    a `$(…)` then runs as code, with the rights of the step: its secrets, its storage. It need not be an attack; a path
    with a space is enough to break the step.

    Pass the value as an argument of its own behind the program. A shell has it in `"$1"`, Python in `sys.argv[1]`.

    Wrong:
        inputs:
        - {name: rate, type: Float}
        command: [sh, -c, {concat: ['train --rate ', {inputValue: rate}]}]
        args: []

    Right:
        inputs:
        - {name: rate, type: Float}
        command: [sh, -c, 'train --rate "$1"', train, {inputValue: rate}]
        args: []

    Also: C047
    """
    for script in scripts(document):
        for place, port in _values(script.place, script.argument):
            taken = "$1 for a shell" if script.language == "shell" else "sys.argv[1] for Python"
            advice = f"pass the value as an argument of its own, behind the program, where it is {taken}"
            message = f"the value of {port.port!r} becomes a part of a {script.language} program"
            yield Remark(document.places[place], message, advice)


@rule(
    "C052",
    "python-syntax-embedded",
    ERROR,
    RuleCategory.SYNTAX,
    "Python code in the command line cannot be parsed: the step fails when it starts.",
)
def python_syntax(document: ComponentDocument) -> Iterator[Remark]:
    """Report embedded Python that this machine's Python cannot parse, at its line of the contract.

    The code after `python -c` is parsed when the step starts, and the step fails there. The finding is at the line of
    the contract that cannot be parsed.

    The Python that `comp` runs in parses the code: syntax that is newer than it is reported too.

    Wrong:
        command:
        - python3
        - -c
        - |
          for name in ("a", "b")
              print(name)

    Right:
        command:
        - python3
        - -c
        - |
          for name in ("a", "b"):
              print(name)
    """
    for script in scripts(document):
        code = script.argument
        if script.language != "python" or not isinstance(code, str) or len(code) > _LONGEST:
            continue
        try:
            with warnings.catch_warnings():
                # An invalid escape sequence is not an error yet.
                warnings.simplefilter("ignore")
                ast.parse(code)
        except SyntaxError as error:
            where = _inside(document, document.places[script.place], error.lineno or 1)
            yield Remark(where, f"the Python code cannot be parsed: {error.msg}, in its line {error.lineno}")
        except (ValueError, RecursionError, MemoryError):
            yield Remark(document.places[script.place], "the Python code cannot be parsed: it is nested too deeply")


@rule(
    "C065",
    "installs-when-it-runs",
    WARNING,
    RuleCategory.IMAGES,
    "The step installs packages each time it runs: it needs a network then, and gets what is new on that day.",
)
def installs_when_it_runs(document: ComponentDocument) -> Iterator[Remark]:
    """Report installations in programs and arguments, one for each argument.

    Each run installs again: it takes longer, needs a network and an index that answers, and gets the versions of that
    day. A step that worked yesterday fails today without any change.

    Put the packages into the image: name them under `dependencies` in `pyproject.toml`, and `comp build` installs them,
    pinned by a lock.

    Wrong:
        command: [sh, -c, pip install pandas && python train.py]

    Right:
        command: [python, train.py]
    """
    for place, argument in top_arguments(document):
        for text in _texts(argument):
            if found := _INSTALLS.search(text[:_LONGEST]):
                message = f"the step runs `{' '.join(found[0].split())}` each time it starts"
                line = text.count("\n", 0, found.start()) + 1
                advice = "put the packages into the image: `comp build` installs what pyproject.toml names"
                yield Remark(_inside(document, document.places[place], line), message, advice)
                break


def _interpreter(argument: Argument) -> Literal["shell", "python"] | None:
    """Return the language that a word of the command line interprets."""
    if not isinstance(argument, str) or "\n" in argument:
        return None
    name = PurePosixPath(argument.strip()).name
    if name in _SHELLS:
        return "shell"
    return "python" if _PYTHON.fullmatch(name) else None


def _after_flags(words: Sequence[tuple[Place, Argument]], start: int) -> int | None:
    """Return the index of the word after the flags that end with `-c`; None without it."""
    for index in range(start, len(words)):
        word = words[index][1]
        if not isinstance(word, str) or not _FLAG.fullmatch(word):
            return None
        if _SCRIPT_FLAG.fullmatch(word):
            return index + 1 if index + 1 < len(words) else None
    return None


def _values(place: Place, argument: Argument) -> Iterator[tuple[Place, PortPlaceholder]]:
    """Yield the values of inputs inside of a program's argument."""
    if isinstance(argument, PortPlaceholder) and argument.kind == "inputValue":
        # A whole program that the caller gives is what the component is for.
        return
    yield from _inner_values(place, argument)


def _inner_values(place: Place, argument: Argument) -> Iterator[tuple[Place, PortPlaceholder]]:
    """Yield the values of inputs in an argument, with their places."""
    if isinstance(argument, PortPlaceholder):
        if argument.kind == "inputValue":
            yield place, argument
    elif isinstance(argument, ConcatPlaceholder):
        for index, item in enumerate(argument.items):
            yield from _inner_values((*place, index), item)
    elif isinstance(argument, IfPlaceholder):
        for branch, items in (("then", argument.then), ("else", argument.otherwise)):
            for index, item in enumerate(items):
                yield from _inner_values((*place, branch, index), item)


def _texts(argument: Argument) -> Iterator[str]:
    """Yield the texts of an argument; those of a concatenation as one."""
    if isinstance(argument, str):
        yield argument
    elif isinstance(argument, ConcatPlaceholder):
        yield "".join(item for item in argument.items if isinstance(item, str))
    elif isinstance(argument, IfPlaceholder):
        for item in (*argument.then, *argument.otherwise):
            yield from _texts(item)


def _inside(document: ComponentDocument, where: Location, line: int) -> Location:
    """Return the place of a line of a program: in a block of YAML its own line, else that of the whole text."""
    first = document.lines[(where.line or 1) - 1][(where.column or 1) - 1 :]
    number = (where.line or 1) + line
    if not _BLOCK.fullmatch(first.rstrip()) or number > len(document.lines):
        return where
    text = document.lines[number - 1]
    column = len(text) - len(text.lstrip()) + 1
    return Location(
        path=where.path, line=number, column=column, end_line=number, end_column=max(len(text.rstrip()), column) + 1
    )
