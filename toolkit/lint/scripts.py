"""Rules about programs that stand in the command line itself: shell and Python after `-c`.

KFP's own compilers write components so, and authors do by hand. What KFP 1.8 generates has two programs: a shell script
that writes its `$0` into a file, and the Python code that is this `$0`.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from msgspec import Struct

from toolkit.errors import Location
from toolkit.lint.rule import ERROR, Remark, RuleCategory, rule
from toolkit.lint.walk import top_arguments
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder, PortPlaceholder
from toolkit.spec.reader import ComponentDocument

_INTERPRETER = re.compile(
    r"\s*(?:[^\n]*/)?(?:(?P<shell>sh|bash|dash|ash|zsh|ksh)|(?P<python>python(?:3(?:\.\d+)?)?))\s*"
)
_ENDS = ("sh", "python", *(str(digit) for digit in range(10)))
# Shells whose programs bash can parse.
_LIKE_BASH = {"sh", "bash", "dash", "ash"}
# A contract with more of them is not one that anybody wrote.
_MOST_SCRIPTS = 8
# Several flags may stand in one word, `-c` last: `-ec`, `-uc`.
_SCRIPT_FLAG = re.compile(r"-[A-Za-z]*c")
_FLAG = re.compile(r"-[A-Za-z]+|--[a-z-]+|pipefail|errexit|nounset")
_WRITES_ITS_NAME = re.compile(r"""\b(?:printf|echo)\b[^\n]*"\$0"[^\n]*>""")
_RUNS_PYTHON = re.compile(r"python3?\b")
# A folded block (`>`) joins lines, so that its program has others than the file.
_BLOCK = re.compile(r"\|[-+0-9]*\s*(?:#.*)?$")


class Script(Struct, frozen=True, kw_only=True):
    """A program in the command line: the place of its argument, the argument, and the name of its interpreter.

    `position` is that of the argument among all words of the command line.
    """

    place: Place
    argument: Argument
    language: Literal["shell", "python"]
    interpreter: str
    position: int


def scripts(document: ComponentDocument) -> Iterator[Script]:
    """Yield the programs after `-c` of a shell or of Python, and the Python that such a shell script gets as `$0`."""
    words = list(top_arguments(document))
    for index, (_, argument) in enumerate(words):
        # Most words of a command line are no interpreter's, and end otherwise.
        if not isinstance(argument, str) or not argument[-12:].rstrip().endswith(_ENDS):
            continue
        interpreter = _INTERPRETER.fullmatch(argument)
        found = _after_flags(words, index + 1) if interpreter else None
        if interpreter is None or found is None:
            continue
        place, script = words[found]
        shell = interpreter["shell"]
        name = shell or interpreter["python"]
        language: Literal["shell", "python"] = "shell" if shell else "python"
        yield Script(place=place, argument=script, language=language, interpreter=name, position=found)
        text = script if shell and isinstance(script, str) else ""
        if _WRITES_ITS_NAME.search(text) and _RUNS_PYTHON.search(text) and found + 1 < len(words):
            place, code = words[found + 1]
            yield Script(place=place, argument=code, language="python", interpreter="python", position=found + 1)


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
    "C051",
    "shell-syntax-embedded",
    ERROR,
    RuleCategory.SYNTAX,
    "A shell program in the command line cannot be parsed: the step fails when it runs.",
)
def shell_syntax(document: ComponentDocument) -> Iterator[Remark]:
    """Report embedded shell programs that bash cannot parse, at their line of the contract.

    A shell reads its program line by line, so that the step may have done half of its work before it fails. The
    finding is at the line of the contract that cannot be parsed; what is missing at the end, bash misses in the last
    line.

    bash reads the program (`bash -n`) and runs nothing of it. On a machine without bash, or with bash 3, there is no
    finding. Programs of `zsh` and `ksh` are not checked. A program that bash can parse may still be too new for
    another shell: arrays and `<(…)` are unknown to Debian's `sh`.

    Wrong:
        command:
        - sh
        - -c
        - |
          if [ -n "$DEBUG" ]; then
            set -x
          python train.py

    Right:
        command:
        - sh
        - -c
        - |
          if [ -n "$DEBUG" ]; then
            set -x
          fi
          python train.py
    """
    programs = (script for script in scripts(document) if script.interpreter in _LIKE_BASH)
    for script in islice(programs, _MOST_SCRIPTS):
        # Few contracts have such programs, and what judges them takes long to import.
        from toolkit.lint.shell import shell_problem

        problem = shell_problem(script.argument) if isinstance(script.argument, str) else None
        if problem:
            where = inside(document, document.places[script.place], problem.line)
            message = f"the shell program cannot be parsed: {problem.message}, in its line {problem.line}"
            yield Remark(where, message)


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


def inside(document: ComponentDocument, where: Location, line: int) -> Location:
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
