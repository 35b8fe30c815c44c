"""Small pieces of messages that many parts write."""

from collections.abc import Iterable, Sequence

_NAMED = 3
# difflib's own default.
_SIMILAR = 0.6
# Characters of a text that others wrote, in a line of ours.
_LINE = 200


def some_of(names: Sequence[str]) -> str:
    """Return the first three names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, name: str) -> str:
    """Return a number with the name of what it counts: `1 file`, `2 files`."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def shortened(text: str, longest: int) -> str:
    """Return a text, cut at the end if it has more than `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def one_line(text: str, longest: int = _LINE) -> str:
    """Return a text that others wrote as a part of a line: without line ends, and cut if it is long."""
    return shortened(" ".join(text.split()), longest)


def closest(name: str, known: Iterable[str], *, similarity: float = _SIMILAR) -> str | None:
    """Return the known name that a misspelt one is most like; None if none is similar. `similarity` is from 0 to 1.

    Takes as long as there are known names.
    """
    # Only an error needs it, and most commands end without one.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, [*known], n=1, cutoff=similarity)), None)


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return a hint for an unknown name: the known name that is most like it, or `otherwise` if none is similar."""
    close = closest(name, known)
    return otherwise if close is None else f"did you mean {close!r}?"


def is_text(text: str) -> bool:
    """Whether a text can be written to a file: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def in_bytes(count: float) -> str:
    """Return a number of bytes with an SI prefix: `45.5 kB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004 (SI prefixes)
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
