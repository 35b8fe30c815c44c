"""Compare what a command printed with the lines of a page."""

import re
from collections.abc import Mapping, Sequence

# What differs from run to run: digests, commits, times, and the names of runs.
_VARYING = (
    (re.compile(r"\bsha256:[0-9a-f]{64}"), "sha256:…"),
    (re.compile(r"\bsha256:[0-9a-f]{12}\b"), "sha256:…"),
    (re.compile(r"\bsha-[0-9a-f]{12}\b"), "sha-…"),
    (re.compile(r"\([0-9a-f]{9}\)"), "(…)"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms)\b"), "… s"),
    (re.compile(r"\b\d{8}-\d{6}\b|\b\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?\b"), "…"),
    (re.compile(r"\s+$"), ""),
)
# Lines that are missing if the cache has what they are about.
_OF_A_COLD_CACHE = re.compile(r"making an environment for \d+ packages?")


def as_on_page(text: str, replaced: Mapping[str, str]) -> str:
    """Return a text with the names of this machine's servers and folders as the page has them."""
    for here, there in replaced.items():
        text = text.replace(here, there)
    return text


def as_here(text: str, replaced: Mapping[str, str]) -> str:
    """Return a text of a page with the names of this machine's servers and folders."""
    for here, there in replaced.items():
        text = text.replace(there, here)
    return text


def is_printed(lines: Sequence[str], printed: str) -> bool:
    """Return whether a command printed these lines of a page, but for what varies.

    Lines may come in another order: components that are built at the same time have none, and two streams neither.
    """
    kept = [_plain(line) for line in printed.splitlines() if not _OF_A_COLD_CACHE.match(line)]
    shown = [line for line in lines if not _OF_A_COLD_CACHE.match(line)]
    if sorted(map(_plain, shown)) == sorted(kept):
        return True
    pattern = "".join(map(_line, shown))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in kept)) is not None


def _line(line: str) -> str:
    """Return the pattern of a page's line."""
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    return ".*".join(re.escape(part) for part in _plain(line).split("…")) + r"\n"


def _plain(line: str) -> str:
    """Return a line without what varies."""
    for pattern, text in _VARYING:
        line = pattern.sub(text, line)
    return line
