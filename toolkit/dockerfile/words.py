"""The words of an instruction: quotes, JSON, pairs of name and value, variables; as BuildKit's `shell` package does."""

import json
import re
from collections.abc import Mapping, Sequence

from toolkit.dockerfile.patterns import replaced, trimmed
from toolkit.errors import InputError
from toolkit.limits import DOCKERFILE_VALUE
from toolkit.words import one_line

_VARIABLE = re.compile(r"[^\W\d]\w*|\d+|[@*#?$!-]")
# Substitutions in substitutions; each takes a few frames of Python's stack.
_DEPTH = 50
_MODIFIERS = ("-", "+", "?", "##", "#", "%%", "%", "//", "/")


def split_words(text: str, escape: str) -> list[str]:
    """Return the words of a text; quotes keep spaces together, and stay in the words, as escapes do."""
    words: list[str] = []
    word: list[str] = []
    quote, begun = "", False
    characters = iter(text)
    for char in characters:
        if not quote and char.isspace():
            words += ["".join(word)] if begun else []
            word, begun = [], False
            continue
        begun = True
        if char == escape and quote != "'":
            # An escape at the end of the text stands for nothing.
            following = next(characters, "")
            word += [char, following] if following else []
            continue
        word.append(char)
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
    return [*words, "".join(word)] if begun else words


def exec_form(text: str) -> tuple[str, ...] | None:
    """Return the words of a JSON array, None for another text. Raises InputError for an array of other values."""
    if not text.lstrip().startswith("["):
        return None
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        # What is not JSON is a shell's text: `[ -f x ] && …`.
        return None
    if not all(isinstance(word, str) for word in words):
        raise InputError(f"not only texts in {one_line(text)}", hint='write ["program", "argument"]')
    return tuple(words)


def pairs_of(text: str, escape: str) -> list[tuple[str, str]]:
    """Return the pairs of an ENV or LABEL: `NAME=VALUE …`, or the old form `NAME VALUE`. Raises InputError."""
    words = split_words(text, escape)
    if words and "=" not in words[0]:
        name, *rest = text.split(maxsplit=1)
        if not rest:
            raise InputError(f"{one_line(name)} has no value", hint="write NAME=VALUE")
        return [(name, rest[0])]
    pairs: list[tuple[str, str]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InputError(f"{one_line(word)} is not NAME=VALUE", hint="put a value with spaces in quotes")
        pairs.append((name, value))
    return pairs


def expanded(text: str, values: Mapping[str, str], escape: str = "\\") -> str:
    """Return a text without its quotes and escapes, with its variables replaced; a variable without value is empty.

    Raises InputError for a substitution that BuildKit refuses, such as `${NAME:?message}` without a value, and for a
    value that is too long for any program.
    """
    result = _Expansion(text, values, escape).until("")
    # A few lines of `A=$A$A` would fill the memory.
    DOCKERFILE_VALUE.check(len(result), "a value in the Dockerfile")
    return result


class _Expansion:
    """One pass over a text; `_at` is the place of the next character."""

    def __init__(self, text: str, values: Mapping[str, str], escape: str) -> None:
        self._text = text
        self._values = values
        self._escape = escape
        self._at = 0
        self._depth = 0

    def until(self, stop: str, *, raw: bool = False) -> str:
        """Return the text up to a character outside of quotes, which is taken; `raw` keeps escapes, for patterns."""
        result: list[str] = []
        while char := self._take():
            if char == stop:
                return "".join(result)
            if char == "'":
                result.append(self._quoted())
            elif char == '"':
                result.append(self._double_quoted())
            elif char == "$":
                result.append(self._variable())
            elif char == self._escape:
                result.append((char if raw else "") + self._take())
            else:
                result.append(char)
        if stop:
            raise self._wrong(f"{stop} is missing")
        return "".join(result)

    def _take(self) -> str:
        """Return the next character, empty at the end."""
        char = self._text[self._at : self._at + 1]
        self._at += 1
        return char

    def _quoted(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise self._wrong("a quote ' is not closed")
        inner, self._at = self._text[self._at : end], end + 1
        return inner

    def _double_quoted(self) -> str:
        result: list[str] = []
        while char := self._take():
            if char == '"':
                return "".join(result)
            if char == "$":
                result.append(self._variable())
            elif char == self._escape and self._text[self._at : self._at + 1] in ('"', "$", self._escape):
                result.append(self._take())
            else:
                result.append(char)
        raise self._wrong('a quote " is not closed')

    def _variable(self) -> str:
        """Return the value of the variable after a `$`; a `$` without a name stands for itself."""
        braces = self._text[self._at : self._at + 1] == "{"
        match = _VARIABLE.match(self._text, self._at + braces)
        if not match:
            if braces:
                raise self._wrong("a substitution ${…} without a name")
            return "$"
        self._at = match.end()
        value = self._values.get(match[0])
        return self._modified(match[0], value) if braces else value or ""

    def _modified(self, name: str, value: str | None) -> str:
        """Return the value after the modifier of `${NAME…}`."""
        if self._text.startswith("}", self._at):
            self._at += 1
            return value or ""
        if self._text.startswith(":", self._at):
            self._at += 1
            value = value or None
            modifier = self._modifier(_MODIFIERS[:3])
        else:
            modifier = self._modifier(_MODIFIERS)
        self._depth += 1
        if self._depth > _DEPTH:
            raise InputError(f"more than {_DEPTH} substitutions in each other", hint="write it with fewer of them")
        result = self._substituted(name, value, modifier)
        self._depth -= 1
        return result

    def _substituted(self, name: str, value: str | None, modifier: str) -> str:
        """Return the value after a modifier, whose words come next."""
        if modifier[0] == "/":
            pattern = self.until("/", raw=True)
            return replaced(value or "", pattern, self.until("}"), every=modifier == "//")
        word = self.until("}", raw=modifier[0] in "#%")
        if modifier == "?" and value is None:
            raise InputError(f"{name}: {word or 'has no value'}", hint=f"give the ARG {name} a value")
        if modifier == "+":
            return "" if value is None else word
        if modifier[0] in "#%":
            return trimmed(value or "", word, modifier)
        return word if value is None else value

    def _modifier(self, known: Sequence[str]) -> str:
        """Take one of the modifiers in `known`."""
        for modifier in known:
            if self._text.startswith(modifier, self._at):
                self._at += len(modifier)
                return modifier
        raise self._wrong("a substitution that is not known")

    def _wrong(self, problem: str) -> InputError:
        return InputError(
            f"{problem} in {one_line(self._text)}", hint="see Docker's reference: environment replacement"
        )
