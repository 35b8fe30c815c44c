"""The user's choices for a run on a cluster."""

import logging
import time
from collections.abc import Callable

from msgspec import Struct, field

from toolkit.engines.kubernetes import Access

log = logging.getLogger(__name__)


class OnCluster(Struct, frozen=True, kw_only=True):
    """Which cluster, and what becomes of the run's workflow.

    With `keep` it stays when the run has ended, and goes on if comp is interrupted; without it both end together. `say`
    gets a line for each change of its state, `pause` waits for some seconds, and `clock` counts them.
    """

    access: Access = field(default_factory=Access)
    keep: bool = False
    say: Callable[[str], None] = log.info
    pause: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
