"""The CVEs that a Debian package's changelog names between two versions (deb-changelog(5))."""

import re
from collections.abc import Iterable

from toolkit.debian.version import is_version, sort_key

_ENTRY = re.compile(r"(?m)^[a-z0-9][a-z0-9+.-]* \(([^\s()]+)\) ")
_CVE = re.compile(r"\bCVE-(?:19|20)\d\d-\d{4,7}\b")
# A changelog may name an older number anew; nothing lists more for one step.
_MOST = 200


def cves_between(text: str, before: str | None, after: str) -> tuple[str, ...]:
    """Return the CVEs in the entries above the version `before`, up to `after`, in order of their numbers.

    Without `before`, those of the newest entry. A changelog is the newest entry first.
    """
    found: dict[str, None] = {}
    if not all(is_version(version) for version in (before or after, after)):
        return ()
    pieces = _ENTRY.split(text)
    for version, entry in zip(pieces[1::2], pieces[2::2], strict=True):
        if not is_version(version) or sort_key(version) > sort_key(after):
            continue
        if before is not None and sort_key(version) <= sort_key(before):
            break
        found |= dict.fromkeys(_CVE.findall(entry))
        if before is None:
            break
    return in_order(found)[:_MOST]


def in_order(numbers: Iterable[str]) -> tuple[str, ...]:
    """Return CVEs by year and number, each once."""
    return tuple(sorted(set(numbers), key=lambda number: tuple(map(int, number.split("-")[1:]))))
