"""What every step of a job works with: the cache, the environment, what may run here, and who hears of progress."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from toolkit.cache import Cache
from toolkit.jail.consent import Consent
from toolkit.progress import Report, silent

if TYPE_CHECKING:
    from toolkit.remote.client import Remote


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """The tools of one command; `report` hears of progress, from several threads."""

    cache: Cache = field(default_factory=Cache.default)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    report: Report = silent
    consent: Consent = field(default_factory=lambda: Consent.given(os.environ))

    def remote(self) -> "Remote":
        """Make a client for distribution servers."""
        from toolkit.remote.client import Remote

        return Remote(environ=self.environ)
