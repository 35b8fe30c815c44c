"""When to try again, and how long to wait before."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# RFC 9110: Request Timeout, Too Many Requests, and what servers and the proxies before them say when they are busy.
RETRYABLE = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
ATTEMPTS = 4
_FIRST = 0.3
_LONGEST = 60.0


def delay(attempt: int, retry_after: str | None, now: datetime | None = None) -> float:
    """Say how many seconds to wait after failure number `attempt`.

    What the server asks for, at most a minute; else 0.3, 0.9, 2.7 and so on.
    """
    asked = _asked(retry_after or "", now)
    return min(_FIRST * 3 ** (attempt - 1) if asked is None else asked, _LONGEST)


def _asked(header: str, now: datetime | None) -> float | None:
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", header):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (aware - (now or datetime.now(tz=UTC))).total_seconds())
    except (ValueError, TypeError, LookupError, OverflowError):
        # Advice that cannot be read is no advice; the date reader has many ways to fail.
        return None
