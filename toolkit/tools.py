"""What every step of a job works with: the cache, the environment, who hears of progress, and threads."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from toolkit.cache import Cache
from toolkit.progress import Report, silent

if TYPE_CHECKING:
    from toolkit.remote.client import Remote

_One = TypeVar("_One")
_Made = TypeVar("_Made")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """The tools of one command; `report` hears of progress, from several threads."""

    cache: Cache = field(default_factory=Cache.default)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    report: Report = silent

    def remote(self) -> "Remote":
        """Make a client for distribution servers."""
        from toolkit.remote.client import Remote

        return Remote(environ=self.environ)


def at_once(work: Callable[[_One], _Made], items: Sequence[_One]) -> tuple[_Made, ...]:
    """Do the same for every item, in threads, and return what comes of it in order; the first failure is raised."""
    if len(items) == 1:
        return (work(items[0]),)
    with ThreadPoolExecutor(max(1, len(items))) as pool:
        return tuple(pool.map(work, items))
