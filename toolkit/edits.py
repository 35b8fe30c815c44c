"""Edits of a contract as data: what a fix or a migration changes, without how the file is laid out.

`toolkit.spec.rewriting` turns them into replacements of text that keep every other byte.
"""

from enum import StrEnum
from typing import Any, Final

from msgspec import Struct


class Spot(Struct, frozen=True):
    """The begin of a single text or key; line and column count from 1."""

    line: int
    column: int


# A way from the root, as the reader of contracts names places: ("inputs", 0, "default"), ("args", 2, "then", 0). Or
# with every key: ("implementation", "container", "image").
Target = tuple[str | int, ...] | Spot

# Stands in the template of `Wrap` for the list of the wrapped items.
HOLE: Final = "\0items\0"


class Quote(Struct, frozen=True):
    """Put a text that is written without quotes into quotes."""

    at: Target


class Replace(Struct, frozen=True):
    """Write a value, which may be any JSON value, in the place of another one."""

    at: Target
    value: Any

    def __hash__(self) -> int:
        """Return the hash of the target: a value may be a list or a mapping, which has none."""
        return hash(self.at)


class Rename(Struct, frozen=True):
    """Give the key of the value at `at`, or the key that begins at a Spot, another name."""

    at: Target
    name: str


class Remove(Struct, frozen=True):
    """Remove a key with its value, or an item of a list."""

    at: Target


class Add(Struct, frozen=True):
    """Add a key with a value to a mapping, behind the key `after` or at the end."""

    at: Target
    key: str
    value: Any
    after: str = ""

    def __hash__(self) -> int:
        """Return the hash of the target: a value may be a list or a mapping, which has none."""
        return hash(self.at)


class Wrap(Struct, frozen=True):
    """Make one item of `count` items of a list, the first at `at`; inside of it their list stands at HOLE.

    `template` is the new item, a mapping such as `{"if": {"cond": {"isPresent": "a"}, "then": HOLE}}`.
    """

    at: Target
    template: Any
    count: int = 1

    def __hash__(self) -> int:
        """Return the hash of the target: a value may be a list or a mapping, which has none."""
        return hash(self.at)


class Unwrap(Struct, frozen=True):
    """Put the only item of a list in the list's place."""

    at: Target


class Splice(Struct, frozen=True):
    """Write several values in the place of one item of a list."""

    at: Target
    values: tuple[Any, ...]

    def __hash__(self) -> int:
        """Return the hash of the target: a value may be a list or a mapping, which has none."""
        return hash(self.at)


class Cut(Struct, frozen=True):
    """Remove the characters between two places of a comment; a line that becomes empty goes too."""

    start: Spot
    end: Spot


Edit = Quote | Replace | Rename | Remove | Add | Wrap | Unwrap | Splice | Cut


class Applicability(StrEnum):
    """When `comp lint --fix` makes a fix: a safe one always, an unsafe one with `--unsafe-fixes`.

    After a safe one, both lines of KFP load the same component, or one that they refused before.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"


class Change(Struct, frozen=True, kw_only=True):
    """The text that an edit puts in the place of the characters between two spots."""

    start: Spot
    end: Spot
    text: str


class Fix(Struct, frozen=True, kw_only=True):
    """What would remove a finding: all of the edits together. `title` says it in the imperative.

    `changes` are what the edits do to the file; empty until a report asks for them.
    """

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability = Applicability.SAFE
    changes: tuple[Change, ...] = ()
