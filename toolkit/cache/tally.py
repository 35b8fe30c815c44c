"""Hits and misses: what this process looked for in the cache, and how much of it was there."""

import threading
from collections.abc import Mapping
from typing import Literal

TallyKind = Literal["bases", "wheels", "bytecode", "layers"]


class Tally:
    """Counts by kind. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, dict[object, bool]] = {}

    def note(self, kind: TallyKind, key: object, *, hit: bool) -> None:
        """Count a thing. Only the first time counts: later it is here because of this process."""
        with self._lock:
            self._found.setdefault(kind, {}).setdefault(key, hit)

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return `hits` and `misses` of each kind that was looked for."""
        with self._lock:
            return {
                kind: {"hits": sum(found.values()), "misses": len(found) - sum(found.values())}
                for kind, found in sorted(self._found.items())
            }

    def __str__(self) -> str:
        counts = self.counts()
        parts = (f"{kind} {each['hits']} of {sum(each.values())}" for kind, each in counts.items())
        return f"the cache had: {', '.join(parts)}" if counts else "the cache was not asked"
