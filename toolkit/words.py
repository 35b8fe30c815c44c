"""Words for people that several parts say alike."""

from collections.abc import Sequence

_NAMED = 3


def some_of(names: Sequence[str]) -> str:
    """Name the first three, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
