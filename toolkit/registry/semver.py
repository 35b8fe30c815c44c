"""Versions as Semantic Versioning 2.0.0 has them, and the ranges `1.2.3`, `^1`, `~1.2` and `*`."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from toolkit.errors import InputError

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRERELEASE = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_PRERELEASE}(?:\.{_PRERELEASE})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_PARTIAL = re.compile(rf"({_NUMBER})(?:\.({_NUMBER}))?")
_LONGEST = 128

Key = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version; `prerelease` and `build` are what follows `-` and `+`, empty when there is none."""

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
        """What orders versions (section 11): numbers below words, a prerelease below its release, build ignored."""
        parts = self.prerelease.split(".") if self.prerelease else []
        keys = tuple((False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts)
        return (*self.core, not self.prerelease, keys)

    def next(self) -> "Version":
        """Give the next version of the same kind: the patch, or the last part of the prerelease, counted up."""
        if not self.prerelease:
            return Version(major=self.major, minor=self.minor, patch=self.patch + 1)
        front, dot, last = self.prerelease.rpartition(".")
        counted = f"{front}{dot}{int(last) + 1}" if last.isdecimal() else f"{self.prerelease}.1"
        return replace(self, prerelease=counted, build="")


def parse_version(text: str) -> Version:
    """Read `MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]`. Raises InputError for anything else."""
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if not found:
        raise InputError(
            f"{text[:_LONGEST]!r} is not a semantic version",
            hint="write MAJOR.MINOR.PATCH, such as 1.0.0; a prerelease is 1.0.0-rc.1",
        )
    major, minor, patch, prerelease, build = found.groups()
    return Version(major=int(major), minor=int(minor), patch=int(patch), prerelease=prerelease or "", build=build or "")


def newest(versions: Iterable[Version]) -> Version | None:
    """Give the highest version; a prerelease only when there is nothing else."""
    return max(versions, key=lambda version: (not version.prerelease, version.precedence), default=None)


def next_free(version: Version, taken: Container[Version]) -> Version:
    """Give the first version after `version` that is not taken."""
    free = version.next()
    while free in taken:
        free = free.next()
    return free


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The versions from `lower` on and below the numbers `upper`; with neither, any.

    A prerelease is in a range only when `lower` is one of the same three numbers: nobody gets one unasked.
    """

    lower: Version | None = None
    upper: tuple[int, int, int] | None = None
    exact: bool = False

    def __contains__(self, version: Version) -> bool:
        if self.lower is None:
            return not version.prerelease
        if self.exact:
            return version == self.lower
        if version.prerelease and not (self.lower.prerelease and version.core == self.lower.core):
            return False
        below = self.upper is None or version.core < self.upper
        return below and version.precedence >= self.lower.precedence


def parse_range(text: str) -> Range:
    """Read `1.2.3`, `^1`, `^1.2.3`, `~1.2` or `*`. Raises InputError for anything else."""
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
        given = 2 if partial[2] else 1
    else:
        lower, given = _bound(rest, text), 3
    return Range(lower=lower, upper=_upper(lower, sign, given))


def _upper(lower: Version, sign: str, given: int) -> tuple[int, int, int]:
    # ^ keeps the leftmost number that is not zero, ~ the minor; where fewer numbers are given, they alone are kept.
    if given == 1 or (sign == "^" and lower.major):
        return lower.major + 1, 0, 0
    if sign == "^" and given > 2 and not lower.minor:  # noqa: PLR2004 (all three numbers)
        return 0, 0, lower.patch + 1
    return lower.major, lower.minor + 1, 0


def _bound(version: str, text: str) -> Version:
    try:
        return parse_version(version)
    except InputError:
        raise _wrong(text, "write 1.2.3, ^1, ~1.2 or sha256:…") from None


def _wrong(text: str, hint: str) -> InputError:
    return InputError(f"{text[:_LONGEST]!r} is not a version or a range", hint=hint)
