"""Patterns of paths, matched in one pass over the path, so that no pattern takes long.

The grammar is that of `.dockerignore`: moby's `patternmatcher`, and Go's `path.Match` for classes. A pattern is a row
of states, and the states that a path can be in are the bits of one integer.
"""

from collections.abc import Callable, Iterator

from msgspec import field

from toolkit.selective import Selective

_Takes = Callable[[str], bool]


class Glob(Selective, frozen=True, kw_only=True):
    """A parsed pattern.

    `literal` is the text that every match begins with. After it, each bit of the masks is a state: `skipped` may be
    left without a character, `jumped` over the next one as well; `stays` and `names` stay for any character, `names`
    for all but a slash. `takers` say by state which characters lead to the next one.
    """

    HIDDEN = frozenset({"_steps"})
    IGNORED = frozenset({"_steps"})

    literal: str
    end: int
    skipped: int
    jumped: int
    stays: int
    names: int
    takers: tuple[tuple[int, _Takes], ...]
    _steps: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def parse(cls, pattern: str) -> "Glob":
        """Read a pattern without a leading slash. Raises ValueError saying what is wrong with it."""
        return _Parser(pattern).read()

    def matches(self, path: str, *, whole: bool = False) -> bool:
        """Return whether the pattern matches a path or, unless it has to be the `whole`, a folder above it."""
        if not path.startswith(self.literal):
            return False
        # The first state; the literal has been compared already.
        states = self._closed(1)
        for letter in path[len(self.literal) :]:
            # The pattern matches a folder, and with it everything below.
            if letter == "/" and states & self.end and not whole:
                return True
            # What a character does is worked out once for each pattern: paths have few different characters.
            taken, stay = self._steps.get(letter) or self._step(letter)
            states = self._closed((states & taken) << 1 | states & stay)
            if not states:
                return False
        return bool(states & self.end)

    def _closed(self, states: int) -> int:
        """Add the states that can be reached without a character."""
        while True:
            more = states | (states & self.skipped) << 1 | (states & self.jumped) << 2
            if more == states:
                return states
            states = more

    def _step(self, letter: str) -> tuple[int, int]:
        """Return the states that a character leads on from, and those that it stays in."""
        taken = sum(state for state, takes in self.takers if takes(letter))
        stay = self.stays | (self.names if letter != "/" else 0)
        self._steps[letter] = taken, stay
        return taken, stay


class _Parser:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.position = pattern, 0
        self.state, self.literal = 1, ""
        self.skipped = self.jumped = self.stays = self.names = 0
        self.takers: list[tuple[int, _Takes]] = []

    def read(self) -> Glob:
        """Return the whole pattern. Raises ValueError saying what is wrong with it."""
        while letter := self._next():
            if letter == "*":
                self._stars()
            elif letter == "?":
                self._takes(lambda other: other != "/")
            elif letter == "[":
                self._takes(self._class())
            else:
                self._one(self._quoted() if letter == "\\" else letter)
        return Glob(
            literal=self.literal,
            end=self.state,
            skipped=self.skipped,
            jumped=self.jumped,
            stays=self.stays,
            names=self.names,
            takers=tuple(self.takers),
        )

    def _next(self) -> str:
        """Return the next character, and go past it; empty at the end."""
        letter = self.pattern[self.position : self.position + 1]
        self.position += 1
        return letter

    def _peek(self) -> str:
        """Return the next character without going past it; empty at the end."""
        return self.pattern[self.position : self.position + 1]

    def _one(self, letter: str) -> None:
        """Add a character that stands for itself."""
        # The row of states is still empty, so the character belongs to the literal, which is compared in one step.
        if self.state == 1:
            self.literal += letter
        else:
            self._takes(lambda other: other == letter)

    def _takes(self, takes: _Takes) -> None:
        """Add a state that is left by one character that `takes` accepts."""
        self.takers.append((self.state, takes))
        self.state <<= 1

    def _stars(self) -> None:
        """Add what one or two stars match; the first has been read."""
        if self._peek() != "*":
            self.names |= self.state
            self.skipped |= self.state
            self.state <<= 1
            return
        first = self.position == 1
        self.position += 1
        if self._peek() == "/":
            self.position += 1
        elif first and not set("*?[\\") & set(self.pattern[self.position :]):
            # At the beginning, and before plain text alone, it may end within a name.
            self._anything()
            return
        if self._peek() == "":
            self._anything()
            return
        # Some folders, or none: any characters up to a slash, or nothing.
        self.skipped |= self.state
        self.jumped |= self.state
        self.state <<= 1
        self.stays |= self.state
        self._takes(lambda other: other == "/")

    def _anything(self) -> None:
        """Add a state that any characters stay in."""
        self.stays |= self.state
        self.skipped |= self.state
        self.state <<= 1

    def _quoted(self) -> str:
        """Return the character after a backslash. Raises ValueError at the end of the pattern."""
        letter = self._next()
        if not letter:
            raise ValueError("it ends with a backslash")
        return letter

    def _class(self) -> _Takes:
        """Read `a-z]` or `^a-z]`."""
        # Go's classes are negated by `^` alone; `!` is an ordinary character there.
        negated = self._peek() == "^"
        self.position += negated
        ranges = list(self._ranges())
        return lambda other: any(low <= other <= high for low, high in ranges) != negated

    def _ranges(self) -> Iterator[tuple[str, str]]:
        """Yield the first and the last character of each range up to the closing bracket."""
        if self._peek() in {"]", "-"}:
            raise ValueError("its class is empty or begins with a dash")
        while (letter := self._next()) != "]":
            low = high = self._member(letter)
            if self._peek() == "-":
                self.position += 1
                high = self._member(self._next())
            if low > high:
                raise ValueError(f"{low}-{high} is not a range")
            yield low, high

    def _member(self, letter: str) -> str:
        """Return a character of a class, which may be quoted. Raises ValueError for one that has to be."""
        if not letter:
            raise ValueError("its bracket is not closed")
        if letter in {"]", "-"}:
            raise ValueError("its class has a dash without an end; quote it")
        return self._quoted() if letter == "\\" else letter
