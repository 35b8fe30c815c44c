"""Whether a shell program can be parsed: bash reads it without running it (`-n`).

No parser of shell for Python is both complete and kept up; a scanner here accepts the plain programs that most are, so
that bash rarely starts.
"""

import re
import shutil
import subprocess
from functools import lru_cache

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.system import processes

_SECONDS = 5
# bash 3, which macOS has, lacks syntax that the bash of every image knows.
_OLDEST = 4
# Programs of more characters are accepted unread.
_LONGEST = 100_000
# Groups in parentheses are seldom nested.
_DEEPEST = 3
_PROBLEM = re.compile(r"/dev/stdin: line (\d+): (?!warning)(?:syntax error: )?(.+)")
_RESERVED = frozenset(
    (
        *("if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in"),
        *("{", "}", "!", "[[", "]]", "function", "select", "time", "coproc"),
    )
)
_NAME = r"(?: [\w@*\#?-] | \{\w+\} )"
# A substitution of one simple command, whose quotes hold plain text and variables.
_SUBSTITUTION = rf"""
    \$ (?: {_NAME} | \( (?! \s* (?: {"|".join(re.escape(word) for word in sorted(_RESERVED))} ) )
        (?: [^()'"`\\<>\#;&|\n] | " (?: [^"`$\\] | \$ {_NAME} )* " )+ \) )
"""
_TOKEN = re.compile(
    rf"""
    (?P<blank> [ \t]+ | \\\n )
  | (?P<comment> \#[^\n]* )
  | (?P<joins> && | \|\|? )
  | (?P<ends> ; | & (?! > ) )
  | (?P<newline> \n )
  | (?P<opens> \( ) | (?P<closes> \) )
  | (?P<copies> \d* [<>] & \d+ (?= [\s;&|()] | \Z ) )
  | (?P<redirects> \d* (?: >> | [<>] ) [ \t]* (?= [\w./"'$-] ) )
  | (?P<word> (?: [^\s;&|()<>\#'"`$\\{{}}!\[] | \\[^\n] | (?<=[\w/=.:-])\# | '[^']*'
              | {_SUBSTITUTION} | " (?: [^"`$\\] | \\[^\n] | {_SUBSTITUTION} )* "
              )+ )
    """,
    re.VERBOSE,
)
# A program has one letter for each token: the first one of its name above, `k` for a keyword, `g` for a whole group.
_LETTERS = {"blank": "", "comment": "", "opens": "(", "closes": ")"}
_COMMAND = r"(?:g|(?:w|rw|c)(?:w|k|rw|rk|c)*)"
_LIST = rf"n*{_COMMAND}(?:(?:jn*|[en]n*){_COMMAND})*e?n*"
_GROUP = re.compile(rf"\({_LIST}\)")
_PROGRAM = re.compile(rf"n*|{_LIST}")


class ShellProblem(Struct, frozen=True, kw_only=True):
    """Why a shell program cannot be parsed: the line of the program, and bash's own words."""

    line: int
    message: str


# Generated contracts have the same few programs.
@lru_cache(maxsize=1024)
def shell_problem(program: str) -> ShellProblem | None:
    """Return why bash cannot parse a program; None if it can, or if this machine has no bash to ask."""
    if len(program) > _LONGEST or is_plain(program):
        return None
    bash = shutil.which("bash")
    # A program may allow the patterns of `extglob` by a command, which `-n` does not run.
    command = [bash or "", "-O", "extglob", "-n", "/dev/stdin"]
    try:
        checked = _run(command, program) if bash else None
        if bash is None or checked is None or checked.code <= 0 or _major(bash) < _OLDEST:
            # A negative code is a signal: nesting of thousands ends bash itself.
            return None
    except (OSError, InputError, subprocess.TimeoutExpired):
        return None
    found = _PROBLEM.search(checked.error_text)
    # What is missing at the end, bash misses in the line after it.
    return ShellProblem(line=min(int(found[1]), len(program.splitlines())), message=found[2]) if found else None


def is_plain(program: str) -> bool:
    """Return whether a program consists of simple commands, joined and in parentheses, which need no shell to judge."""
    letters: list[str] = []
    position, kind = 0, ""
    while position < len(program):
        token = _TOKEN.match(program, position)
        # Inside of a word `#` begins no comment.
        if token is None or (token.lastgroup, kind) == ("comment", "word"):
            return False
        kind = str(token.lastgroup)
        # Only the first word of a command is a keyword, which `_COMMAND` knows.
        letters.append("k" if token[0] in _RESERVED else _LETTERS.get(kind, kind[0]))
        position = token.end()
    text = "".join(letters)
    for _ in range(_DEEPEST):
        text = _GROUP.sub("g", text)
    return bool(_PROGRAM.fullmatch(text))


def _run(command: list[str], program: str = "") -> processes.Finished:
    """Run bash in an empty environment, where nothing tells it to read a file first."""
    environment = {"LC_ALL": "C"}
    return processes.run(command, seconds=_SECONDS, data=program.encode(errors="replace"), environment=environment)


@lru_cache(maxsize=1)
def _major(bash: str) -> int:
    """Return the major version of bash; 0 if it is unknown."""
    text = _run([bash, "--version"]).text
    found = re.search(r"version (\d+)\.", text)
    return int(found[1]) if found else 0
