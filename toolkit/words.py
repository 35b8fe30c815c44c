"""Words for people that several parts say alike."""

from collections.abc import Sequence

_NAMED = 3


def some_of(names: Sequence[str]) -> str:
    """Name the first three, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def is_text(text: str) -> bool:
    """Tell whether a text can be written to a file: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def in_bytes(count: float) -> str:
    """Write a number of bytes with an SI prefix: `45.5 kB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004 (SI prefixes)
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
