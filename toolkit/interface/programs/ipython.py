"""Translate the cells of notebooks to Python, line for line: magics, shell lines and help become calls.

The grammar is that of IPython 9 (`IPython/core/inputtransformer2.py`); a test compares the two. Nothing runs.
"""

import re

from msgspec import Struct, field
from msgspec.structs import replace

_CELL_MAGIC = re.compile(r"%%(\w[\w.]*)(?!\w*\?)[ \t]*(.*)")
# The bodies of these are Python of the notebook; the bodies of other cell magics are for another program.
_PYTHON_BODIES = {"time", "timeit", "capture", "prun", "debug", "memit", "mprun", "skip_exception", "snakeviz"}
# `files = !ls`, but not `x %= 2` or `a != !b`: no operator may end the left side.
_ASSIGNED = re.compile(
    r"(?P<left>[^=#!%<>\n]*[^=#!%<>+\-*/@&|^:\s]\s*=)[ \t]*(?P<mark>[!%])(?P<rest>(?!=).*)", re.DOTALL
)
# `frame.head?`, `%timeit??`, `*name*?`.
_HELP = re.compile(r"(?:%{0,2}(?!\d)[\w*]+(?:\.\w+|\[\w+\])*)\?\??")
_QUOTES = ('"""', "'''", '"', "'")
_INDENT = re.compile(r"[ \t]*")


class Escape(Struct, frozen=True, kw_only=True):
    """One use of IPython's syntax: its line in the cell, its `mark` (`%`, `%%`, `!`, `?`, …), and the words after."""

    line: int
    mark: str
    text: str


class Transformed(Struct, frozen=True, kw_only=True):
    """A cell as Python, with as many lines as before, and the uses of IPython's syntax in it."""

    python: str
    escapes: tuple[Escape, ...]


def transformed(source: str) -> Transformed:
    """Return one cell as Python."""
    lines = _dedented(source.split("\n"))
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    magic = _CELL_MAGIC.fullmatch(lines[first]) if lines else None
    if magic is None:
        return _of_lines(lines)
    escape = Escape(line=first + 1, mark="%%", text=f"{magic[1]} {magic[2]}".strip())
    body = lines[first + 1 :]
    if magic[1] in _PYTHON_BODIES:
        inner = _of_lines(["", *body])
        moved = tuple(replace(each, line=each.line + first) for each in inner.escapes)
        return Transformed(python="\n" * first + inner.python, escapes=(escape, *moved))
    call = f"get_ipython().run_cell_magic({magic[1]!r}, {magic[2]!r}, {chr(10).join([*body, ''])!r})"
    return Transformed(python="\n" * first + call + "\n" * len(body), escapes=(escape,))


def _dedented(lines: list[str]) -> list[str]:
    """Remove the first line's indentation from all lines, as IPython does with a pasted block."""
    first = next((line for line in lines if line.strip()), "")
    indent = _INDENT.match(first)[0]  # type: ignore[index]
    return [line.removeprefix(indent) for line in lines] if indent else lines


class _State(Struct):
    """Where in Python's syntax a line begins: inside `depth` brackets, inside quotes, after a backslash.

    Only a line that begins a statement can be IPython's: `%` also divides, and `!` may stand in a text.
    """

    depth: int = 0
    quote: str = ""
    continued: bool = False
    comment: bool = False

    @property
    def begins(self) -> bool:
        """Whether a statement begins here."""
        return not (self.depth or self.quote or self.continued)

    def advance(self, line: str) -> None:
        """Move to the end of a line of Python."""
        at, self.comment = 0, False
        while at < len(line):
            letter = line[at]
            if self.quote:
                # A backslash hides the next character, a quote too.
                if letter == "\\":
                    at += 1
                elif line.startswith(self.quote, at):
                    at += len(self.quote) - 1
                    self.quote = ""
            elif letter == "#":
                self.comment = True
                break
            elif quote := next((mark for mark in _QUOTES if line.startswith(mark, at)), ""):
                at += len(quote) - 1
                self.quote = quote
            elif letter in "([{":
                self.depth += 1
            elif letter in ")]}":
                self.depth = max(0, self.depth - 1)
            at += 1
        self.continued = line.endswith("\\") and not self.comment
        if len(self.quote) == 1 and not self.continued:
            # An unterminated string ends with its line here; Python reports it later.
            self.quote = ""


class _Output(Struct):
    """The lines translated so far."""

    python: list[str] = field(default_factory=list)
    escapes: list[Escape] = field(default_factory=list)


def _of_lines(lines: list[str]) -> Transformed:
    """Translate a cell, or the body of a cell magic, line by line."""
    output, state, at = _Output(), _State(), 0
    while at < len(lines):
        taken = _escaped(lines, at, output) if state.begins else 0
        if not taken:
            state.advance(lines[at])
            output.python.append(lines[at])
            taken = 1
        at += taken
    return Transformed(python="\n".join(output.python), escapes=tuple(output.escapes))


def _escaped(lines: list[str], at: int, output: _Output) -> int:
    """Write the call for a line in IPython's syntax and return how many lines it took; 0 for a line of Python."""
    line = lines[at]
    text = line.lstrip(" \t")
    indent = line[: len(line) - len(text)]
    assigned = _ASSIGNED.fullmatch(text)
    # No statement of Python begins with one of these signs, nor with a slash.
    if text[:1] in {"%", "!", "?", ",", ";"} or re.match(r"/[A-Za-z_]", text):
        mark = next(sign for sign in ("!!", "??", "%%", text[0]) if text.startswith(sign))
        left = ""
    elif assigned and _is_whole(assigned["left"]):
        mark, left = assigned["mark"], assigned["left"] + " "
        text = assigned["mark"] + assigned["rest"]
    elif _HELP.fullmatch(text):
        mark, left = "??" if text.endswith("??") else "?", ""
        text = mark + text.rstrip("?")
    else:
        return 0
    taken, words = 1, text.removeprefix(mark)
    while words.endswith("\\") and at + taken < len(lines):
        words = f"{words[:-1]} {lines[at + taken]}"
        taken += 1
    words = words.strip()
    output.escapes.append(Escape(line=at + 1, mark=mark, text=words))
    # Empty lines in the place of continued ones keep the line numbers of findings right.
    output.python += [f"{indent}{left}{_call(mark, words, assigned=bool(left))}", *[""] * (taken - 1)]
    return taken


def _is_whole(left: str) -> bool:
    """Return whether the left side of an assignment is complete, unlike `f(a` of `f(a=%d)`."""
    return all(left.count(opened) == left.count(closed) for opened, closed in ("()", "[]", "{}"))


def _call(mark: str, words: str, *, assigned: bool) -> str:
    """Return the call that IPython makes of an escape; the output of a shell line is captured if it is `assigned`."""
    if mark in {"!", "!!"}:
        return f"get_ipython().{'getoutput' if assigned or mark == '!!' else 'system'}({words!r})"
    if mark in {"%", "%%"} and not words.endswith("?"):
        name, _, rest = words.partition(" ")
        return f"get_ipython().run_line_magic({name!r}, {rest.strip()!r})"
    name, _, rest = words.partition(" ")
    if mark in {",", ";", "/"}:
        # IPython's automatic calls: `,f a b` quotes each word, `;f a b` all of them as one, `/f a b` none.
        arguments = {",": ", ".join(map(repr, rest.split())), ";": repr(rest), "/": ", ".join(rest.split())}
        return f"{name}({arguments[mark]})"
    return f"get_ipython().run_line_magic({'pinfo2' if mark == '??' else 'pinfo'!r}, {words!r})"
