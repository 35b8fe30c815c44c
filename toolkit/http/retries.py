"""Which answers are worth another try, and how long to wait before it."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# RFC 9110: Request Timeout, Too Many Requests, and the statuses of busy servers. From 520 on, those of Cloudflare.
RETRYABLE = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
ATTEMPTS = 4
_FIRST = 0.3
_LONGEST = 60.0


def delay(attempt: int, retry_after: str | None, now: datetime | None = None) -> float:
    """Return how many seconds to wait after failure number `attempt`.

    The server's wish if it has one, at most a minute; else 0.3, 0.9, 2.7 and so on.
    """
    asked = _asked(retry_after or "", now)
    return min(_FIRST * 3 ** (attempt - 1) if asked is None else asked, _LONGEST)


def _asked(header: str, now: datetime | None) -> float | None:
    """Return the seconds of a `Retry-After` header, which gives them or a date; None if it cannot be read."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", header):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (aware - (now or datetime.now(tz=UTC))).total_seconds())
    except (ValueError, TypeError, LookupError, OverflowError):
        # The reader of dates has many ways to fail.
        return None
