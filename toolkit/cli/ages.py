"""How old an image is, in words."""

from datetime import UTC, datetime

from toolkit.words import counted

# A year up to this one is the fixed time of a reproducible image, and not when it was made.
_BEGINNING = 1980


def age(created: str, now: datetime | None = None) -> str:
    """Return the age of a time in days; empty for an invalid time, and for the fixed one of reproducible images."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return ""
    if moment.tzinfo is None or moment.year <= _BEGINNING:
        return ""
    return counted(((now or datetime.now(tz=UTC)) - moment).days, "day")
