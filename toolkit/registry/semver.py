"""Versions of Semantic Versioning 2.0.0, and the ranges `1.2.3`, `^1`, `~1.2` and `*`."""

import re
from collections.abc import Container, Iterable

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRERELEASE = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_PRERELEASE}(?:\.{_PRERELEASE})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_PARTIAL = re.compile(rf"({_NUMBER})(?:\.({_NUMBER}))?")
# Characters: a version is a part of a file's name, which Linux limits to 255 bytes.
_LONGEST = 128

Key = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


class Version(Struct, frozen=True, kw_only=True):
    """A version; `prerelease` and `build` are the parts after `-` and `+`, or empty."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    build: str = ""

    def __str__(self) -> str:
        prerelease = f"-{self.prerelease}" if self.prerelease else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{prerelease}{build}"

    @property
    def core(self) -> tuple[int, int, int]:
        """The three numbers."""
        return self.major, self.minor, self.patch

    @property
    def precedence(self) -> Key:
        """The key for sorting (section 11): numbers before words, a prerelease before its release, no build."""
        parts = self.prerelease.split(".") if self.prerelease else []
        keys = tuple((False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts)
        return (*self.core, not self.prerelease, keys)

    def next(self) -> "Version":
        """Return the next version: with the patch, or the last part of the prerelease, counted up."""
        if not self.prerelease:
            return Version(major=self.major, minor=self.minor, patch=self.patch + 1)
        front, dot, last = self.prerelease.rpartition(".")
        counted = f"{front}{dot}{int(last) + 1}" if last.isdecimal() else f"{self.prerelease}.1"
        return replace(self, prerelease=counted, build="")


def parse_version(text: str) -> Version:
    """Parse `MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]`. Raises InputError for anything else."""
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if not match:
        raise InputError(
            f"{text[:_LONGEST]!r} is not a semantic version",
            hint="write MAJOR.MINOR.PATCH, such as 1.0.0; a prerelease is 1.0.0-rc.1",
        )
    major, minor, patch, prerelease, build = match.groups()
    return Version(major=int(major), minor=int(minor), patch=int(patch), prerelease=prerelease or "", build=build or "")


def newest(versions: Iterable[Version]) -> Version | None:
    """Return the highest version, or the highest prerelease if all are prereleases; None if `versions` is empty."""
    return max(versions, key=lambda version: (not version.prerelease, version.precedence), default=None)


def next_free(version: Version, taken: Container[Version]) -> Version:
    """Return the first version after `version` that is not taken."""
    free = version.next()
    while free in taken:
        free = free.next()
    return free


class Range(Struct, frozen=True, kw_only=True):
    """The versions from `lower` on and below the numbers `upper`; with neither, any.

    A prerelease is in a range only if `lower` is a prerelease of the same three numbers, so that users ask for it.
    """

    lower: Version | None = None
    upper: tuple[int, int, int] | None = None
    exact: bool = False

    def __contains__(self, version: Version) -> bool:
        """Return whether the range has a version."""
        if self.lower is None:
            return not version.prerelease
        if self.exact:
            return version == self.lower
        if version.prerelease and not (self.lower.prerelease and version.core == self.lower.core):
            return False
        below = self.upper is None or version.core < self.upper
        return below and version.precedence >= self.lower.precedence


def parse_range(text: str) -> Range:
    """Parse `1.2.3`, `^1`, `^1.2.3`, `~1.2` or `*`. Raises InputError for anything else."""
    if text == "*":
        return Range()
    sign, rest = text[:1], text[1:]
    if sign not in {"^", "~"}:
        if _PARTIAL.fullmatch(text):
            raise _wrong(text, f"^{text} takes the newest of {text}")
        return Range(lower=_bound(text, text), exact=True)
    partial = _PARTIAL.fullmatch(rest) if len(rest) <= _LONGEST else None
    if partial:
        lower = Version(major=int(partial[1]), minor=int(partial[2] or 0), patch=0)
        count = 2 if partial[2] else 1
    else:
        lower, count = _bound(rest, text), 3
    return Range(lower=lower, upper=_upper(lower, sign, count))


def _upper(lower: Version, sign: str, count: int) -> tuple[int, int, int]:
    """Return the numbers below which the versions of `^` or `~` lie, for a version written with `count` numbers."""
    # ^ keeps the leftmost number that is not zero, ~ the minor; of one or two numbers all are kept.
    if count == 1 or (sign == "^" and lower.major):
        return lower.major + 1, 0, 0
    if sign == "^" and count > 2 and not lower.minor:  # noqa: PLR2004 (all three numbers)
        return 0, 0, lower.patch + 1
    return lower.major, lower.minor + 1, 0


def _bound(version: str, text: str) -> Version:
    """Return a version inside of a range. Raises InputError that shows the whole range."""
    try:
        return parse_version(version)
    except InputError:
        raise _wrong(text, "write 1.2.3, ^1, ~1.2 or sha256:…") from None


def _wrong(text: str, hint: str) -> InputError:
    """Return the error for a text that is not a range."""
    return InputError(f"{text[:_LONGEST]!r} is not a version or a range", hint=hint)
