"""A shell's patterns in the substitutions of variables, such as `${NAME%.*}`: in linear time, whatever they hold.

As expressions of `re` a few stars would take longer than anyone waits.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from toolkit.errors import InputError

# Characters; each of them is compared with each of a value's.
_LONGEST = 200


class Pattern(Struct, frozen=True, kw_only=True):
    """A pattern, cut at its stars: the parts between them, in which `?` is any character."""

    parts: tuple[tuple[str, ...], ...]

    def prefix(self, text: str, *, longest: bool) -> int | None:
        """Return where the shortest or longest begin of a text that matches ends. None if none matches."""
        found = self.found(text, 0, longest=longest, anchored=True)
        return found[1] if found else None

    def found(self, text: str, start: int, *, longest: bool = True, anchored: bool = False) -> tuple[int, int] | None:
        """Return the place of the first match from `start` on, or of one that begins there. None without a match."""
        first, *others = self.parts
        expression = _expression(first)
        match = expression.match(text, start) if anchored else expression.search(text, start)
        if match is None:
            return None
        end = match.end()
        for number, part in enumerate(others, 1):
            # Only the last star decides where the longest match ends; the others take as little as they can.
            greedy = longest and number == len(others)
            follower = re.compile(f".*{_expression(part).pattern}" if greedy else _expression(part).pattern, re.DOTALL)
            later = follower.match(text, end) if greedy else follower.search(text, end)
            if later is None:
                return None
            end = later.end()
        return match.start(), end

    def backwards(self) -> "Pattern":
        """Return the pattern of the same texts from their end."""
        return Pattern(parts=tuple(part[::-1] for part in self.parts[::-1]))


def read_pattern(text: str) -> Pattern:
    r"""Read a pattern: `*` is any text, `?` any character, `\` takes its meaning from the next one.

    Raises InputError for one that is too long.
    """
    if len(text) > _LONGEST:
        raise InputError(f"a pattern of {len(text):,} characters in a substitution", hint=f"at most {_LONGEST}")
    parts: list[list[str]] = [[]]
    rest = iter(text)
    for char in rest:
        if char == "*":
            parts.append([])
        else:
            parts[-1].append("." if char == "?" else re.escape(next(rest, "") if char == "\\" else char))
    return Pattern(parts=tuple(map(tuple, parts)))


def trimmed(value: str, text: str, modifier: str) -> str:
    """Return a value without the begin (`#`) or end (`%`) that matches, the longest if the modifier is doubled."""
    pattern, longest = read_pattern(text), len(modifier) > 1
    if modifier[0] == "#":
        return value[pattern.prefix(value, longest=longest) or 0 :]
    end = pattern.backwards().prefix(value[::-1], longest=longest) or 0
    return value[: len(value) - end]


def replaced(value: str, text: str, replacement: str, *, every: bool) -> str:
    """Return a value with the first match, or every one, replaced."""
    return "".join(_replaced(value, read_pattern(text), replacement, every=every))


def _replaced(value: str, pattern: Pattern, replacement: str, *, every: bool) -> Iterator[str]:
    """Yield the pieces of the result."""
    at = 0
    while at <= len(value) and (found := pattern.found(value, at)):
        start, end = found
        yield value[at:start]
        yield replacement
        if end == start:
            # An empty match: go on behind the next character.
            yield value[end : end + 1]
            end += 1
        at = end
        if not every:
            break
    yield value[at:]


def _expression(part: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("".join(part), re.DOTALL)
