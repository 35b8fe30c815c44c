"""Versions of Debian packages, in the order that dpkg has for them (Debian Policy, section 5.6.12)."""

import re
from functools import lru_cache

_FORM = re.compile(r"(?:[0-9]{1,9}:)?[A-Za-z0-9.+~:-]{1,200}")
_PARTS = re.compile(r"([^0-9]*)([0-9]*)")
# Letters come before all other characters.
_BEHIND_LETTERS = 256

_Part = tuple[tuple[int, ...] | int, ...]


@lru_cache(maxsize=1 << 14)
def sort_key(version: str) -> tuple[int, _Part, _Part]:
    """Return a key that sorts as dpkg does: epoch, upstream version, revision. Raises ValueError for another form."""
    if not is_version(version):
        raise ValueError(f"{version[:80]!r} is not a version of a Debian package")
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return int(epoch), _part(upstream if dash else rest), _part(revision if dash else "")


def is_version(text: str) -> bool:
    """Return whether a text has the form of a version."""
    return _FORM.fullmatch(text) is not None


def satisfies(version: str, operator: str, wanted: str) -> bool:
    """Return whether a version is in a relation to the `wanted` one; any is, without an operator."""
    if not operator:
        return True
    have, want = sort_key(version), sort_key(wanted)
    match operator:
        case "<<":
            return have < want
        # The single signs are old forms, and include the version (deb-control(5)).
        case "<=" | "<":
            return have <= want
        case "=":
            return have == want
        case ">=" | ">":
            return have >= want
        case _:
            return have > want


def _part(text: str) -> _Part:
    """Return the key of one part: texts and numbers in turn."""
    key: list[tuple[int, ...] | int] = []
    # A revision that is missing is that of zero.
    for letters, digits in filter(any, _PARTS.findall(text or "0")):
        # The end of a text sorts before everything but a tilde.
        key += [(*map(_order, letters), 0), int(digits or "0")]
    return *key, (0,)


def _order(character: str) -> int:
    """Return the place of a character: a tilde before the end, letters before all others."""
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + _BEHIND_LETTERS
