"""Turn the cells of notebooks into Python, line for line: IPython's magics, shell lines and help become calls.

The grammar is that of IPython 9 (`IPython/core/inputtransformer2.py`); a test compares the two. Nothing runs.
"""

import re
from dataclasses import dataclass, field, replace

_CELL_MAGIC = re.compile(r"%%(\w[\w.]*)(?!\w*\?)[ \t]*(.*)")
# Their bodies are the notebook's own Python; those of others are text for another program.
_PYTHON_BODIES = {"time", "timeit", "capture", "prun", "debug", "memit", "mprun", "skip_exception", "snakeviz"}
_ASSIGNED = re.compile(
    r"(?P<left>[^=#!%<>\n]*[^=#!%<>+\-*/@&|^:\s]\s*=)[ \t]*(?P<mark>[!%])(?P<rest>(?!=).*)", re.DOTALL
)
_HELP = re.compile(r"(?:%{0,2}(?!\d)[\w*]+(?:\.\w+|\[\w+\])*)\?\??")
_QUOTES = ('"""', "'''", '"', "'")
_INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Escape:
    """One piece of IPython's own: its line in the cell, `mark` (`%`, `%%`, `!`, `?`, …), and the words after it."""

    line: int
    mark: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Transformed:
    """A cell as Python, of as many lines as it had, and what was not Python in it."""

    python: str
    escapes: tuple[Escape, ...]


def transformed(source: str) -> Transformed:
    """Turn one cell into Python."""
    lines = _dedented(source.split("\n"))
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    magic = _CELL_MAGIC.fullmatch(lines[first]) if lines else None
    if magic is None:
        return _of_lines(lines)
    escape = Escape(line=first + 1, mark="%%", text=f"{magic[1]} {magic[2]}".strip())
    body = lines[first + 1 :]
    if magic[1] in _PYTHON_BODIES:
        inner = _of_lines(["", *body])
        moved = tuple(replace(one, line=one.line + first) for one in inner.escapes)
        return Transformed(python="\n" * first + inner.python, escapes=(escape, *moved))
    call = f"get_ipython().run_cell_magic({magic[1]!r}, {magic[2]!r}, {chr(10).join([*body, ''])!r})"
    return Transformed(python="\n" * first + call + "\n" * len(body), escapes=(escape,))


def _dedented(lines: list[str]) -> list[str]:
    """Take the first line's indentation off all lines, as IPython does with a block that was pasted."""
    first = next((line for line in lines if line.strip()), "")
    indent = _INDENT.match(first)[0]  # type: ignore[index]
    return [line.removeprefix(indent) for line in lines] if indent else lines


@dataclass(slots=True)
class _State:
    """Where a line begins: inside how many brackets, inside which quotes, after a backslash."""

    depth: int = 0
    quote: str = ""
    continued: bool = False
    comment: bool = False

    @property
    def begins(self) -> bool:
        """Tell whether a statement begins here."""
        return not (self.depth or self.quote or self.continued)

    def advance(self, line: str) -> None:
        """Go on to the end of a line of Python."""
        at, self.comment = 0, False
        while at < len(line):
            letter = line[at]
            if self.quote:
                if letter == "\\":
                    at += 1
                elif line.startswith(self.quote, at):
                    at += len(self.quote) - 1
                    self.quote = ""
            elif letter == "#":
                self.comment = True
                break
            elif quote := next((one for one in _QUOTES if line.startswith(one, at)), ""):
                at += len(quote) - 1
                self.quote = quote
            elif letter in "([{":
                self.depth += 1
            elif letter in ")]}":
                self.depth = max(0, self.depth - 1)
            at += 1
        self.continued = line.endswith("\\") and not self.comment
        if len(self.quote) == 1 and not self.continued:
            # A text of one line ends with it; Python will say what is wrong.
            self.quote = ""


@dataclass(slots=True)
class _Lines:
    made: list[str] = field(default_factory=list)
    escapes: list[Escape] = field(default_factory=list)


def _of_lines(lines: list[str]) -> Transformed:
    done, state, at = _Lines(), _State(), 0
    while at < len(lines):
        taken = _escaped(lines, at, done) if state.begins else 0
        if not taken:
            state.advance(lines[at])
            done.made.append(lines[at])
            taken = 1
        at += taken
    return Transformed(python="\n".join(done.made), escapes=tuple(done.escapes))


def _escaped(lines: list[str], at: int, done: _Lines) -> int:
    """Write the call for a line that is IPython's own, and give how many lines it took; 0 for a line of Python."""
    line = lines[at]
    text = line.lstrip(" \t")
    indent = line[: len(line) - len(text)]
    assigned = _ASSIGNED.fullmatch(text)
    if text[:1] in {"%", "!", "?", ",", ";"} or re.match(r"/[A-Za-z_]", text):
        mark = next(one for one in ("!!", "??", "%%", text[0]) if text.startswith(one))
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
    done.escapes.append(Escape(line=at + 1, mark=mark, text=words))
    done.made += [f"{indent}{left}{_call(mark, words, assigned=bool(left))}", *[""] * (taken - 1)]
    return taken


def _is_whole(left: str) -> bool:
    """Tell whether the left side of an assignment is whole: `f(a=%d` is not."""
    return all(left.count(opened) == left.count(closed) for opened, closed in ("()", "[]", "{}"))


def _call(mark: str, words: str, *, assigned: bool) -> str:
    if mark in {"!", "!!"}:
        return f"get_ipython().{'getoutput' if assigned or mark == '!!' else 'system'}({words!r})"
    if mark in {"%", "%%"} and not words.endswith("?"):
        name, _, rest = words.partition(" ")
        return f"get_ipython().run_line_magic({name!r}, {rest.strip()!r})"
    name, _, rest = words.partition(" ")
    if mark in {",", ";", "/"}:
        given = {",": ", ".join(map(repr, rest.split())), ";": repr(rest), "/": ", ".join(rest.split())}
        return f"{name}({given[mark]})"
    return f"get_ipython().run_line_magic({'pinfo2' if mark == '??' else 'pinfo'!r}, {words!r})"
